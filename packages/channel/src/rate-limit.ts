import { TokenBucket } from "./token-bucket.ts";

/** Beyond this, Node's timers fire at once. */
const longestTimerMs = 2 ** 31 - 1;

interface Waiter {
  wanted: number;
  resolve(granted: number): void;
}

/**
 * A settable limit in bytes per second that several channels share: who waits is served first come first, a piece at a
 * time, so that they get equal shares.
 */
export class RateLimit {
  readonly #bucket: TokenBucket;
  readonly #now: () => number;
  readonly #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(bytesPerSec?: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#bucket = new TokenBucket(bytesPerSec, now());
  }

  /** `undefined` is no limit. */
  get bytesPerSec(): number | undefined {
    return this.#bucket.bytesPerSec;
  }

  set bytesPerSec(bytesPerSec: number | undefined) {
    this.#bucket.setRate(bytesPerSec, this.#now());
    this.#serve();
  }

  /** The most that `take` gives at once. */
  get pieceBytes(): number {
    return this.#bucket.pieceBytes;
  }

  /** Lets through up to `wanted` bytes (one piece at most, if there is a limit), as soon as it is the caller's turn. */
  take(wanted: number): number | Promise<number> {
    if (this.#waiters.length === 0) {
      const granted = this.#bucket.take(wanted, this.#now());
      if (granted > 0) return granted;
    }
    return new Promise((resolve) => {
      this.#waiters.push({ wanted, resolve });
      if (this.#waiters.length === 1) this.#serve();
    });
  }

  #serve(): void {
    clearTimeout(this.#timer);
    for (let first = this.#waiters[0]; first !== undefined; first = this.#waiters[0]) {
      const granted = this.#bucket.take(first.wanted, this.#now());
      if (granted === 0) {
        const delayMs = this.#bucket.delayMs(first.wanted, this.#now());
        this.#timer = setTimeout(() => this.#serve(), Math.min(Math.ceil(delayMs), longestTimerMs));
        return;
      }
      this.#waiters.shift();
      first.resolve(granted);
    }
  }
}
