import type { Named } from "../migration/state.ts";

/**
 * A guest's way into a folder and out of it, as the orchestrator remembers it. It is a handover with a file on one side (F1): the host
 * that saves it releases it at an epoch, as to another host, and the host that restores it is granted the next one.
 */
export type SaveState = Saving | Saved | Restoring | SaveOver;

/** What a folder holds: a whole guest, released into it by `host` at `epoch`. */
export interface Save {
  id: string;
  host: Named;
  folder: string;
  epoch: number;
  /** By the orchestrator's clock. */
  savedAt: number;
  bytes: number;
  /** It is another guest that was released into it: this one is to be a new one that begins as that was. */
  ofAnother?: true | undefined;
}

export interface SaveFailure {
  code: string;
  detail: string;
}

/** What a host has yet to clear away. */
export interface Debt {
  host: Named;
  command: "discard" | "abort";
  /** Of the attempt. */
  id: string;
  epoch: number;
}

interface Common {
  version: 1;
  guest: Named;
  debts: Debt[];
  since: number;
  askedAt: number;
}

export interface Saving extends Common {
  at: "saving";
  id: string;
  host: Named;
  folder: string;
  /** At which the guest is to be released. */
  epoch: number;
  limitMs: number;
  /** While it is reclaiming the host has released the guest, and its folder could not be given its name. */
  stage: "preparing" | "freezing" | "reclaiming";
  failure?: SaveFailure | undefined;
}

export interface Saved extends Common {
  at: "saved";
  save: Save;
  /** The highest epoch that was used: restoring it takes the next one. */
  epoch: number;
  /** Why it could not be restored the last time. */
  failure?: SaveFailure | undefined;
}

export interface Restoring extends Common {
  at: "restoring";
  id: string;
  host: Named;
  /** Where that host sees the save. */
  folder: string;
  epoch: number;
  stage: "loading" | "granting";
  save: Save;
}

/** The guest is with a host again, or was lost with one. */
export interface SaveOver extends Common {
  at: "over";
  /** What could not be done, where the last thing was a save. */
  attempted?: { id: string; host: Named; folder: string; epoch: number; failure: SaveFailure } | undefined;
}

/** Whether the guest is in nobody's hands but those of the one who saves or restores it. */
export function isUnderWay(state: SaveState | undefined): state is Saving | Restoring {
  return state?.at === "saving" || state?.at === "restoring";
}
