import { msText, type Reason, rateText, reason } from "../reason.ts";
import type { Endpoint } from "./ledger.ts";
import type { QueuedMove } from "./snapshot.ts";

/** Under what a migration is tried. */
export interface Conditions {
  destinationId: string;
  /** Undefined where the path has no budget. */
  shareBytesPerSec: number | undefined;
  downtimeLimitMs: number;
  neededBytesPerSec: number | undefined;
  facts: string;
}

/** One that failed: when, why, and under what it was tried. */
export interface Attempt extends Conditions {
  endedAt: number;
  code: string;
}

const firstWaitMs = 30_000;
const longestWaitMs = 30 * 60_000;
const attemptsAtMost = 5;
/** Figures that differ by less are the same. */
const noticeable = 1.1;

/** Twice as long after each failure. */
export function retriesAt(attempts: readonly Attempt[]): number {
  if (attempts.length === 0) return 0;
  const last = Math.max(...attempts.map(({ endedAt }) => endedAt));
  return last + Math.min(longestWaitMs, firstWaitMs * 2 ** (attempts.length - 1));
}

export function spent(attempts: readonly Attempt[]): Reason | undefined {
  if (attempts.length < attemptsAtMost) return undefined;
  const code = latest(attempts)?.code ?? "";
  const sentence = `It has failed ${attempts.length} times, the last time with ${code}, and is not tried again.`;
  return reason("ATTEMPTS_SPENT", sentence, { attempts: attempts.length, lastCode: code });
}

/** Of an attempt to go there with so much of the path; `Infinity` where that has no budget. */
export function conditionsOf(
  { downtimeLimitMs, neededBytesPerSec, facts }: QueuedMove,
  { host }: Endpoint,
  bytesPerSec: number,
): Conditions {
  return {
    destinationId: host.id,
    shareBytesPerSec: bytesPerSec === Infinity ? undefined : bytesPerSec,
    downtimeLimitMs,
    neededBytesPerSec,
    facts: `${facts} ${host.facts ?? ""}`,
  };
}

/** S8: what is better than at the last failure, or that nothing is. An attempt like any that failed is never made again. */
export function differs(
  attempts: readonly Attempt[],
  conditions: Conditions,
): { change: string | undefined; same: undefined } | { same: Reason } {
  const same = attempts.find((attempt) => changes(attempt, conditions).length === 0);
  if (same !== undefined) {
    const sentence = `It waits for something to change: an attempt like this one has failed with ${same.code}.`;
    return { same: reason("NOTHING_CHANGED", sentence, { lastCode: same.code, attempts: attempts.length }) };
  }
  const last = latest(attempts);
  return { change: last === undefined ? undefined : changes(last, conditions).join(", "), same: undefined };
}

function latest(attempts: readonly Attempt[]): Attempt | undefined {
  return attempts.reduce<Attempt | undefined>(
    (last, attempt) => (last === undefined || attempt.endedAt > last.endedAt ? attempt : last),
    undefined,
  );
}

/** Only what can help counts as a change. */
function changes(before: Conditions, now: Conditions): string[] {
  const [shareBefore, share] = [before.shareBytesPerSec ?? Infinity, now.shareBytesPerSec ?? Infinity];
  const [neededBefore, needed] = [before.neededBytesPerSec ?? 0, now.neededBytesPerSec ?? 0];
  return [
    before.destinationId === now.destinationId ? [] : ["another destination"],
    share > noticeable * shareBefore ? [`${rateText(share)} instead of ${rateText(shareBefore)}`] : [],
    now.downtimeLimitMs > before.downtimeLimitMs
      ? [`a limit of ${msText(now.downtimeLimitMs)} instead of ${msText(before.downtimeLimitMs)}`]
      : [],
    needed * noticeable < neededBefore
      ? [`it needs ${rateText(needed)} where it needed ${rateText(neededBefore)}`]
      : [],
    before.facts === now.facts ? [] : ["what its hosts or its policy say is new"],
  ].flat();
}
