/** Sums up the time in which a link had something to do. Time is an argument, in ms of a monotonic clock. */
export class BusyClock {
  #totalMs = 0;
  #busySince: number | undefined;

  set(busy: boolean, now: number): void {
    if (busy) this.#busySince ??= now;
    else if (this.#busySince !== undefined) {
      this.#totalMs += now - this.#busySince;
      this.#busySince = undefined;
    }
  }

  totalMs(now: number): number {
    return this.#totalMs + (this.#busySince === undefined ? 0 : now - this.#busySince);
  }
}
