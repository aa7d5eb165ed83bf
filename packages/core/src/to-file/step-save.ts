import { assertNever } from "../assert-never.ts";
import type { Debt, Restoring, Saved, SaveFailure, SaveOver, SaveState, Saving } from "./save-state.ts";

/** What an agent says of an attempt; of another attempt, by another host or at another epoch it changes nothing. */
export type SaveWord = { id: string; hostId: string } & (
  | { type: "sourcePrepared" }
  | { type: "declined" | "broken"; code: string; detail: string }
  | { type: "refused" | "misplaced" | "revoked"; epoch: number; code: string; detail: string }
  | { type: "released"; epoch: number; bytes: number }
  | { type: "reclaimed" | "discarded" | "loaded" | "running" | "spent"; epoch: number }
  | { type: "aborted" }
);

export type SaveEvent =
  | SaveWord
  /** Its host has been away for so long that it is given up where nothing depends on its word. */
  | { type: "silent"; hostId: string }
  | { type: "fenced"; hostId: string };

/** Where the guest is from now on. */
export interface SavePlacement {
  hostId: string;
  epoch: number;
  state: "running" | "stopped" | "lost" | "saved";
}

export interface SaveNotice {
  type: "guest.saved" | "guest.save-failed" | "guest.restored" | "guest.restore-failed";
  sentence: string;
  failure?: SaveFailure | undefined;
}

export interface SaveStep {
  state: SaveState;
  placement?: SavePlacement | undefined;
  notice?: SaveNotice | undefined;
}

/** F1, F3, F5: one decision. What has still to be said to hosts is `outstandingOfSave` of the state that it leads to. */
export function stepSave(state: SaveState, event: SaveEvent, now: number): SaveStep {
  const paid = pay(state, event);
  if (event.type === "aborted" || event.type === "discarded") return { state: paid };
  switch (paid.at) {
    case "saving":
      return isAbout(paid, event) ? whileSaving(paid, event, now) : { state: paid };
    case "restoring":
      return isAbout(paid, event) ? whileRestoring(paid, event, now) : { state: paid };
    case "saved":
    case "over":
      return { state: paid };
    default:
      return assertNever(paid);
  }
}

function isAbout({ host, id }: Saving | Restoring, event: SaveEvent): boolean {
  return event.hostId === host.id && (!("id" in event) || event.id === id);
}

/** A host that is fenced owes nothing any more. */
function pay(state: SaveState, event: SaveEvent): SaveState {
  const isPaid = ({ host, command, id }: Debt): boolean =>
    host.id === event.hostId &&
    (event.type === "fenced" ||
      (event.type === "aborted" && command === "abort" && event.id === id) ||
      (event.type === "discarded" && command === "discard" && event.id === id));
  const debts = state.debts.filter((debt) => !isPaid(debt));
  return debts.length === state.debts.length ? state : { ...state, debts };
}

function whileSaving(state: Saving, event: SaveEvent, now: number): SaveStep {
  switch (event.type) {
    case "sourcePrepared":
      return state.stage === "preparing" ? { state: { ...state, stage: "freezing", askedAt: now } } : { state };
    case "declined":
      return state.stage === "preparing" ? unsaved(state, event, undefined, now) : { state };
    case "silent":
      // Nobody has asked it to stop the guest.
      return state.stage === "preparing" ? unsaved(state, silence(state), undefined, now) : { state };
    case "refused":
      if (state.stage !== "freezing" || event.epoch !== state.epoch) return { state };
      return unsaved(state, event, { hostId: state.host.id, epoch: state.epoch, state: "running" }, now);
    case "released":
      return state.stage === "freezing" && event.epoch === state.epoch ? saved(state, event.bytes, now) : { state };
    case "misplaced": {
      if (state.stage !== "freezing" || event.epoch !== state.epoch) return { state };
      const { code, detail } = event;
      return { state: { ...state, stage: "reclaiming", askedAt: now, failure: { code, detail } } };
    }
    case "reclaimed":
      if (state.stage !== "reclaiming" || event.epoch !== state.epoch + 1) return { state };
      return unsaved(state, state.failure, { hostId: state.host.id, epoch: event.epoch, state: "running" }, now);
    case "spent":
      return spent(state, now);
    case "fenced":
      return unsaved(state, { code: "FENCED", detail: `${state.host.name} was fenced meanwhile` }, undefined, now);
    default:
      return { state };
  }
}

function saved(state: Saving, bytes: number, now: number): SaveStep {
  const { version, guest, id, host, folder, epoch } = state;
  const debt: Debt = { host, command: "discard", id, epoch };
  return {
    state: {
      version,
      at: "saved",
      guest,
      debts: [...state.debts, debt],
      since: now,
      askedAt: now,
      save: { id, host, folder, epoch, savedAt: now, bytes },
      epoch,
    },
    placement: { hostId: host.id, epoch, state: "saved" },
    notice: { type: "guest.saved", sentence: `${guest.name} is in ${folder} of ${host.name} and runs nowhere.` },
  };
}

/** F3: the guest goes on where it is, or is lost with its host. */
function unsaved(
  state: Saving,
  { code, detail }: SaveFailure = { code: "UNKNOWN", detail: "nobody has said why" },
  placement: SavePlacement | undefined,
  now: number,
): SaveStep {
  const { version, guest, id, host, folder, epoch } = state;
  const failure = { code, detail };
  const debts: Debt[] = code === "FENCED" ? state.debts : [...state.debts, { host, command: "abort", id, epoch }];
  const over: SaveOver = {
    version,
    at: "over",
    guest,
    debts,
    since: now,
    askedAt: now,
    attempted: { id, host, folder, epoch, failure },
  };
  const sentence = `${guest.name} could not be saved in ${folder} of ${host.name}: ${detail}.`;
  return { state: over, placement, notice: { type: "guest.save-failed", sentence, failure } };
}

/** H8: what its host has nothing left of does not run. Before the release nobody else has it either; after it only a misplaced folder. */
function spent(state: Saving, now: number): SaveStep {
  const detail = `${state.host.name} has nothing left of the guest that could run`;
  const epoch = state.stage === "reclaiming" ? state.epoch : state.epoch - 1;
  const placement = { hostId: state.host.id, epoch, state: "stopped" as const };
  return unsaved(state, { code: "SPENT", detail }, placement, now);
}

function whileRestoring(state: Restoring, event: SaveEvent, now: number): SaveStep {
  const { stage, epoch, host } = state;
  switch (event.type) {
    case "loaded":
      return stage === "loading" && event.epoch === epoch
        ? { state: { ...state, stage: "granting", askedAt: now } }
        : { state };
    case "declined":
    case "broken":
      return stage === "loading" ? stillSaved(state, event, now) : { state };
    case "silent":
      // F5: it was granted nothing, and runs nothing.
      return stage === "loading" ? stillSaved(state, silence(state), now) : { state };
    case "revoked":
      return event.epoch === epoch ? stillSaved(state, event, now) : { state };
    case "running":
      return stage === "granting" && event.epoch === epoch ? restored(state, now) : { state };
    case "fenced":
      return stage === "loading"
        ? stillSaved(state, { code: "FENCED", detail: `${host.name} was fenced meanwhile` }, now)
        : lostAfterGrant(state, now);
    default:
      return { state };
  }
}

function restored(state: Restoring, now: number): SaveStep {
  const { version, guest, host, epoch, debts, folder } = state;
  return {
    state: { version, at: "over", guest, debts, since: now, askedAt: now },
    placement: { hostId: host.id, epoch, state: "running" },
    notice: { type: "guest.restored", sentence: `${guest.name} runs on ${host.name}, restored from ${folder}.` },
  };
}

/** F5: the epoch is used up, and the save is what it was. */
function stillSaved(state: Restoring, { code, detail }: SaveFailure, now: number): SaveStep {
  const { version, guest, host, id, epoch, save, folder } = state;
  const failure = { code, detail };
  const debts: Debt[] = code === "FENCED" ? state.debts : [...state.debts, { host, command: "abort", id, epoch }];
  const next: Saved = { version, at: "saved", guest, debts, since: now, askedAt: now, save, epoch, failure };
  const sentence = `${guest.name} could not be restored from ${folder} on ${host.name}: ${detail}. It is saved as before.`;
  return {
    state: next,
    placement: { hostId: save.host.id, epoch, state: "saved" },
    notice: { type: "guest.restore-failed", sentence, failure },
  };
}

/** What the fenced host has served since the grant nobody can tell: the save may be older. */
function lostAfterGrant(state: Restoring, now: number): SaveStep {
  const { version, guest, host, epoch, debts, folder } = state;
  const failure = { code: "FENCED", detail: `${host.name} was fenced after it had been granted the guest` };
  const sentence = `${guest.name} is lost: ${failure.detail}; ${folder} may be older than what it has served.`;
  return {
    state: { version, at: "over", guest, debts, since: now, askedAt: now },
    placement: { hostId: host.id, epoch, state: "lost" },
    notice: { type: "guest.restore-failed", sentence, failure },
  };
}

function silence({ host }: Saving | Restoring): SaveFailure {
  return { code: "HOST_SILENT", detail: `nothing was heard of ${host.name}` };
}
