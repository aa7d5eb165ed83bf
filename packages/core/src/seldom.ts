/**
 * Lets the same thing through once in a while, so that whoever repeats it floods neither a log nor the feed. It remembers so many
 * different things at most; while there is room for no other, none is let through.
 */
export class Seldom {
  readonly #everyMs: number;
  readonly #most: number;
  /** When each was let through, the oldest first. */
  readonly #last = new Map<string, number>();

  constructor({ everyMs, most }: { everyMs: number; most: number }) {
    this.#everyMs = everyMs;
    this.#most = most;
  }

  lets(what: string, now: number): boolean {
    this.#forgetOld(now);
    if (this.#last.has(what) || this.#last.size >= this.#most) return false;
    this.#last.set(what, now);
    return true;
  }

  #forgetOld(now: number): void {
    for (const [what, at] of this.#last) {
      if (now - at < this.#everyMs) return;
      this.#last.delete(what);
    }
  }
}
