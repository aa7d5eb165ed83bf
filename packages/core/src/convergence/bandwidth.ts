import type { Observation } from "./observation.ts";
import type { Policy } from "./policy.ts";
import { quantile } from "./statistics.ts";

/**
 * Bandwidth in bytes per busy time: Δwire / Δbusy over slices of 0.2 s of busy time, smoothed by an EWMA with a time constant of
 * 1.5 s. Idle time, scanning and synchronising are thus not taken for a slow link. How good its forecasts are is measured on itself:
 * the mean of the slices of half a second, over what was forecast before them.
 */
export interface Bandwidth {
  /** EWMA in bytes/s; undefined until the first slice. */
  smoothedBytesPerSec: number | undefined;
  /** While no slice is whole: half of what the bytes so far have had, since so few of them may flatter the link. */
  earlyBytesPerSec: number | undefined;
  /** Of the last minute, at least 15 where there are so many; oldest first. */
  slices: readonly Slice[];
  /** What came over what was forecast, of the last minute. */
  errors: readonly { atMs: number; ratio: number }[];
  /** The EWMA after each of the last slices, newest last. */
  forecasts: readonly number[];
  /** The best mean of five slices in a row of the last minute, and of the whole run. */
  bestBytesPerSec: number;
  bestOfRunBytesPerSec: number;
  /** The 5 % quantile of `errors`, once there are enough. */
  lowRatio: number;
  /** Where the slice under way began. */
  from: { atMs: number; wireBytes: number; busyMs: number };
  last: { epoch: number; wireBytes: number; busyMs: number };
  /** When the wire last carried something. */
  movedAtMs: number;
}

export interface Slice {
  atMs: number;
  bytesPerSec: number;
}

/** Bytes/s: what to expect, what surely comes (95 %) and the most that is credible; `sd` is the relative error of `mid`. */
export interface BandwidthRange {
  low: number;
  mid: number;
  high: number;
  sd: number;
}

/** A path that carries less is dead. */
export const leastBytesPerSec = 1;
/** What must be pending for a silent wire to mean something. */
export const worthMovingBytes = 1_000_000;
const sliceMs = 200;
const tauMs = 1_500;
const windowMs = 60_000;
const horizonMs = 500;
const unmeasured = 0.88;
const enough = 15;
/** Measured by so much above the cap, it is the path and not the cap that was measured. */
const clearly = 1.2;
const best = { slices: 5, factor: 1.03 };
const forecastsKept = 12;
/** Without a whole slice for so long, a shorter one is taken, if it is long enough to mean something. */
const longestSliceMs = 5_000;
const shortestSliceMs = 20;
/** No more than that, however the source's clock and its counters go. */
const mostKept = 512;

export const noBandwidth: Bandwidth = {
  smoothedBytesPerSec: undefined,
  earlyBytesPerSec: undefined,
  slices: [],
  errors: [],
  forecasts: [],
  bestBytesPerSec: 0,
  bestOfRunBytesPerSec: 0,
  lowRatio: unmeasured,
  from: { atMs: 0, wireBytes: 0, busyMs: 0 },
  last: { epoch: 0, wireBytes: 0, busyMs: 0 },
  movedAtMs: 0,
};

/** Takes in one report, at `nowMs` of the judge's clock. */
export function measure(before: Bandwidth, observation: Observation, nowMs: number): Bandwidth {
  const { wireBytes, busyMs, epoch = 0 } = observation;
  const { last, from } = before;
  const movedAtMs = wireBytes > last.wireBytes ? nowMs : before.movedAtMs;
  const here = { ...before, last: { epoch, wireBytes, busyMs }, movedAtMs };
  const anew = { ...here, from: { atMs: nowMs, wireBytes, busyMs } };
  // Counters that began anew belong to another process: no slice reaches across.
  if (epoch !== last.epoch || wireBytes < last.wireBytes || busyMs < last.busyMs) return anew;
  const [busy, wall, bytes] = [busyMs - from.busyMs, nowMs - from.atMs, wireBytes - from.wireBytes];
  if (busy >= sliceMs || (wall > longestSliceMs && busy >= shortestSliceMs))
    return withSlice(anew, (bytes / busy) * 1000, busy, nowMs);
  const hasSlices = before.slices.length > 0;
  // Without any slice the few bytes so far are all that is known, however long ago they moved.
  if (wall > longestSliceMs && hasSlices) return anew;
  const earlyBytesPerSec =
    hasSlices || bytes === 0 ? before.earlyBytesPerSec : ((bytes / Math.max(busy, 1)) * 1000) / 2;
  return { ...here, earlyBytesPerSec };
}

/** What the switchover can count on; undefined while neither the link nor anything that moved says so. */
export function rangeOf(bandwidth: Bandwidth, policy: Policy): BandwidthRange | undefined {
  const { capBytesPerSec: cap, reservedBytesPerSec: reserved } = policy;
  const link = linkOf(policy);
  const measured =
    bandwidth.smoothedBytesPerSec === undefined ? beforeMeasured(bandwidth, policy) : ofSlices(bandwidth, link);
  if (measured === undefined) return undefined;
  let { low, mid, high } = measured;
  if (cap !== undefined && reserved !== undefined) {
    // What was learnt may be more than the link is said to carry by now, or than it gives where waiting for the cap is not counted.
    const beyondCap = isSettled(bandwidth) && isOfPath(bandwidth.smoothedBytesPerSec ?? 0, cap);
    const promised = Math.min(reserved, link, beyondCap ? best.factor * bandwidth.bestBytesPerSec : Infinity);
    mid = Math.max(mid, 0.95 * promised);
    low = Math.max(low, 0.8 * promised);
    high = Math.max(high, Math.min(link, 1.2 * promised));
  }
  // Where waiting for the cap is not counted, more may be measured than the path is said to carry.
  if (cap !== undefined) [low, mid, high] = [Math.min(low, link), Math.min(mid, link), Math.min(high, link)];
  return { low, mid, high, sd: Math.max(0.01, (1 - low / mid) / 1.645) };
}

/** What was measured, in bytes/s; undefined while it was not enough to say something of the path. */
export function measuredOf({ slices, smoothedBytesPerSec }: Bandwidth): number | undefined {
  return slices.length < best.slices ? undefined : smoothedBytesPerSec;
}

/** Whether what was measured is the path's own, and not the cap that it was measured under. */
export function isOfPath(bytesPerSec: number, capBytesPerSec: number | undefined): boolean {
  return capBytesPerSec === undefined || bytesPerSec > clearly * capBytesPerSec;
}

/** The most the path can carry: no less than a dead one does, and without a limit where nobody has said one. */
export function linkOf({ linkBytesPerSec = Infinity }: Pick<Policy, "linkBytesPerSec">): number {
  return Math.max(leastBytesPerSec, linkBytesPerSec);
}

/** Enough was measured that the best of it stands for the most that the path gives. */
export function isSettled({ slices }: Bandwidth): boolean {
  return slices.length >= enough;
}

/** The path carries less than half of what it should, or than three fifths of what it did. A cap of one's own is no fault of the link. */
export function degradedFrom(bandwidth: Bandwidth, policy: Policy): number | undefined {
  const { smoothedBytesPerSec: measured, bestOfRunBytesPerSec } = bandwidth;
  if (measured === undefined || bandwidth.slices.length < best.slices) return undefined;
  const expected = Math.min(policy.linkBytesPerSec ?? Infinity, policy.capBytesPerSec ?? Infinity);
  if (Number.isFinite(expected) && measured < 0.5 * expected) return expected;
  const before = Math.min(bestOfRunBytesPerSec, policy.capBytesPerSec ?? Infinity);
  return measured < 0.6 * before ? before : undefined;
}

/** No slice yet: what earlier migrations had, or three fifths of the link; a few bytes that came slower count for more. */
function beforeMeasured(
  { earlyBytesPerSec: early }: Bandwidth,
  policy: Policy,
): Omit<BandwidthRange, "sd"> | undefined {
  const { linkBytesPerSec: link, priorBytesPerSec: prior } = policy;
  const known = prior ?? (link === undefined ? undefined : 0.6 * link);
  const mid =
    known === undefined && early === undefined
      ? undefined
      : Math.min(early ?? Infinity, known ?? Infinity, link ?? Infinity);
  if (mid === undefined || mid < leastBytesPerSec) return undefined;
  return { mid, low: mid / 2, high: Math.max(mid, link ?? Infinity) };
}

function ofSlices(bandwidth: Bandwidth, link: number): Omit<BandwidthRange, "sd"> {
  const mid = Math.max(leastBytesPerSec, bandwidth.smoothedBytesPerSec ?? 0);
  const low = Math.max(leastBytesPerSec, mid * Math.min(0.98, bandwidth.lowRatio));
  const most = isSettled(bandwidth) ? Math.max(bandwidth.bestBytesPerSec, mid) * best.factor : Infinity;
  return { low, mid, high: Math.max(mid, Math.min(link, most)) };
}

function withSlice(before: Bandwidth, bytesPerSec: number, busyMs: number, nowMs: number): Bandwidth {
  const slices = recent([...before.slices, { atMs: nowMs, bytesPerSec }], nowMs);
  const smoothed = smooth(before.smoothedBytesPerSec, bytesPerSec, busyMs);
  const errors = withError(before, slices, busyMs, nowMs);
  const bestBytesPerSec = bestMean(slices);
  const run = slices.length < best.slices ? before.bestOfRunBytesPerSec : meanOfLast(slices, best.slices);
  return {
    ...before,
    slices,
    errors,
    smoothedBytesPerSec: smoothed,
    earlyBytesPerSec: undefined,
    forecasts: [...before.forecasts.slice(1 - forecastsKept), smoothed],
    bestBytesPerSec,
    bestOfRunBytesPerSec: Math.max(before.bestOfRunBytesPerSec, run),
    lowRatio:
      errors.length < enough
        ? unmeasured
        : quantile(
            errors.map(({ ratio }) => ratio),
            0.05,
          ),
  };
}

function smooth(before: number | undefined, slice: number, busyMs: number): number {
  return before === undefined ? slice : before + (1 - Math.exp(-busyMs / tauMs)) * (slice - before);
}

/** What the slices of the last half second had, over what was forecast before them. */
function withError(before: Bandwidth, slices: readonly Slice[], busyMs: number, nowMs: number): Bandwidth["errors"] {
  const steps = Math.max(1, Math.round(horizonMs / busyMs));
  const forecast = before.forecasts.at(-steps);
  if (forecast === undefined || forecast <= 0) return before.errors;
  return recent([...before.errors, { atMs: nowMs, ratio: meanOfLast(slices, steps) / forecast }], nowMs);
}

function meanOfLast(slices: readonly Slice[], count: number): number {
  return slices.slice(-count).reduce((sum, slice) => sum + slice.bytesPerSec, 0) / count;
}

function bestMean(slices: readonly Slice[]): number {
  let [most, sum] = [0, 0];
  for (const [index, slice] of slices.entries()) {
    sum += slice.bytesPerSec - (slices[index - best.slices]?.bytesPerSec ?? 0);
    if (index >= best.slices - 1) most = Math.max(most, sum / best.slices);
  }
  return most;
}

function recent<Item extends { atMs: number }>(items: Item[], nowMs: number): Item[] {
  let first = Math.max(0, items.length - mostKept);
  while (items.length - first > enough && nowMs - (items[first]?.atMs ?? nowMs) > windowMs) first += 1;
  return first === 0 ? items : items.slice(first);
}
