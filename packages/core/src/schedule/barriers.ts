import { msText, type Reason, reason } from "../reason.ts";
import { type Ledger, topOf } from "./ledger.ts";
import { cannotConverge } from "./need.ts";
import type { Entry } from "./order.ts";
import { retriesAt, spent } from "./retry.ts";
import { isOpen, opensNext } from "./window.ts";

/** S6, S9: what will never start, with why. */
export function refusalOf(entry: Entry, ledger: Ledger, now: number): Reason | undefined {
  const { move, source, destination } = entry;
  if (move.blocked !== undefined) return move.blocked;
  const late = tooLate(entry, ledger, now);
  if (late !== undefined) return late;
  if (move.windows.length > 0 && opensNext(move.windows, now) === undefined) {
    return reason("WINDOW_OVER", "None of its maintenance windows opens again.", { windows: move.windows.length });
  }
  if (source !== undefined) {
    const top = topOf(ledger, source, destination, move.capBytesPerSec);
    const hopeless = cannotConverge(move.neededBytesPerSec, top, [source, destination]);
    if (hopeless !== undefined) return hopeless;
  }
  return spent(move.attempts);
}

function tooLate({ move, source, destination }: Entry, ledger: Ledger, now: number): Reason | undefined {
  const { deadlineAt, memoryBytes } = move;
  if (deadlineAt === undefined) return undefined;
  if (deadlineAt <= now) {
    return reason("DEADLINE_PASSED", "Its deadline has passed.", { deadlineAt });
  }
  const top = source === undefined ? Infinity : topOf(ledger, source, destination, move.capBytesPerSec);
  const leastMs = (memoryBytes / top) * 1000;
  if (now + leastMs <= deadlineAt) return undefined;
  const sentence = `It cannot end by its deadline: that is ${msText(deadlineAt - now)} away, and to send it once takes ${msText(leastMs)}.`;
  return reason("DEADLINE_UNREACHABLE", sentence, { deadlineAt, leastMs });
}

export interface Barrier {
  waitsFor: Reason;
  until: number | undefined;
}

const paused: Barrier = {
  waitsFor: reason("SCHEDULER_PAUSED", "It waits for the scheduler, which is paused."),
  until: undefined,
};

/** S9: what only time or somebody's hand removes. */
export function barrierOf({ move }: Entry, isPaused: boolean, now: number): Barrier | undefined {
  if (isPaused) return paused;
  const { notBefore } = move;
  if (notBefore !== undefined && now < notBefore) {
    const sentence = `It waits for its time: it is not to start for another ${msText(notBefore - now)}.`;
    return { waitsFor: reason("NOT_BEFORE", sentence, { notBefore }), until: notBefore };
  }
  const opensAt = isOpen(move.windows, now) ? undefined : opensNext(move.windows, now);
  if (opensAt !== undefined) {
    const sentence = `It waits for its maintenance window, which opens in ${msText(opensAt - now)}.`;
    return { waitsFor: reason("WINDOW_SHUT", sentence, { opensAt }), until: opensAt };
  }
  const again = retriesAt(move.attempts);
  if (now >= again) return undefined;
  const sentence = `It has failed ${move.attempts.length === 1 ? "once" : `${move.attempts.length} times`}, and is tried again in ${msText(again - now)}.`;
  return { waitsFor: reason("BACKS_OFF", sentence, { attempts: move.attempts.length, retryAt: again }), until: again };
}
