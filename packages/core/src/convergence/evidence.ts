import type { WorkingSet } from "./advice.ts";
import type { BandwidthRange } from "./bandwidth.ts";
import type { Span } from "./dirty.ts";
import type { FirstPass } from "./first-pass.ts";
import type { Forecast } from "./forecast.ts";
import type { Convergence } from "./memory.ts";
import type { Observation } from "./observation.ts";
import type { Policy } from "./policy.ts";

/** All that a rule may look at: what was seen, what is remembered, and what follows from both. */
export interface Evidence {
  memory: Convergence;
  pass: FirstPass;
  observation: Observation;
  policy: Policy;
  nowMs: number;
  /** Of the deadline. */
  leftMs: number;
  syncMs: number;
  bandwidth: BandwidthRange;
  predicted: Forecast;
  /** What exact figures found since the last ones. */
  span: Span | undefined;
  /** Known once it was looked for. */
  workingSet?: WorkingSet | undefined;
}

/** The most that precopy may use, in bytes/s. */
export function mostForPrecopy({ bandwidth, policy }: Evidence): number {
  return Math.min(bandwidth.high, policy.capBytesPerSec ?? Infinity);
}
