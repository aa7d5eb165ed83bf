/**
 * A token bucket as pure arithmetic; time is an argument, in ms of a clock that does not go back. In any span of t
 * seconds it lets through at most `rate * t + burst` bytes.
 */

/** What the bucket holds at most, in ms at its rate: enough to make up for a timer that fires late. */
const burstMs = 10;
/** At most so much is let through at once, in ms at the rate, so that the flow is smooth. */
const pieceMs = 5;
const smallestPieceBytes = 4096;
const largestPieceBytes = 256 * 1024 + 24;

export class TokenBucket {
  #bytesPerSec: number | undefined;
  #tokens: number;
  #at: number;

  /** `undefined` is no limit. The bucket begins full. */
  constructor(bytesPerSec: number | undefined, now: number) {
    this.#bytesPerSec = checked(bytesPerSec);
    this.#at = now;
    this.#tokens = this.burstBytes;
  }

  get bytesPerSec(): number | undefined {
    return this.#bytesPerSec;
  }

  /** The largest number of bytes ever let through at one instant. */
  get burstBytes(): number {
    const rate = this.#bytesPerSec ?? Infinity;
    return Math.max((rate * burstMs) / 1000, this.pieceBytes);
  }

  /** The largest number of bytes let through by one `take`. */
  get pieceBytes(): number {
    const rate = this.#bytesPerSec ?? Infinity;
    return Math.min(Math.max(Math.floor((rate * pieceMs) / 1000), smallestPieceBytes), largestPieceBytes);
  }

  /** From now on; what has been saved up stays, as far as the new burst allows. */
  setRate(bytesPerSec: number | undefined, now: number): void {
    this.#refill(now);
    const wasUnlimited = this.#bytesPerSec === undefined;
    this.#bytesPerSec = checked(bytesPerSec);
    this.#tokens = wasUnlimited ? 0 : Math.min(this.#tokens, this.burstBytes);
  }

  /** Lets through `wanted` bytes, or one piece if that is less, and says how many; 0 while it must be waited. */
  take(wanted: number, now: number): number {
    if (this.#bytesPerSec === undefined) return wanted;
    this.#refill(now);
    const bytes = Math.min(wanted, this.pieceBytes);
    if (this.#tokens < bytes) return 0;
    this.#tokens -= bytes;
    return bytes;
  }

  /** How long until `take(wanted)` lets something through if nobody else takes. */
  delayMs(wanted: number, now: number): number {
    if (this.#bytesPerSec === undefined) return 0;
    this.#refill(now);
    const missing = Math.min(wanted, this.pieceBytes) - this.#tokens;
    return missing <= 0 ? 0 : (missing / this.#bytesPerSec) * 1000;
  }

  #refill(now: number): void {
    const elapsedMs = Math.max(0, now - this.#at);
    this.#at = Math.max(this.#at, now);
    if (this.#bytesPerSec === undefined) return;
    this.#tokens = Math.min(this.burstBytes, this.#tokens + (elapsedMs / 1000) * this.#bytesPerSec);
  }
}

function checked(bytesPerSec: number | undefined): number | undefined {
  if (bytesPerSec !== undefined && !(bytesPerSec > 0 && Number.isFinite(bytesPerSec))) {
    throw new RangeError(`a rate is a positive number of bytes per second or undefined, not ${bytesPerSec}`);
  }
  return bytesPerSec;
}
