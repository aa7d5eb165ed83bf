import { assertNever } from "../assert-never.ts";
import type { Failure } from "./failure.ts";

/**
 * The source's part in one handover (H1 to H3, H7, H8). It is the only grantor: for one epoch it journals either `refused` or
 * `released`, never both, and whichever is journaled first holds.
 */
export interface SourceHandover {
  /** The epoch being handed over: one above that at which this host owns the guest. */
  epoch: number;
  at: "owns" | "freezing" | "frozen" | "released" | "refused" | "reclaimed" | "discarded";
  /** The state of every device was here still when it was last looked for. */
  whole: boolean;
  /** Where it was not: what has ended, and how. */
  lost?: string | undefined;
}

export type SourceEvent =
  | { type: "freeze"; epoch: number }
  /** Every device has stopped. */
  | { type: "stopped" }
  /** The destination has said `loaded` for every device, with digests that agree. */
  | { type: "loaded" }
  /** Sending, stopping or loading went wrong, or took too long. */
  | ({ type: "failed" } & Failure)
  /** Whether the state of every device is here still: comes before whatever would have it that the guest runs here. */
  | { type: "looked"; whole: boolean; lost?: string | undefined }
  | { type: "refuse"; epoch: number }
  | { type: "reclaim"; epoch: number }
  | { type: "discard"; epoch: number };

/** Performed in order; a journal entry is synced before what follows it. */
export type SourceEffect =
  | { do: "stopDevices" }
  | { do: "resumeDevices" }
  | { do: "commitDevices" }
  | { do: "journal"; entry: "refused" | "released" | "reclaimed" | "discarded"; epoch: number }
  | { do: "grant"; epoch: number }
  | { do: "tell"; said: "frozen" | "released" | "reclaimed" | "discarded"; epoch: number }
  | { do: "tellBroken"; failure: Failure }
  | { do: "tellRefused"; epoch: number; failure: Failure }
  | { do: "tellSpent"; epoch: number; exact: boolean; detail: string | undefined };

export interface SourceStep {
  state: SourceHandover;
  effects: SourceEffect[];
}

export function stepSource(state: SourceHandover, event: SourceEvent): SourceStep {
  switch (event.type) {
    case "freeze":
      return freeze(state, event.epoch);
    case "stopped":
      return state.at === "freezing"
        ? { state: { ...state, at: "frozen" }, effects: [{ do: "tell", said: "frozen", epoch: state.epoch }] }
        : nothing(state);
    case "loaded":
      return state.at === "frozen" ? release(state) : nothing(state);
    case "failed":
      return failed(state, event);
    case "looked":
      return { state: { ...state, whole: event.whole, lost: event.lost }, effects: [] };
    case "refuse":
      return event.epoch === state.epoch ? askedToRefuse(state) : nothing(state);
    case "reclaim":
      return event.epoch === state.epoch + 1 ? reclaim(state) : nothing(state);
    case "discard":
      return event.epoch === state.epoch ? discard(state) : nothing(state);
    default:
      return assertNever(event);
  }
}

function freeze(state: SourceHandover, epoch: number): SourceStep {
  if (epoch !== state.epoch) return nothing(state);
  switch (state.at) {
    case "owns":
      return { state: { ...state, at: "freezing" }, effects: [{ do: "stopDevices" }] };
    case "freezing":
      return nothing(state);
    case "frozen":
      return { state, effects: [{ do: "tell", said: "frozen", epoch }] };
    case "refused":
      return { state, effects: [refusal(epoch, alreadyRefused)] };
    case "released":
      return {
        state,
        effects: [
          { do: "grant", epoch },
          { do: "tell", said: "released", epoch },
        ],
      };
    case "reclaimed":
    case "discarded":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

function release(state: SourceHandover): SourceStep {
  const { epoch } = state;
  return {
    state: { ...state, at: "released" },
    effects: [
      { do: "journal", entry: "released", epoch },
      { do: "grant", epoch },
      { do: "tell", said: "released", epoch },
    ],
  };
}

/** Before the stop it is for the orchestrator to say what becomes of it: the guest runs on here, or nowhere. */
function failed(state: SourceHandover, { code, detail, ofPeer }: Failure): SourceStep {
  switch (state.at) {
    case "owns":
      return state.whole
        ? { state, effects: [{ do: "tellBroken", failure: { code, detail, ofPeer } }] }
        : spent(state, state.epoch, detail);
    case "freezing":
    case "frozen":
      return refuse(state, { code, detail, ofPeer });
    case "refused":
    case "released":
    case "reclaimed":
    case "discarded":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

function askedToRefuse(state: SourceHandover): SourceStep {
  switch (state.at) {
    case "owns":
    case "freezing":
    case "frozen":
      return refuse(state, { code: "REFUSED", detail: "it was asked to keep the guest" });
    case "refused":
      return state.whole ? { state, effects: [refusal(state.epoch, alreadyRefused)] } : spent(state, state.epoch);
    case "released":
      return { state, effects: [{ do: "tell", said: "released", epoch: state.epoch }] };
    case "reclaimed":
    case "discarded":
      return nothing(state);
    default:
      return assertNever(state.at);
  }
}

function refuse(state: SourceHandover, failure: Failure): SourceStep {
  const { epoch, whole } = state;
  if (!whole) return spent(state, epoch);
  const resume: SourceEffect[] = state.at === "owns" ? [] : [{ do: "resumeDevices" }];
  return {
    state: { ...state, at: "refused" },
    effects: [{ do: "journal", entry: "refused", epoch }, ...resume, refusal(epoch, failure)],
  };
}

/** H3, H6: only the orchestrator's word, given after the destination has revoked, starts a released guest here again. */
function reclaim(state: SourceHandover): SourceStep {
  const epoch = state.epoch + 1;
  const told: SourceEffect = { do: "tell", said: "reclaimed", epoch };
  if (state.at !== "reclaimed" && state.at !== "released") return nothing(state);
  if (!state.whole) return spent(state, epoch);
  if (state.at === "reclaimed") return { state, effects: [told] };
  return {
    state: { ...state, at: "reclaimed" },
    effects: [{ do: "journal", entry: "reclaimed", epoch }, { do: "resumeDevices" }, told],
  };
}

/**
 * H8: who has nothing left does not say that it keeps the guest or takes it back: the other side may have the only copy. Nothing is
 * written down, so that it stays what it is by its journal until somebody else runs the guest.
 */
function spent(state: SourceHandover, epoch: number, otherwise?: string): SourceStep {
  const detail = state.lost ?? otherwise;
  return { state, effects: [{ do: "tellSpent", epoch, exact: state.at === "released", detail }] };
}

/** H7: only what was released is destroyed. */
function discard(state: SourceHandover): SourceStep {
  const { epoch } = state;
  const told: SourceEffect = { do: "tell", said: "discarded", epoch };
  if (state.at === "discarded") return { state, effects: [told] };
  if (state.at !== "released") return nothing(state);
  return {
    state: { ...state, at: "discarded" },
    effects: [{ do: "commitDevices" }, { do: "journal", entry: "discarded", epoch }, told],
  };
}

const alreadyRefused = { code: "ALREADY_REFUSED", detail: "it has refused this epoch" };

function refusal(epoch: number, failure: Failure): SourceEffect {
  return { do: "tellRefused", epoch, failure };
}

function nothing(state: SourceHandover): SourceStep {
  return { state, effects: [] };
}
