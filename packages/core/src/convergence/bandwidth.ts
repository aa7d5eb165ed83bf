import type { Observation, Policy } from "./observation.ts";

/**
 * Bandwidth in bytes per busy time: Δwire / Δbusy over slices of 0.2 s of busy time, smoothed by an EWMA with a time constant
 * of 1.5 s. Idle time, scanning and synchronising are thus not taken for a slow link.
 */
export interface Bandwidth {
  /** EWMA in bytes/s; undefined until the first slice. */
  measuredBytesPerSec: number | undefined;
  /** While no slice is whole: half of what the bytes so far have had, since so few of them may flatter the link. */
  earlyBytesPerSec: number | undefined;
  /** The best slice so far. */
  bestBytesPerSec: number;
  slices: number;
  /** Where the slice under way began; the first one with the migration, so that a small guest is measured too. */
  from: { wireBytes: number; busyMs: number };
}

/** A path that carries less is dead: no downtime can be told. */
export const leastBytesPerSec = 1;
const sliceMs = 200;
const tauMs = 1500;
/** Credit over the best that was seen, for what is only called impossible when it surely is. */
const bestFactor = 1.03;
/** Slices before the best one stands for the most that the path can carry. */
const slicesForBest = 15;
/** Slices before the figures of the path count against it. */
const slicesToSettle = 5;

export const noBandwidth: Bandwidth = {
  measuredBytesPerSec: undefined,
  earlyBytesPerSec: undefined,
  bestBytesPerSec: 0,
  slices: 0,
  from: { wireBytes: 0, busyMs: 0 },
};

export function measure(bandwidth: Bandwidth, observation: Observation): Bandwidth {
  const here = { wireBytes: observation.wireBytes, busyMs: observation.busyMs };
  const { from } = bandwidth;
  // Counters that went back belong to another process of the agent: no slice reaches across.
  if (here.wireBytes < from.wireBytes || here.busyMs < from.busyMs) return { ...bandwidth, from: here };
  const busyMs = here.busyMs - from.busyMs;
  if (busyMs < sliceMs)
    return { ...bandwidth, earlyBytesPerSec: early(bandwidth, here.wireBytes - from.wireBytes, busyMs) };
  const slice = ((here.wireBytes - from.wireBytes) / busyMs) * 1000;
  const weight = 1 - Math.exp(-busyMs / tauMs);
  const before = bandwidth.measuredBytesPerSec ?? slice;
  return {
    ...bandwidth,
    measuredBytesPerSec: before + weight * (slice - before),
    bestBytesPerSec: Math.max(bandwidth.bestBytesPerSec, slice),
    slices: bandwidth.slices + 1,
    from: here,
  };
}

/** What has moved had this bandwidth, in bytes/s; undefined when nothing has. */
export function measuredBytesPerSec(bandwidth: Bandwidth): number | undefined {
  return bandwidth.measuredBytesPerSec ?? bandwidth.earlyBytesPerSec;
}

/** What the switchover can count on, in bytes/s: a cap is lifted then, so that the link itself counts where it is known. */
export function expectedBytesPerSec(bandwidth: Bandwidth, policy: Policy): number | undefined {
  const measured = measuredBytesPerSec(bandwidth);
  const link = policy.linkBytesPerSec;
  if (measured === undefined) return link;
  if (bandwidth.slices === 0 && link !== undefined && measured > link) return link;
  return policy.capBytesPerSec !== undefined && link !== undefined ? Math.max(measured, 0.95 * link) : measured;
}

/**
 * The most favourable credible figure: the link's own limit, which proves; else the best seen once enough was seen. Under a cap, or
 * while nothing has come through, what was seen says nothing of the most.
 */
export function mostBytesPerSec(bandwidth: Bandwidth, policy: Policy): number | undefined {
  const link = policy.linkBytesPerSec;
  if (link !== undefined) return link < leastBytesPerSec ? undefined : link;
  if (policy.capBytesPerSec !== undefined || bandwidth.bestBytesPerSec < leastBytesPerSec) return undefined;
  return bandwidth.slices >= slicesForBest ? bandwidth.bestBytesPerSec * bestFactor : undefined;
}

/** The migration's own cap is what holds it back. */
export function isCapped(bandwidth: Bandwidth, policy: Policy): boolean {
  const measured = bandwidth.measuredBytesPerSec;
  return policy.capBytesPerSec !== undefined && measured !== undefined && measured >= 0.9 * policy.capBytesPerSec;
}

export function isSettled(bandwidth: Bandwidth): boolean {
  return bandwidth.slices >= slicesToSettle;
}

/** The path carries less than half of what it should. A cap of the migration's own is no fault of the link. */
export function isDegraded(bandwidth: Bandwidth, policy: Policy): boolean {
  const link = Math.min(policy.linkBytesPerSec ?? Infinity, policy.capBytesPerSec ?? Infinity);
  const measured = bandwidth.measuredBytesPerSec;
  return Number.isFinite(link) && measured !== undefined && isSettled(bandwidth) && measured < link / 2;
}

function early({ slices, earlyBytesPerSec: known }: Bandwidth, wireBytes: number, busyMs: number): number | undefined {
  return slices > 0 || wireBytes === 0 ? known : ((wireBytes / Math.max(busyMs, 1)) * 1000) / 2;
}
