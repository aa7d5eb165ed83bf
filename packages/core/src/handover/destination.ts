import { assertNever } from "../assert-never.ts";
import { regrantBeyond } from "./journal.ts";
import type { Failure } from "./failure.ts";

/**
 * The destination's part in one handover (H4, H5, H7, H8): it runs the guest only on a grant of an epoch that it has not revoked, or on
 * the orchestrator's regrant once the source is fenced.
 */
export interface DestinationHandover {
  /** The epoch that the source would grant. */
  epoch: number;
  at: "reserved" | "loaded" | "granted" | "running" | "revoked" | "dropped";
  /** Every device has loaded and verified its state, and keeps it. */
  whole: boolean;
  /** The epoch of a regrant, at which it owns the guest. */
  owned?: number | undefined;
}

export type DestinationEvent =
  /** Every device has loaded and verified its state. */
  | { type: "loaded" }
  /** From the source, or carried by the orchestrator from a source that has released. */
  | { type: "grant"; epoch: number }
  /** Every device has started. */
  | { type: "started" }
  /** A granted guest could not be started here; no device of it runs. `whole`: nor was any taken down again. */
  | { type: "startFailed"; whole: boolean; code: string; detail: string }
  | ({ type: "failed" } & Failure)
  | { type: "revoke"; epoch: number }
  /** From the orchestrator, whose word is the source's once that is fenced. */
  | { type: "regrant"; epoch: number }
  /** The migration is over and this host has no part in the guest. */
  | { type: "drop" };

/** Performed in order; a journal entry is synced before what follows it. */
export type DestinationEffect =
  | { do: "journal"; entry: "granted" | "regranted" | "revoked" | "dropped"; epoch: number }
  | { do: "startDevices" }
  /** There is no other copy: what cannot be started stays as it is. */
  | { do: "startKept" }
  | { do: "dropDevices" }
  | { do: "confirmLoaded"; epoch: number }
  | { do: "tell"; said: "loaded" | "running" | "empty"; epoch: number }
  | { do: "tellRevoked"; epoch: number; whole: boolean; code: string; detail: string }
  | { do: "tellBroken"; failure: Failure };

export interface DestinationStep {
  state: DestinationHandover;
  effects: DestinationEffect[];
}

export function stepDestination(state: DestinationHandover, event: DestinationEvent): DestinationStep {
  switch (event.type) {
    case "loaded":
      return state.at === "reserved" ? loaded(state) : nothing(state);
    case "grant":
      return event.epoch === state.epoch ? grant(state) : nothing(state);
    case "started":
      return state.at === "granted"
        ? { state: { ...state, at: "running" }, effects: [tellRunning(state)] }
        : nothing(state);
    case "startFailed":
      return state.at === "granted" ? startFailed(state, event) : nothing(state);
    case "failed":
      return failed(state, event);
    case "revoke":
      return event.epoch === state.epoch ? askedToRevoke(state) : nothing(state);
    case "regrant":
      return event.epoch === state.epoch + regrantBeyond ? regrant(state) : nothing(state);
    case "drop":
      return drop(state);
    default:
      return assertNever(event);
  }
}

function loaded(state: DestinationHandover): DestinationStep {
  const { epoch } = state;
  return {
    state: { epoch, at: "loaded", whole: true },
    effects: [
      { do: "confirmLoaded", epoch },
      { do: "tell", said: "loaded", epoch },
    ],
  };
}

function grant(state: DestinationHandover): DestinationStep {
  switch (state.at) {
    case "reserved":
      return revoke(state, "NOTHING_LOADED", "it had not loaded the state");
    case "loaded":
      return {
        state: { ...state, at: "granted" },
        effects: [{ do: "journal", entry: "granted", epoch: state.epoch }, { do: "startDevices" }],
      };
    case "granted":
      return nothing(state);
    case "running":
      return { state, effects: [tellRunning(state)] };
    case "revoked":
      return { state, effects: [alreadyRevoked(state)] };
    case "dropped":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

/** H8: what it has revoked it may run after all, since nobody else can; but only a whole copy. */
function regrant(state: DestinationHandover): DestinationStep {
  const epoch = state.epoch + regrantBeyond;
  const empty: DestinationEffect = { do: "tell", said: "empty", epoch };
  switch (state.at) {
    case "reserved": {
      // From here on a late grant must not start what may yet be loaded.
      const revoked = revoke(state, "EMPTY", "it had not loaded the state");
      return { ...revoked, effects: [...revoked.effects, empty] };
    }
    case "loaded":
      return runLast(state, epoch);
    case "revoked":
      return state.whole ? runLast(state, epoch) : { state, effects: [empty] };
    case "granted":
      // It was granted by the source before, and what comes of that is told; or it could not be started the last time.
      return state.owned === epoch ? { state, effects: [{ do: "startKept" }] } : nothing(state);
    case "running":
      return { state, effects: [tellRunning(state)] };
    case "dropped":
      return { state, effects: [empty] };
    default:
      return assertNever(state.at);
  }
}

/** Owned from here on: no other copy is to be had. */
function runLast(state: DestinationHandover, epoch: number): DestinationStep {
  return {
    state: { ...state, at: "granted", owned: epoch },
    effects: [{ do: "journal", entry: "regranted", epoch }, { do: "startKept" }],
  };
}

/** The source has the guest as it was; where the source is fenced nobody has, so that it is kept and tried again. */
function startFailed(state: DestinationHandover, event: DestinationEvent & { type: "startFailed" }): DestinationStep {
  const { code, detail } = event;
  if (state.owned !== undefined) return { state, effects: [{ do: "tellBroken", failure: { code, detail } }] };
  return revoke({ ...state, whole: event.whole }, code, detail);
}

function askedToRevoke(state: DestinationHandover): DestinationStep {
  switch (state.at) {
    case "reserved":
    case "loaded":
      return revoke(state, "REVOKED", "it was asked not to run the guest");
    case "granted":
      // It is starting: the answer is what comes of that.
      return nothing(state);
    case "running":
      return { state, effects: [tellRunning(state)] };
    case "revoked":
      return { state, effects: [alreadyRevoked(state)] };
    case "dropped":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

/** What was loaded is kept (H7) until the source runs again, which `drop` says. */
function revoke(state: DestinationHandover, code: string, detail: string): DestinationStep {
  const { epoch, whole } = state;
  return {
    state: { ...state, at: "revoked" },
    effects: [
      { do: "journal", entry: "revoked", epoch },
      { do: "tellRevoked", epoch, whole, code, detail },
    ],
  };
}

/** A load that went wrong leaves nothing that a grant could start. */
function failed(state: DestinationHandover, { code, detail, ofPeer }: Failure): DestinationStep {
  if (state.at === "revoked") return { state: { ...state, whole: false }, effects: [] };
  if (state.at !== "reserved" && state.at !== "loaded") return nothing(state);
  const { epoch } = state;
  return {
    state: { epoch, at: "revoked", whole: false },
    effects: [
      { do: "journal", entry: "revoked", epoch },
      { do: "tellBroken", failure: { code, detail, ofPeer } },
    ],
  };
}

function drop(state: DestinationHandover): DestinationStep {
  if (state.at === "granted" || state.at === "running" || state.at === "dropped") return nothing(state);
  const { epoch } = state;
  return {
    state: { epoch, at: "dropped", whole: false },
    // In this order: a crash in between leaves a part that is cleared away at the restart, and not devices that nobody knows of.
    effects: [{ do: "dropDevices" }, { do: "journal", entry: "dropped", epoch }],
  };
}

function tellRunning({ epoch, owned = epoch }: DestinationHandover): DestinationEffect {
  return { do: "tell", said: "running", epoch: owned };
}

function alreadyRevoked({ epoch, whole }: DestinationHandover): DestinationEffect {
  return { do: "tellRevoked", epoch, whole, code: "ALREADY_REVOKED", detail: "it has revoked this epoch" };
}

function nothing(state: DestinationHandover): DestinationStep {
  return { state, effects: [] };
}
