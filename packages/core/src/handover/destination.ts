import { assertNever } from "../assert-never.ts";

/** The destination's part in one handover (H4, H5, H7): it runs the guest only on a grant of an epoch that it has not revoked. */
export interface DestinationHandover {
  /** The epoch that it would own. */
  epoch: number;
  at: "reserved" | "loaded" | "granted" | "running" | "revoked" | "dropped";
}

export type DestinationEvent =
  /** Every device has loaded and verified its state. */
  | { type: "loaded" }
  /** From the source, or carried by the orchestrator from a source that has released. */
  | { type: "grant"; epoch: number }
  /** Every device has started. */
  | { type: "started" }
  /** A granted guest could not be started here; no device of it runs. */
  | { type: "startFailed"; code: string; detail: string }
  | { type: "failed"; code: string; detail: string }
  | { type: "revoke"; epoch: number }
  /** The migration is over and this host has no part in the guest. */
  | { type: "drop" };

/** Performed in order; a journal entry is synced before what follows it. */
export type DestinationEffect =
  | { do: "journal"; entry: "granted" | "revoked" | "dropped"; epoch: number }
  | { do: "startDevices" }
  | { do: "dropDevices" }
  | { do: "confirmLoaded"; epoch: number }
  | { do: "tell"; said: "loaded" | "running"; epoch: number }
  | { do: "tellRevoked"; epoch: number; code: string; detail: string }
  | { do: "tellBroken"; code: string; detail: string };

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
        ? { state: { ...state, at: "running" }, effects: [{ do: "tell", said: "running", epoch: state.epoch }] }
        : nothing(state);
    case "startFailed":
      return state.at === "granted" ? revoke(state, event.code, event.detail) : nothing(state);
    case "failed":
      return failed(state, event.code, event.detail);
    case "revoke":
      return event.epoch === state.epoch ? askedToRevoke(state) : nothing(state);
    case "drop":
      return drop(state);
    default:
      return assertNever(event);
  }
}

function loaded(state: DestinationHandover): DestinationStep {
  const { epoch } = state;
  return {
    state: { epoch, at: "loaded" },
    effects: [
      { do: "confirmLoaded", epoch },
      { do: "tell", said: "loaded", epoch },
    ],
  };
}

function grant(state: DestinationHandover): DestinationStep {
  const { epoch } = state;
  switch (state.at) {
    case "reserved":
      return revoke(state, "NOTHING_LOADED", "it had not loaded the state");
    case "loaded":
      return {
        state: { epoch, at: "granted" },
        effects: [{ do: "journal", entry: "granted", epoch }, { do: "startDevices" }],
      };
    case "granted":
      return nothing(state);
    case "running":
      return { state, effects: [{ do: "tell", said: "running", epoch }] };
    case "revoked":
      return { state, effects: [revoked(epoch, "ALREADY_REVOKED", "it has revoked this epoch")] };
    case "dropped":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

function askedToRevoke(state: DestinationHandover): DestinationStep {
  const { epoch } = state;
  switch (state.at) {
    case "reserved":
    case "loaded":
      return revoke(state, "REVOKED", "it was asked not to run the guest");
    case "granted":
      // It is starting: the answer is what comes of that.
      return nothing(state);
    case "running":
      return { state, effects: [{ do: "tell", said: "running", epoch }] };
    case "revoked":
      return { state, effects: [revoked(epoch, "ALREADY_REVOKED", "it has revoked this epoch")] };
    case "dropped":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

/** What was loaded is kept (H7) until the source runs again, which `drop` says. */
function revoke(state: DestinationHandover, code: string, detail: string): DestinationStep {
  const { epoch } = state;
  return {
    state: { epoch, at: "revoked" },
    effects: [{ do: "journal", entry: "revoked", epoch }, revoked(epoch, code, detail)],
  };
}

/** A load that went wrong leaves nothing that a grant could start. */
function failed(state: DestinationHandover, code: string, detail: string): DestinationStep {
  if (state.at !== "reserved" && state.at !== "loaded") return nothing(state);
  const { epoch } = state;
  return {
    state: { epoch, at: "revoked" },
    effects: [
      { do: "journal", entry: "revoked", epoch },
      { do: "tellBroken", code, detail },
    ],
  };
}

function drop(state: DestinationHandover): DestinationStep {
  if (state.at === "granted" || state.at === "running" || state.at === "dropped") return nothing(state);
  const { epoch } = state;
  return {
    state: { epoch, at: "dropped" },
    // In this order: a crash in between leaves a part that is cleared away at the restart, and not devices that nobody knows of.
    effects: [{ do: "dropDevices" }, { do: "journal", entry: "dropped", epoch }],
  };
}

function revoked(epoch: number, code: string, detail: string): DestinationEffect {
  return { do: "tellRevoked", epoch, code, detail };
}

function nothing(state: DestinationHandover): DestinationStep {
  return { state, effects: [] };
}
