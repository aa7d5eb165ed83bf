import type { DeviceObservation, Pending } from "../convergence/observation.ts";
import type { DeviceProgress } from "./state.ts";

/** A rate over less than this would jump with every chunk. */
const shortestMs = 1_000;

/** A device by the last report, with how fast it is written and what it alone would take: for people; no decision rests on it. */
export function deviceAfter(
  before: DeviceProgress,
  { pending, rounds, sentBytes }: DeviceObservation,
  atMs: number,
  bytesPerSec: number | undefined,
): DeviceProgress {
  const bytes = totalBytes(pending) + sentBytes;
  return {
    ...before,
    ...writtenSince(before, atMs, bytes),
    pending,
    rounds,
    sentBytes,
    predictedMs: bytesPerSec === undefined ? undefined : aloneMs(pending, bytesPerSec),
  };
}

/** What is pending and what has been sent grow together only by what is written. Counters or a clock that begin anew begin a new span. */
function writtenSince(
  { since, dirtyBytesPerSec }: DeviceProgress,
  atMs: number,
  bytes: number,
): Pick<DeviceProgress, "since" | "dirtyBytesPerSec"> {
  if (since === undefined || bytes < since.bytes / 2 || atMs < since.atMs)
    return { since: { atMs, bytes }, dirtyBytesPerSec };
  const overMs = atMs - since.atMs;
  if (overMs < shortestMs) return { since, dirtyBytesPerSec };
  return { since: { atMs, bytes }, dirtyBytesPerSec: (Math.max(0, bytes - since.bytes) / overMs) * 1000 };
}

/** Its own time, and the longer of what the link and what the device itself takes for its bytes. */
function aloneMs(pending: Pending, bytesPerSec: number): number {
  const bytes = totalBytes(pending);
  const overLink = bytes === 0 ? 0 : (bytes / bytesPerSec) * 1000;
  const itself = (pending.saveMs ?? 0) + (bytes / (pending.bytesPerSec ?? Infinity)) * 1000;
  return pending.fixedMs + Math.max(overLink, itself);
}

function totalBytes({ initialBytes, precopyBytes, stopcopyBytes }: Pending): number {
  return initialBytes + precopyBytes + stopcopyBytes;
}
