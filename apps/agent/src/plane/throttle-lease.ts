/** A guest is slowed down only as long as somebody decides on it. */
export const throttleLeaseMs = 30_000;

/**
 * The share of their speed that a migration's devices lose. After so long without a word of the orchestrator's they have their speed back, until
 * the next one: an orchestrator that is away can neither switch over nor give up, and the guest would be slow for nothing.
 */
export class ThrottleLease {
  readonly #apply: (share: number) => void;
  #share = 0;
  #lapsed = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(apply: (share: number) => void) {
    this.#apply = apply;
  }

  set(share: number): void {
    if (this.#over || (share === 0 && this.#share === 0)) return;
    this.#share = share;
    this.#lapsed = false;
    this.#apply(share);
    this.renew();
  }

  /** The orchestrator was heard. */
  renew(): void {
    clearTimeout(this.#timer);
    if (this.#over || this.#share === 0) return;
    if (this.#lapsed) this.#apply(this.#share);
    this.#lapsed = false;
    this.#timer = setTimeout(() => {
      this.#lapsed = true;
      this.#apply(0);
    }, throttleLeaseMs).unref();
  }

  /** From here on something else ends it: the stop, or the end of the migration. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
