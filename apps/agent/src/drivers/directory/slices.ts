import { setImmediate } from "node:timers/promises";
import { performance } from "node:perf_hooks";

const sliceMs = 8;

/**
 * Calls such as lstat take microseconds, and many times that through the thread pool; a walk is part of the downtime.
 * So they are made synchronously, in slices after each of which everything else in this thread has its turn.
 */
export class Slices {
  readonly #signal: AbortSignal | undefined;
  #until = performance.now() + sliceMs;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Is it the others' turn? Then await `turn`. */
  get over(): boolean {
    return performance.now() >= this.#until;
  }

  async turn(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#until = performance.now() + sliceMs;
  }
}
