import type { Store } from "@godwit/store";
import type { Logger } from "pino";
import { type Clock, dateOf } from "./clock.ts";

const everyMs = 3_600_000;
const keptMs = 30 * 86_400_000;
const keptAtMost = 1_000_000;

/** Events are kept for thirty days, and a million of them at most. */
export function startPruning({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): Disposable {
  const timer = setInterval(() => {
    const before = dateOf(clock.now() - keptMs);
    store.events
      .prune({ before, keep: keptAtMost })
      .catch((error: unknown) => log.warn(error, "old events could not be pruned"));
  }, everyMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
