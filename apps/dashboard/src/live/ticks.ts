import { now } from "../api/api.ts";
import { feed } from "./feed.ts";

/** Durations that run are shown in whole seconds. */
const everyMs = 500;

const listeners = new Set<() => void>();
let at = now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for the whole page, which runs while somebody looks at it and the news is fresh. */
export const ticks = {
  now: (): number => at,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    if (timer === undefined) {
      tick();
      timer = setInterval(tick, everyMs);
    }
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  },
};

function tick(): void {
  if (!feed.freshness().live) return;
  at = now();
  for (const listener of listeners) listener();
}
