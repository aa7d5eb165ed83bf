import { type Bandwidth, noBandwidth } from "./bandwidth.ts";
import { type Clock, clockAtStart } from "./clock.ts";
import { type Dirty, noDirty } from "./dirty.ts";
import type { FirstPass } from "./first-pass.ts";
import type { Sample } from "./plateau.ts";
import type { Question } from "./questions.ts";
import type { Spell } from "./spell.ts";
import type { Strikes } from "./strikes.ts";
import type { Verdict } from "./verdict.ts";

/** All that the judge remembers of a migration between two observations: plain data, bounded, and stored with the migration. */
export interface Convergence {
  clock: Clock;
  bandwidth: Bandwidth;
  /** The last time in which the path gave too little. */
  degraded: Spell | undefined;
  dirty: Dirty;
  pass: FirstPass | undefined;
  question: Question | undefined;
  /** What an exact answer cost the last time, in ms. */
  syncMs: number | undefined;
  samples: readonly Sample[];
  /** When something changed that may lead on: earlier samples count no more towards a plateau. */
  resumedMs: number;
  /** The stop-only bytes with which the stop alone last fitted the limit, and since when it does not. */
  stopOnly: { fittingBytes?: number | undefined; unfitSinceMs?: number | undefined };
  strikes: Strikes;
  /** Of the last exact figures: it stands until the next ones. */
  verdict: Verdict | undefined;
}

export const noConvergence: Convergence = {
  clock: clockAtStart,
  bandwidth: noBandwidth,
  degraded: undefined,
  dirty: noDirty,
  pass: undefined,
  question: undefined,
  syncMs: undefined,
  samples: [],
  resumedMs: 0,
  stopOnly: {},
  strikes: {},
  verdict: undefined,
};

/** The question for exact figures is put: until its answer comes, or was lost, nothing is decided that would need it. */
export function asked(memory: Convergence): Convergence {
  return { ...memory, question: { askedMs: memory.clock.nowMs, open: true } };
}

/** Something has changed that may lead on: a plateau must show itself anew, and a time in which nothing was sent on purpose is over. */
export function resumed(memory: Convergence): Convergence {
  const { nowMs } = memory.clock;
  const bandwidth = { ...memory.bandwidth, movedAtMs: nowMs };
  return { ...memory, bandwidth, resumedMs: nowMs, strikes: {}, samples: [], verdict: undefined };
}
