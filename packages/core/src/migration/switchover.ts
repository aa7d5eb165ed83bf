import { msText, reason } from "../reason.ts";
import { costOf, withTimings } from "./course.ts";
import { isSourceOwn, whoBroke } from "./broken.ts";
import { completed, endedWith } from "./ended.ts";
import { regrantBeyond } from "../handover/journal.ts";
import {
  acceptOlderCopy,
  comeBack,
  fencedDuring,
  isFenced,
  regrantReleased,
  runOrLose,
  spent,
  takeBackOrWait,
  withReturn,
} from "./fenced.ts";
import type { MigrationEvent, Notice, Step } from "./events.ts";
import { askAgainMs, freezeLimitMs, outstanding } from "./outstanding.ts";
import type { Ending, Migration, Role, Switchover } from "./state.ts";

/**
 * M8 to M11: from `freeze` on silence is never failure. The orchestrator asks, and asks again; only the source's refusal or the
 * destination's running ends it. The rules are those of the handover (H1 to H10).
 */
export function stepSwitchover(before: Switchover, event: MigrationEvent, now: number): Step<Migration> {
  if ("epoch" in event && !concerns(before, event)) return unchanged(before);
  const state = heard(before, event, now);
  if (isUnheard(state, event)) return unchanged(state);
  switch (event.type) {
    case "released":
      return release(state, event, now);
    case "running":
      return complete(state, event, now);
    case "refused":
      return kept(state, event, now);
    case "revoked":
      return onRevoked(state, event, now);
    case "reclaimed":
      return takenBack(state, event, now);
    case "broken":
      return isSourceOwn(event) ? unchanged(state) : onBroken(state, event, now);
    case "declined":
      return onBroken(state, event, now);
    case "cancel":
      return state.stage === "freezing" ? refuse(state, cancelled(state), now) : unchanged(state);
    case "spent":
      return spent(state, event, now);
    case "empty":
      return state.stage === "regranting" ? runOrLose(state, false, now) : unchanged(state);
    case "olderCopyAccepted":
      return acceptOlderCopy(state, event.by, now);
    case "fenced":
      return fencedDuring(state, event, now);
    case "connected":
      return comeBack(state, event.role, now) ?? reconnected(withReturn(state, event.role), event, now);
    case "tick":
      return onTick(state, now);
    default:
      return unchanged(state);
  }
}

/** The last thing heard from either side is older than this: the API then calls the phase `unknown`. */
export const unknownAfterMs = 10_000;

export function isUnknown(state: Switchover, now: number): boolean {
  if (state.stage === "undecided") return true;
  // The last copy is tried over and over: that something is heard of it does not mean that it runs.
  if (state.stage === "regranting") return now - state.since >= unknownAfterMs;
  const lastHeard = Math.max(state.since, state.heard.source?.at ?? 0, state.heard.destination?.at ?? 0);
  return now - lastHeard >= unknownAfterMs;
}

/**
 * H9: a message of another epoch is of another handover. A reclaim is for the epoch after the one handed over, a regrant for the one
 * after that.
 */
function concerns(state: Switchover, event: MigrationEvent & { epoch: number }): boolean {
  const next = state.facts.epoch + 1;
  const regranted = next + regrantBeyond;
  switch (event.type) {
    case "reclaimed":
      return event.epoch === next + 1;
    case "spent":
      return event.epoch === next || event.epoch === next + 1;
    case "empty":
      return event.epoch === regranted;
    case "running":
      return event.epoch === next || event.epoch === regranted;
    default:
      return event.epoch === next;
  }
}

/** H8: of what a fenced host still says only that counts by which it gives the guest away, or that it is back. */
function isUnheard(state: Switchover, event: MigrationEvent): boolean {
  const speaker = speakerOf(event);
  if (speaker === undefined || !isFenced(state, speaker)) return false;
  return event.type !== "released" && event.type !== "revoked" && event.type !== "connected";
}

function release(before: Switchover, event: MigrationEvent & { type: "released" }, now: number): Step<Migration> {
  const { stage } = before;
  const isKnown = stage === "granting" || stage === "reclaiming" || stage === "regranting" || before.reclaimed === true;
  if (isKnown || (stage === "undecided" && isFenced(before, "destination"))) return unchanged(before);
  const course = withTimings(before.course, event.devices);
  const state: Switchover = { ...before, course, released: costOf(event) };
  if (isFenced(state, "source")) return regrantReleased(state, now);
  const sentence = `${state.facts.source.name} has released the guest.`;
  if (isFenced(state, "destination")) return takeBackOrWait(state, sentence, now);
  // The grant is under way from the source itself: the orchestrator carries it only when nothing is heard of it.
  const next: Switchover = { ...state, stage: "granting", since: now, askedAt: now };
  return { state: next, effects: [], notices: [decision(state, sentence)] };
}

/**
 * H1: a source that has released never refuses that epoch. A refused one is used up: the source owns the guest at it, and the next
 * migration hands over a higher one.
 */
function kept(state: Switchover, event: MigrationEvent & { type: "refused" }, now: number): Step<Migration> {
  if (state.stage !== "freezing" && state.stage !== "refusing") return unchanged(state);
  const owner = { role: "source", epoch: event.epoch } as const;
  return endedWith(state, state.cause ?? refusedBy(state, event), ["source", "destination"], now, owner);
}

/** H3: the source takes the guest back only when it was asked to. */
function takenBack(state: Switchover, event: MigrationEvent & { type: "reclaimed" }, now: number): Step<Migration> {
  if (state.stage !== "reclaiming") return unchanged(state);
  const cause = state.cause ?? { phase: "failed" as const, reason: reason("RECLAIMED", stays(state)) };
  const owner = { role: "source", epoch: event.epoch } as const;
  return endedWith(state, cause, ["source", "destination"], now, owner);
}

/** M9, H5: a destination that runs wins over all that was thought before. */
function complete(state: Switchover, event: MigrationEvent & { type: "running" }, now: number): Step<Migration> {
  const course = withTimings(state.course, event.devices);
  const { epoch, startedMs } = event;
  // Between the release and a regrant lies the time that it took somebody to fence the source, which nobody has measured.
  const released = epoch === state.facts.epoch + 1 ? state.released : undefined;
  return completed({ ...state, course }, { epoch, released, startedMs }, now);
}

/** M11, H6: the destination will never run this epoch, so the source may have the guest back. */
function onRevoked(state: Switchover, event: MigrationEvent & { type: "revoked" }, now: number): Step<Migration> {
  const { stage } = state;
  if (stage === "revoking") return runOrLose(state, event.whole, now);
  if (stage !== "freezing" && stage !== "granting" && stage !== "undecided") return unchanged(state);
  if (stage === "undecided" && isFenced(state, "source")) return unchanged(state);
  const cause = state.cause ?? {
    phase: "failed" as const,
    reason: reason(
      "DESTINATION_REVOKED",
      `${state.facts.destination.name} could not run the guest: ${event.detail}; it is back on ${state.facts.source.name}.`,
      {
        code: event.code,
      },
    ),
  };
  const isReleased = stage !== "freezing";
  const next: Switchover = {
    ...state,
    stage: isReleased ? "reclaiming" : "refusing",
    ...(isReleased && { reclaimed: true }),
    cause,
    since: now,
    askedAt: now,
  };
  return { state: next, effects: outstanding(next), notices: [decision(state, cause.reason.sentence)] };
}

function onBroken(
  state: Switchover,
  event: MigrationEvent & { type: "broken" | "declined" },
  now: number,
): Step<Migration> {
  const role = event.type === "broken" ? whoBroke(event) : event.role;
  return state.stage === "freezing" ? refuse(state, broke(state, role, event), now) : unchanged(state);
}

/** M10, H1: whether it is too late only the source knows; it answers `refused` or `released`. */
function refuse(state: Switchover, cause: Ending, now: number): Step<Migration> {
  const next: Switchover = { ...state, stage: "refusing", cause, since: now, askedAt: now };
  return { state: next, effects: outstanding(next), notices: [decision(state, cause.reason.sentence)] };
}

/** M10: a destination that restarted before the release has nothing loaded any more; the source is asked to keep the guest. */
function reconnected(state: Switchover, event: MigrationEvent & { type: "connected" }, now: number): Step<Migration> {
  if (state.stage !== "freezing" || !hasForgotten(event)) {
    return { state, effects: outstanding(state), notices: [] };
  }
  const host = state.facts.destination.name;
  const sentence = `The agent of ${host} restarted in the switchover; ${stays(state)}`;
  return refuse(state, { phase: "failed", reason: reason("DESTINATION_RESTARTED", sentence, { host }) }, now);
}

/** What it held in memory is gone, or it has said that it will never run this epoch. */
function hasForgotten({ role, attempt }: MigrationEvent & { type: "connected" }): boolean {
  return role === "destination" && (attempt === undefined || attempt === "revoked");
}

function onTick(state: Switchover, now: number): Step<Migration> {
  if (state.stage === "freezing" && now - state.since >= freezeLimitMs(state))
    return refuse(state, tooSlow(state), now);
  if (now - state.askedAt < askAgainMs) return unchanged(state);
  const next = { ...state, askedAt: now };
  return { state: next, effects: outstanding(next), notices: [] };
}

function heard(state: Switchover, event: MigrationEvent, now: number): Switchover {
  const speaker = speakerOf(event);
  if (speaker === undefined) return state;
  const said = event.type === "connected" ? `connected, ${event.attempt ?? "nothing known"}` : event.type;
  return { ...state, heard: { ...state.heard, [speaker]: { said, at: now } } };
}

function speakerOf(event: MigrationEvent): Role | undefined {
  switch (event.type) {
    case "frozen":
    case "released":
    case "refused":
    case "reclaimed":
    case "spent":
    case "report":
      return "source";
    case "loaded":
    case "running":
    case "revoked":
    case "empty":
      return "destination";
    case "connected":
    case "broken":
    case "declined":
      return event.role;
    default:
      return undefined;
  }
}

function broke(state: Switchover, role: Role, { code, detail }: { code: string; detail: string }): Ending {
  const host = state.facts[role].name;
  const sentence = `${host} could not go on: ${detail}; ${stays(state)}`;
  return { phase: "failed", reason: reason("SWITCHOVER_BROKEN", sentence, { host, code }) };
}

function cancelled(state: Switchover): Ending {
  return { phase: "aborted", reason: reason(calledOff, `It was cancelled in the switchover; ${stays(state)}`) };
}

/** Whether somebody has cancelled it in the switchover, and the source has not said yet whether that was in time. */
export function isBeingCancelled(state: Migration): boolean {
  return state.phase === "switchover" && state.stage === "refusing" && state.cause?.reason.code === calledOff;
}

const calledOff = "CANCELLED";

function tooSlow(state: Switchover): Ending {
  const limitMs = freezeLimitMs(state);
  return {
    phase: "failed",
    reason: reason("SWITCHOVER_TIMEOUT", `The switchover took over ${msText(limitMs)}; ${stays(state)}`, { limitMs }),
  };
}

function refusedBy(state: Switchover, event: MigrationEvent & { type: "refused" }): Ending {
  if (event.ofPeer === true) return broke(state, "destination", event);
  const host = state.facts.source.name;
  return {
    phase: "failed",
    reason: reason(event.code, `${host} kept the guest: ${event.detail}; ${stays(state)}`, { host }),
  };
}

function stays(state: Switchover): string {
  return `${state.facts.guest.name} goes on serving on ${state.facts.source.name}.`;
}

function decision(state: Switchover, sentence: string): Notice {
  return { type: "migration.decision", sentence, data: { stage: state.stage } };
}

function unchanged(state: Switchover): Step<Migration> {
  return { state, effects: [], notices: [] };
}
