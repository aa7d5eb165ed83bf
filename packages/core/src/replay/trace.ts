import type { Pending } from "../convergence/observation.ts";
import type { Patience } from "../convergence/policy.ts";

/** A recorded run, as docs/traces.md describes it. Bytes, ms, bytes/s. */
export interface Trace {
  header: TraceHeader;
  ticks: readonly TraceTick[];
}

export interface TraceHeader {
  tickMs: number;
  /** What the first pass has to send of the guest's memory. */
  ramBytes: number;
  /** What an exact answer costs, and what was believed before the first one. */
  syncMs: number;
  syncMsPrior: number;
  policy: {
    limitMs: number;
    deadlineMs: number;
    linkBps: number;
    capBps: number;
    reservedBps: number;
    parallelLoad: boolean;
    stopResumeMs: number;
    rttMs: number;
    /** Not in every trace: the error of `stopResumeMs`, the time from the figures to the stop, and what the way had before. */
    stopResumeSdMs?: number | undefined;
    decisionMs?: number | undefined;
    priorBps?: number | undefined;
    /** The cap is what others on the links leave. */
    sharedOut?: boolean | undefined;
    /** How long a verdict without proof was waited for, and whether a switchover was held back; "normal" and not without them. */
    patience?: Patience | undefined;
    held?: boolean | undefined;
  };
  devices: readonly TraceDevice[];
  /** Relative dirty rate every ten seconds before the start. */
  history?: readonly number[] | undefined;
}

/** What may change in the course of a run. */
export interface TraceLimits {
  limitMs: number;
  deadlineMs: number;
  capBps: number;
  patience?: Patience | undefined;
  /** In older traces, which have no `h`. */
  held?: boolean | undefined;
}

export interface TraceDevice {
  id: string;
  declared?:
    | { saveMs: number; loadMs: number; rateBps: number; mayShrink: boolean; carried?: boolean | undefined }
    | undefined;
}

export interface TraceTick {
  /** True ms since the start, for whoever grades; the core sees `t`. */
  x: number;
  t: number;
  /** Bytes on the wire and channel-busy ms, cumulative. */
  w: number;
  b: number;
  /** The engine's own pass. */
  s?: number | undefined;
  /** Counter epoch. */
  e?: number | undefined;
  /** No report came. */
  lost?: boolean | number | undefined;
  /** For each device: estimate.precopy, estimate.stopcopy, sent, exact.precopy, exact.stopcopy, initial bytes left. */
  d?: readonly (readonly number[] | null)[] | undefined;
  /** Downtime in ms if the guest were stopped now. */
  y?: number | null | undefined;
  /** From here on other limits held: somebody, or a remedy, had changed them. */
  p?: TraceLimits | undefined;
  /** From here on a switchover was held back, or was not any more, be it by other limits or by the time. */
  h?: boolean | undefined;
  /** A round trip then, in ms; the header's without it. */
  r?: number | undefined;
  /** The number of the exact question that was really asked and is answered here. */
  q?: number | undefined;
  /** From here on it had another share of its links. */
  g?: { capBps: number; reservedBps: number; sharedOut: boolean } | undefined;
  /** What exact figures that were really asked for cost, in ms. */
  c?: number | undefined;
}

/** What the device has pending by one pair of figures; a trace counts initial bytes among those that can move before the stop. */
export function pendingOf(
  device: TraceDevice,
  precopyBytes: number,
  stopcopyBytes: number,
  initialBytes: number,
): Pending {
  const { declared } = device;
  return {
    initialBytes: Math.min(initialBytes, precopyBytes),
    precopyBytes: Math.max(0, precopyBytes - initialBytes),
    stopcopyBytes,
    fixedMs: declared?.loadMs ?? 0,
    saveMs: declared?.saveMs,
    bytesPerSec: declared?.rateBps,
    mayShrink: declared?.mayShrink,
    carried: declared?.carried,
  };
}
