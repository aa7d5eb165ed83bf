import { type BandwidthRange, leastBytesPerSec } from "./bandwidth.ts";
import type { Observation, Pending } from "./observation.ts";
import type { Policy } from "./policy.ts";

/** The downtime if the guest were stopped now, in ms. */
export interface Forecast {
  lowMs: number;
  midMs: number;
  highMs: number;
  /** 1 sd. */
  sdMs: number;
  /** The most favourable value that is credible: what is above the limit here surely does not fit. */
  bestMs: number;
  /** The part that no bandwidth shortens. */
  fixedMs: number;
  /** The part that the slowest device takes to save its state, and the part that the link takes for all bytes. */
  deviceMs: number;
  transferMs: number;
}

/** The parts of a switchover that are known before its bytes are. */
interface Costs {
  fixedMs: number;
  fixedSdMs: number;
  deviceMs: number;
  stopcopyBytes: number;
}

/** The band for "surely fits" and for "surely not", in standard deviations. */
const z = 2;
/** Relative errors (1 sd) of a device's own time, of its rate and of what an exact answer costs; of what only the stop can move. */
const errorOf = { load: 0.15, device: 0.12, sync: 0.1, stopcopy: 0.03 };

/**
 * F = stop and resume + sync + 3 rtt + (side by side ? max : sum) of the devices' own times + those of devices that others carry;
 * D = F + max((P + S) / B, max over devices (save + (S_j + P_j) / rate_j)), with P the bytes that could have moved before, S those
 * that could not. The interval is D ± 2 sd; sd² = sdF² + (link slower ? (net sdB)² + (hidden bytes)² + (S noise)² : (device)²).
 *
 * @param moving bytes that could have moved before, known and hidden ones, with the error (1 sd) of the hidden ones.
 */
export function forecast(
  observation: Observation,
  moving: { bytes: number; sdBytes: number },
  bandwidth: BandwidthRange,
  policy: Policy,
  syncMs: number,
): Forecast {
  const costs = costsOf(observation, policy, syncMs, "whole");
  const bytes = moving.bytes + costs.stopcopyBytes;
  const transferMs = msFor(bytes, bandwidth.mid);
  const noise = Math.hypot(
    transferMs * bandwidth.sd,
    msFor(moving.sdBytes, bandwidth.mid),
    msFor((errorOf.stopcopy * costs.stopcopyBytes) / 2, bandwidth.mid),
  );
  const linkIsSlower = transferMs > costs.deviceMs;
  const sdMs = Math.hypot(costs.fixedSdMs, linkIsSlower ? noise : errorOf.device * costs.deviceMs);
  const midMs = costs.fixedMs + Math.max(transferMs, costs.deviceMs);
  return {
    lowMs: Math.max(0, midMs - z * sdMs),
    midMs,
    highMs: midMs + z * sdMs,
    sdMs,
    bestMs: bestOf(costs, bytes, bandwidth.high),
    fixedMs: costs.fixedMs,
    deviceMs: costs.deviceMs,
    transferMs,
  };
}

/** How many pending bytes fit a limit, at a bandwidth and with the part that no bandwidth shortens. */
export function fittingBytes({ fixedMs }: Pick<Forecast, "fixedMs">, limitMs: number, bytesPerSec: number): number {
  return (Math.max(0, limitMs - fixedMs) / 1000) * bytesPerSec;
}

/** What the stop alone costs at its most favourable, in ms: its bytes at `highBytesPerSec`, devices' own times at -2 sd, nothing else moving. */
export function leastDowntimeMs(
  observation: Observation,
  highBytesPerSec: number,
  policy: Policy,
  syncMs: number,
): { totalMs: number; fixedMs: number } {
  const costs = costsOf(observation, policy, syncMs, "stopOnly");
  const totalMs = bestOf(costs, costs.stopcopyBytes, highBytesPerSec);
  return { totalMs, fixedMs: Math.max(0, costs.fixedMs - z * costs.fixedSdMs) };
}

function bestOf(costs: Costs, bytes: number, highBytesPerSec: number): number {
  const link = msFor(Math.max(0, bytes - errorOf.stopcopy * costs.stopcopyBytes), highBytesPerSec);
  const device = costs.deviceMs * (1 - z * errorOf.device);
  return Math.max(0, costs.fixedMs - z * costs.fixedSdMs) + Math.max(link, device);
}

function costsOf(observation: Observation, policy: Policy, syncMs: number, moved: "whole" | "stopOnly"): Costs {
  let [own, ownVariance, carriedMs, carriedVariance, deviceMs, stopBytes] = [0, 0, 0, 0, 0, 0];
  for (const { pending } of observation.devices) {
    stopBytes += pending.stopcopyBytes;
    deviceMs = Math.max(deviceMs, savingMs(pending, moved));
    const variance = (errorOf.load * pending.fixedMs) ** 2;
    if (pending.carried === true) {
      carriedMs += pending.fixedMs;
      carriedVariance += variance;
      continue;
    }
    own = policy.parallelLoad ? Math.max(own, pending.fixedMs) : own + pending.fixedMs;
    ownVariance = policy.parallelLoad ? Math.max(ownVariance, variance) : ownVariance + variance;
  }
  const fixedVariance = ownVariance + carriedVariance + (errorOf.sync * syncMs) ** 2;
  return {
    fixedMs: policy.stopResumeMs + syncMs + 3 * observation.rttMs + own + carriedMs,
    fixedSdMs: Math.sqrt(policy.stopResumeSdMs ** 2 + fixedVariance),
    deviceMs,
    stopcopyBytes: stopBytes,
  };
}

function savingMs(pending: Pending, moved: "whole" | "stopOnly"): number {
  const movable = moved === "whole" ? pending.initialBytes + pending.precopyBytes : 0;
  const bytesPerSec = Math.max(leastBytesPerSec, pending.bytesPerSec ?? Infinity);
  return (pending.saveMs ?? 0) + msFor(pending.stopcopyBytes + movable, bytesPerSec);
}

/** Nothing takes no time, however slow the path. */
function msFor(bytes: number, bytesPerSec: number): number {
  return bytes === 0 ? 0 : (bytes / bytesPerSec) * 1000;
}
