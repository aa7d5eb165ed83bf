import type { BandwidthRange } from "./bandwidth.ts";
import type { Forecast } from "./forecast.ts";
import type { Sample } from "./plateau.ts";
import { median } from "./statistics.ts";

/** What would have worked, as far as the figures tell. The limit is a figure; bandwidth and throttle are "about". */
export interface Need {
  limitMs: number;
  bytesPerSec?: number;
  /** Own times take more than 0.7 of the limit: no bandwidth helps. */
  fixedMs?: number;
  /** By what factor the slowest device would have to be faster, where it and not the link is what takes so long. */
  deviceFaster?: number;
  throttle?: number;
  workingSetBytes?: number;
  writtenBytesPerSec?: number;
}

/** Bytes that are written over and over, and how often each of their pages is, per second. */
export interface WorkingSet {
  bytes: number;
  perSec: number;
}

const headroom = 1.15;
const extraMs = 10;
const samplesCounted = 12;
const fixedShare = 0.7;
const leastRoomMs = 5;
/** Of what is pending; less than that found in a moment without sending tells nothing. */
const seenShare = 0.02;

/** Of what only the stop can do: the limit that its expected cost fits, and the bandwidth that its bytes need. */
export function needOfStop(
  predicted: Forecast,
  stopcopyBytes: number,
  limitMs: number,
  bandwidth: BandwidthRange,
): Need {
  const moveMs = Math.max((stopcopyBytes / bandwidth.mid) * 1000, predicted.deviceMs);
  const need: Need = { limitMs: limitFor(predicted.fixedMs + moveMs) };
  if (predicted.fixedMs > fixedShare * limitMs) return { ...need, fixedMs: Math.round(predicted.fixedMs) };
  const room = Math.max(leastRoomMs, limitMs - predicted.fixedMs);
  const bytesPerSec = Math.ceil(headroom * (stopcopyBytes / room) * 1000);
  const slowDevice = predicted.deviceMs > 0.9 * (limitMs - predicted.fixedMs);
  return {
    ...need,
    bytesPerSec,
    ...(slowDevice && { deviceFaster: Number(((1.25 * predicted.deviceMs) / room).toFixed(2)) }),
  };
}

/**
 * Of a plateau: the limit that the median of its last forecasts fits. With the working set W (bytes) that is written at r per page:
 * bandwidth 1.2 (W + S) / (L' + 1/r), throttle 1 - 0.9 / (r ((W + S) / B - 0.8 L')).
 */
export function needOfPlateau(
  predicted: Forecast,
  samples: readonly Sample[],
  limitMs: number,
  bandwidth: BandwidthRange,
  known: { stopcopyBytes: number; workingSet: WorkingSet | undefined },
): Need {
  const recent = samples.slice(-samplesCounted).map(({ mid }) => mid);
  const need: Need = { limitMs: limitFor(recent.length > 0 ? Math.exp(median(recent)) : predicted.midMs) };
  if (predicted.fixedMs > fixedShare * limitMs) return { ...need, fixedMs: Math.round(predicted.fixedMs) };
  if (known.workingSet === undefined) return need;
  const { bytes, perSec } = known.workingSet;
  const roomSec = Math.max(leastRoomMs, limitMs - predicted.fixedMs) / 1000;
  const all = bytes + known.stopcopyBytes;
  // A stall a while ago makes the lower end next to nothing: no throttle is computed from that.
  const excessSec = all / Math.max(bandwidth.low, bandwidth.mid / 2) - 0.8 * roomSec;
  return {
    ...need,
    bytesPerSec: Math.ceil((1.2 * all) / (roomSec + 1 / perSec)),
    throttle: excessSec > 0 ? Number(Math.min(0.99, Math.max(0, 1 - 0.9 / (excessSec * perSec))).toFixed(3)) : 0,
    workingSetBytes: Math.round(bytes),
    writtenBytesPerSec: Math.round(bytes * perSec),
  };
}

/**
 * From three spans without sending, of equal length: rates a, b, c fall as pages are written again that were dirty already. What
 * does not fall is the cold part; r = ln((a - 0.9 cold) / (b - 0.9 cold)) / dt, hot = (a - 0.9 cold) dt / (1 - e^(-r dt)), and the
 * working set is what was dirty before plus what of the hot part was clean.
 */
export function workingSetOf(
  spans: readonly { writtenBytes: number; overMs: number }[],
  pendingBytes: number,
): WorkingSet | undefined {
  const [first, second, third] = spans;
  if (first === undefined || second === undefined || third === undefined) return undefined;
  // All of it was dirty when the sending ended: how fast it is written cannot be seen.
  if (first.writtenBytes + second.writtenBytes + third.writtenBytes < seenShare * pendingBytes) return undefined;
  const [a, b, c] = [rateOf(first), rateOf(second), rateOf(third)];
  const dtSec = (first.overMs + second.overMs) / 2000;
  const cold = c > 0.8 * b ? 0.9 * Math.min(b, c) : 0;
  const perSec = Math.max(0.01, Math.log(Math.max(1.02, (a - cold) / Math.max(1, b - cold))) / dtSec);
  const hot = (Math.max(0, a - cold) * (first.overMs / 1000)) / (1 - Math.exp(-perSec * dtSec));
  const written = first.writtenBytes + second.writtenBytes + third.writtenBytes;
  return { bytes: Math.max(1, pendingBytes - written + hot), perSec };
}

/** Bytes/s. */
function rateOf({ writtenBytes, overMs }: { writtenBytes: number; overMs: number }): number {
  return Math.max(1, (writtenBytes / overMs) * 1000);
}

function limitFor(ms: number): number {
  return Math.ceil(headroom * ms + extraMs);
}
