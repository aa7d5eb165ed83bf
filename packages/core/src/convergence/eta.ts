import type { BandwidthRange } from "./bandwidth.ts";
import type { Forecast } from "./forecast.ts";
import type { Observation } from "./observation.ts";
import { precopyBytes, stopcopyBytes } from "./observation.ts";
import type { Policy } from "./policy.ts";
import type { MsRange } from "./verdict.ts";

/** How far the rate of writing may be off, either way. */
const written = { least: 0.7, most: 1.3 };
const over: MsRange = { lowMs: 0, highMs: 0 };

/**
 * Until the expected downtime fits the limit: what is too much for it, at the rate by which sending outpaces writing. From the best
 * credible bandwidth over a calm guest to a poor one over a busy guest, and no later than the deadline. Undefined where not even the
 * favourable case gets there: what only the stop can move stays, and so does a device's own time.
 */
export function etaOf(
  observation: Observation,
  hiddenBytes: number,
  predicted: Forecast,
  bandwidth: BandwidthRange,
  dirtyBytesPerSec: number,
  policy: Policy,
  leftMs: number,
): MsRange | undefined {
  const movable = precopyBytes(observation) + hiddenBytes;
  const fitting = (Math.max(0, policy.downtimeLimitMs - predicted.fixedMs) / 1000) * bandwidth.mid;
  const excess = movable + stopcopyBytes(observation) - fitting;
  if (predicted.midMs <= policy.downtimeLimitMs) return over;
  // However little is left to send, a device may need too long by itself.
  if (excess <= 0) return predicted.fixedMs + predicted.deviceMs > policy.downtimeLimitMs ? undefined : over;
  if (!(excess <= movable)) return undefined;
  const cap = policy.capBytesPerSec ?? Infinity;
  const lowMs = msUntil(excess, Math.min(bandwidth.high, cap) - written.least * dirtyBytesPerSec);
  const highMs = msUntil(excess, Math.min(bandwidth.low, cap) - written.most * dirtyBytesPerSec);
  return lowMs > leftMs ? undefined : { lowMs, highMs: Math.min(highMs, leftMs) };
}

function msUntil(bytes: number, bytesPerSec: number): number {
  return bytesPerSec > 0 ? (bytes / bytesPerSec) * 1000 : Infinity;
}
