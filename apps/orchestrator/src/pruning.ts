import type { Store } from "@godwit/store";
import type { Logger } from "pino";
import { type Clock, dateOf } from "./clock.ts";

const everyMs = 3_600_000;
const keptMs = 30 * 86_400_000;
const outcomesKeptMs = 365 * 86_400_000;
const auditKeptMs = 365 * 86_400_000;
const keptAtMost = 1_000_000;
const unknownKeptAtMost = 10_000;
const deliveriesKeptAtMost = 20_000;

/**
 * Events, traces and deliveries that have ended are kept for thirty days, a million events and twenty thousand deliveries at most; what
 * migrations have taught for a year. So is the audit, a million records at most, of which ten thousand of requests by nobody who is known.
 */
export function startPruning({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): Disposable {
  const timer = setInterval(() => {
    const before = dateOf(clock.now() - keptMs);
    const outcomesBefore = dateOf(clock.now() - outcomesKeptMs);
    const auditBefore = dateOf(clock.now() - auditKeptMs);
    Promise.all([
      store.events.prune({ before, keep: keptAtMost }),
      store.traces.prune(before),
      store.deliveries.prune({ before, keep: deliveriesKeptAtMost }),
      store.outcomes.prune(outcomesBefore),
      store.audit.prune({ before: auditBefore, keep: keptAtMost, keepUnknown: unknownKeptAtMost }),
    ]).catch((error: unknown) => log.warn(error, "old records could not be pruned"));
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
