import { setTimeout } from "node:timers/promises";

export interface Clock {
  /** Monotonic, in ms. */
  now(): number;
  /** Resolves after so many ms; rejects when the signal is aborted before. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wait: async (ms, signal) => await setTimeout(ms, undefined, { signal, ref: false }),
};
