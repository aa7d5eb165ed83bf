import type { DrainGuest, DrainPhase, EventType, Guest, Host, Phase, VerdictKind } from "@godwit/contract";
import type { IconName } from "./parts/icon.tsx";

type Tone = "plain" | "calm" | "good" | "warn" | "bad";

/** Every state has a word, an icon and a tone, so that none is told by its colour alone. */
export interface Word {
  word: string;
  icon: IconName;
  tone: Tone;
}

export const phases: Record<Phase, Word> = {
  queued: { word: "Queued", icon: "wait", tone: "plain" },
  preflight: { word: "Preflight", icon: "wait", tone: "plain" },
  precopy: { word: "Precopy", icon: "move", tone: "calm" },
  switchover: { word: "Switchover", icon: "swap", tone: "calm" },
  unknown: { word: "Unknown", icon: "ask", tone: "warn" },
  completed: { word: "Completed", icon: "check", tone: "good" },
  aborted: { word: "Aborted", icon: "stop", tone: "warn" },
  failed: { word: "Failed", icon: "cross", tone: "bad" },
  lost: { word: "Lost", icon: "cross", tone: "bad" },
};

export const verdicts: Record<VerdictKind, Word> = {
  converging: { word: "Converging", icon: "converge", tone: "calm" },
  ready: { word: "Ready", icon: "check", tone: "good" },
  needsMore: { word: "Needs more", icon: "alert", tone: "warn" },
  hopeless: { word: "Hopeless", icon: "cross", tone: "bad" },
  degraded: { word: "Degraded", icon: "alert", tone: "warn" },
  unknown: { word: "Unknown", icon: "ask", tone: "plain" },
};

export const hostStates: Record<Host["state"], Word> = {
  connected: { word: "Connected", icon: "check", tone: "good" },
  disconnected: { word: "Disconnected", icon: "cross", tone: "bad" },
  fenced: { word: "Fenced", icon: "stop", tone: "bad" },
};

/** Whether something may go to it: that somebody has set it apart is told before that it is connected. */
export function wordOfHost({ state, cordoned, paused }: Pick<Host, "state" | "cordoned" | "paused">): Word {
  if (state !== "connected") return hostStates[state];
  if (paused !== undefined) return { word: "Paused", icon: "wait", tone: "warn" };
  return cordoned === undefined ? hostStates.connected : { word: "Cordoned", icon: "stop", tone: "warn" };
}

export const guestStates: Record<Guest["state"] | "moving", Word> = {
  running: { word: "Running", icon: "dot", tone: "good" },
  stopped: { word: "Stopped", icon: "stop", tone: "warn" },
  unknown: { word: "Unknown", icon: "ask", tone: "warn" },
  lost: { word: "Lost", icon: "cross", tone: "bad" },
  saved: { word: "Saved", icon: "check", tone: "plain" },
  moving: { word: "Moving", icon: "move", tone: "calm" },
};

export const drainPhases: Record<DrainPhase, Word> = {
  draining: { word: "Draining", icon: "move", tone: "calm" },
  paused: { word: "Paused", icon: "wait", tone: "warn" },
  blocked: { word: "Blocked", icon: "alert", tone: "bad" },
  aborting: { word: "Aborting", icon: "stop", tone: "warn" },
  returning: { word: "Bringing back", icon: "swap", tone: "calm" },
  completed: { word: "Completed", icon: "check", tone: "good" },
  aborted: { word: "Aborted", icon: "stop", tone: "warn" },
  failed: { word: "Failed", icon: "cross", tone: "bad" },
  returned: { word: "Brought back", icon: "check", tone: "good" },
};

export const drainGuestStates: Record<DrainGuest["state"], Word> = {
  queued: { word: "Queued", icon: "wait", tone: "plain" },
  moving: { word: "Moving", icon: "move", tone: "calm" },
  moved: { word: "Moved", icon: "check", tone: "good" },
  blocked: { word: "Blocked", icon: "alert", tone: "bad" },
  skipped: { word: "Left out", icon: "stop", tone: "plain" },
};

/** What is told of a migration, in the decision log. */
export const happenings: Partial<Record<EventType, Word>> = {
  "migration.created": { word: "Asked for", icon: "dot", tone: "plain" },
  "migration.phase": { word: "Phase", icon: "move", tone: "calm" },
  "migration.verdict": { word: "Verdict", icon: "converge", tone: "plain" },
  "migration.decision": { word: "Decision", icon: "swap", tone: "calm" },
  "migration.share": { word: "Share", icon: "move", tone: "plain" },
  "migration.changed": { word: "Changed", icon: "alert", tone: "warn" },
  "migration.message-refused": { word: "Refused", icon: "stop", tone: "warn" },
};
