/** What one migration may cost, what is known of its way, and what may be done about a verdict. */

export const patiences = ["impatient", "normal", "patient", "untilDeadline"] as const;
export type Patience = (typeof patiences)[number];

/** One remedy that the policy allows, with how far it may go. In the order in which they are tried. */
export type Rung =
  /** More bandwidth while the guest runs: costs the guest nothing. Without a figure the cap may be lifted altogether. */
  | { remedy: "bandwidth"; maxBytesPerSec?: number | undefined }
  /** A longer downtime: costs the guest that pause, once. */
  | { remedy: "downtimeLimit"; maxMs: number }
  /** A slower guest: costs it that share of its speed until the switchover. */
  | { remedy: "throttle"; maxShare: number }
  /** To go on at the destination before all has moved. No back end can: it is allowed, and passed over with the device that cannot. */
  | { remedy: "postcopy" }
  /** A switchover whatever the limit: the move matters more than the pause, as long as that is foreseen to last no more than this. */
  | { remedy: "force"; maxMs?: number | undefined };

export interface Policy {
  downtimeLimitMs: number;
  /** Since the first figures, unless `endsAtMs` says when that is. */
  deadlineMs: number;
  /** When the deadline passes, on the judge's clock, which counts no silence. */
  endsAtMs?: number | undefined;
  patience: Patience;
  ladder: readonly Rung[];
  /** A switchover may begin now: it is not held, and its window is open. */
  maySwitchOver: boolean;
  /** Hold for a moment before giving up, to see how large and how fast the working set is: it makes the advice better. */
  diagnose: boolean;
  /** The most the path can carry in bytes/s, where it is known. */
  linkBytesPerSec?: number | undefined;
  /** What earlier migrations between the two hosts have had, in bytes/s. */
  priorBytesPerSec?: number | undefined;
  /** Cap while the guest runs, in bytes/s; lifted at the switchover. */
  capBytesPerSec?: number | undefined;
  /** The cap is what others on the path leave: no remedy lifts it, and it may be more in a moment. */
  sharedOut?: boolean | undefined;
  /** What is promised for the switchover, in bytes/s; counts only under a cap. */
  reservedBytesPerSec?: number | undefined;
  /** All bytes that the first pass sends; without it what the first figures tell. */
  sizeBytes?: number | undefined;
  /** The destination loads its devices side by side. */
  parallelLoad: boolean;
  /** Mean of what stopping, handing over and resuming take in ms, and the error of it (1 sd). */
  stopResumeMs: number;
  stopResumeSdMs: number;
  /** From the figures to the stop, in ms: the guest goes on writing. */
  decisionMs: number;
  /** What an exact answer is believed to cost until one has come. */
  syncMsPrior: number;
  /** How often the source reports; stands for the step of a clock that jumped. */
  reportEveryMs: number;
  /** Relative dirty rates before the start, one for each ten seconds, oldest first. */
  history?: readonly number[] | undefined;
  /** Devices whose back end can slow its guest down. */
  canThrottle: boolean;
}

/** How far stopping and resuming may be off, in ms (1 sd), until it was learnt. */
export const unlearntStopResumeSdMs = 12;

/** Everything off that a recorded run cannot answer to, and nothing known: what a caller does not say. */
export const plainPolicy: Omit<Policy, "downtimeLimitMs" | "deadlineMs"> = {
  patience: "normal",
  ladder: [],
  maySwitchOver: true,
  diagnose: false,
  parallelLoad: true,
  stopResumeMs: 30,
  stopResumeSdMs: unlearntStopResumeSdMs,
  decisionMs: 0,
  syncMsPrior: 1,
  reportEveryMs: 100,
  canThrottle: false,
};

/** When the deadline passes, on the judge's clock. */
export function endsAtMs({ endsAtMs: at, deadlineMs }: Pick<Policy, "endsAtMs" | "deadlineMs">): number {
  return at ?? deadlineMs;
}
