import { type Reason, rateText, reason } from "../reason.ts";
import type { Endpoint } from "./ledger.ts";

/** What a forecast before the start rests on. */
export interface Writing {
  /** U(τ): the distinct bytes that are written in a window of so many ms. */
  writtenBytes: (ms: number) => number;
  stopcopyBytes: number;
  downtimeLimitMs: number;
  /** Of the downtime, what passes whatever the bandwidth. */
  fixedMs: number;
}

/** Of what the limit leaves for bytes; the rest is for what was estimated too low. */
const usableOfLimit = 0.95;
/** What is kept for a migration over and above the least that it needs. */
const ease = 1.25;
/** Of the path, where nothing is known of the guest. */
const assumed = 0.5;
/** A forecast that misses by less than that is tried all the same. */
const doubt = 1.15;

/** The least bandwidth at which what is written within the downtime, and what only the stop can move, fits into it: (U(L') + S) / L'. */
export function bandwidthNeeded({ writtenBytes, stopcopyBytes, downtimeLimitMs, fixedMs }: Writing): number {
  const roomMs = usableOfLimit * (downtimeLimitMs - fixedMs);
  return roomMs <= 0 ? Infinity : ((writtenBytes(roomMs) + stopcopyBytes) / roomMs) * 1000;
}

/** What is guaranteed to a migration on a path that gives at most `top`. */
export function guaranteeOf(neededBytesPerSec: number | undefined, top: number): number {
  if (neededBytesPerSec === undefined) return top === Infinity ? 0 : ease * assumed * top;
  return Math.min(top, ease * neededBytesPerSec);
}

/** S6: one that its whole path could not make converge is refused before it has cost a byte. */
export function cannotConverge(
  neededBytesPerSec: number | undefined,
  top: number,
  ends: readonly (Endpoint | undefined)[],
): Reason | undefined {
  if (neededBytesPerSec === Infinity) {
    const sentence = "It cannot move live: its downtime limit leaves no time for a single byte.";
    return reason("CANNOT_CONVERGE", sentence, {});
  }
  if (neededBytesPerSec === undefined || neededBytesPerSec <= doubt * top) return undefined;
  const path = ends.flatMap((end) => end?.host.name ?? []).join(" to ");
  const sentence =
    `It cannot move live: as it is written it needs ${rateText(neededBytesPerSec)} to converge, ` +
    `and ${path} gives at most ${rateText(top)}.`;
  return reason("CANNOT_CONVERGE", sentence, { neededBytesPerSec, topBytesPerSec: top });
}
