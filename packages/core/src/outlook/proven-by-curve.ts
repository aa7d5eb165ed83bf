import { quietWaitMs } from "../convergence/history.ts";
import type { Verdict } from "../convergence/verdict.ts";
import { bytesText, msText, rateText } from "../reason.ts";
import type { DirtyHistory } from "./dirty-history.ts";

/** What is known of the way and the limit before anything moves. */
export interface Way {
  downtimeLimitMs: number;
  /** What stopping and resuming takes whatever moves, in ms. */
  fixedMs: number;
  linkBytesPerSec: number | undefined;
  /** What earlier migrations had, in bytes/s. */
  priorBytesPerSec: number | undefined;
  capBytesPerSec: number | undefined;
}

/** Watched for so many samples, the least of which is not much less than the greatest: what was seen is how the guest is. */
const steady = { samples: 3, ratio: 0.7 };
/** In favour of the guest: what was seen may be so much too much, by so many errors of a sample, and the way so much better than it was. */
const credit = { counted: 0.95, errors: 2, prior: 1.2 };

/**
 * A necessary condition, whatever is sent in which order: at a stop that fits, U(Δ) <= B (L' + Δ) for every window Δ before it, with
 * L' what the limit leaves for bytes. One window of a steady guest that breaks it says that no moment fits; a history with quiet
 * periods says that another one may.
 */
export function provenByCurve(dirty: DirtyHistory, way: Way): Verdict | undefined {
  if (!isSteady(dirty)) return undefined;
  const most = Math.min(way.linkBytesPerSec ?? Infinity, credit.prior * (way.priorBytesPerSec ?? Infinity));
  if (!Number.isFinite(most)) return undefined;
  const roomMs = Math.max(0, way.downtimeLimitMs - way.fixedMs);
  const sending = Math.min(most, way.capBytesPerSec ?? Infinity);
  const broken = dirty.curve.find(
    ({ overMs, bytes, sdBytes = 0 }) =>
      credit.counted * bytes - credit.errors * sdBytes > (sending * overMs + most * roomMs) / 1000,
  );
  return broken === undefined ? undefined : sayOutrun(broken, sending, way);
}

/** Written much alike for a while, without quiet periods: it will be written so. */
export function isSteady({ bytesPerSec }: DirtyHistory): boolean {
  const recent = bytesPerSec.slice(-steady.samples);
  const isAlike = recent.length === steady.samples && Math.min(...recent) >= steady.ratio * Math.max(...recent);
  return isAlike && quietWaitMs({ history: bytesPerSec }) === 0;
}

function sayOutrun({ overMs, bytes }: { overMs: number; bytes: number }, bytesPerSec: number, way: Way): Verdict {
  const dirtyBytesPerSec = (bytes / Math.max(1, overMs)) * 1000;
  const sentence =
    `${bytesText(bytes)} of the guest are written within ${msText(overMs)}, and at most ${rateText(bytesPerSec)} can be sent: ` +
    `at no moment is so little left that it fits the limit of ${msText(way.downtimeLimitMs)}.`;
  const inputs = { writtenBytes: bytes, overMs, dirtyBytesPerSec, bytesPerSec, beforeStart: true, proof: false };
  return {
    kind: "hopeless",
    code: "DIRTY_RATE",
    sentence,
    inputs,
    thresholds: { downtimeLimitMs: way.downtimeLimitMs },
  };
}
