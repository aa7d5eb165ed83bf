import type { Reason } from "../reason.ts";
import type { Forecast } from "./forecast.ts";

export const verdictKinds = ["converging", "ready", "needsMore", "hopeless", "degraded", "unknown"] as const;
export type VerdictKind = (typeof verdictKinds)[number];

/** What the figures say. It is kept apart from what is done about it. */
export interface Verdict extends Reason {
  kind: VerdictKind;
}

/** What a judge has to say of one observation. */
export interface Judgement<Memory> {
  memory: Memory;
  verdict: Verdict;
  /** Undefined while no bandwidth is known. */
  forecast: Forecast | undefined;
  bytesPerSec: number | undefined;
  dirtyBytesPerSec: number | undefined;
  /** Until the guest can be switched over, in ms; undefined where no one can tell. */
  etaMs: number | undefined;
  /** The estimate says that it may fit: ask for exact figures. */
  askExact: boolean;
}
