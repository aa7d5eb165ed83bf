import type { Ledger, Side } from "./ledger.ts";
import type { Entry } from "./order.ts";

/**
 * When its turn should come: what is in front of it on the busiest of its links, at what that link carries. What waits in front is
 * added up as the queue is gone through. Undefined where a link in question has no budget.
 */
export function expectedStart({ source, destination }: Entry, ledger: Ledger, now: number): number | undefined {
  let waitMs = 0;
  for (const side of [source?.out, destination?.in, ledger.cluster]) {
    if (side === undefined) continue;
    const rate = Math.min(side.budget, side.limit * ledger.streamBytesPerSec);
    if (rate === Infinity && side.direction !== "cluster") return undefined;
    waitMs = Math.max(waitMs, (side.aheadBytes / rate) * 1000);
  }
  return Math.ceil(now + waitMs);
}

/** It is in front of those that come after it. */
export function queueUp({ move, source, destination }: Entry, ledger: Ledger): void {
  const sides: (Side | undefined)[] = [source?.out, destination?.in, ledger.cluster];
  for (const side of sides) if (side !== undefined) side.aheadBytes += move.memoryBytes;
}
