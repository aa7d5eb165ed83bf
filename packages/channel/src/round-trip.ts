/** Measures round trips by pings, one at a time. Time is an argument, in ms of a monotonic clock. */
export class RoundTrip {
  #number = 0;
  #sentAt: number | undefined;
  #figures: { smoothed: number; min: number } | undefined;

  /** In ms; smoothed as in RFC 6298, by an eighth. */
  get figures(): { smoothed: number; min: number } | undefined {
    return this.#figures;
  }

  /** A ping has not been answered yet. */
  get isOpen(): boolean {
    return this.#sentAt !== undefined;
  }

  /** The number of the ping to send now. One that is open is forgotten, as its connection is. */
  begin(now: number): number {
    this.#number += 1;
    this.#sentAt = now;
    return this.#number;
  }

  answered(number: number, now: number): void {
    if (number !== this.#number || this.#sentAt === undefined) return;
    const tookMs = now - this.#sentAt;
    this.#sentAt = undefined;
    const before = this.#figures ?? { smoothed: tookMs, min: tookMs };
    this.#figures = { smoothed: before.smoothed + (tookMs - before.smoothed) / 8, min: Math.min(before.min, tookMs) };
  }
}
