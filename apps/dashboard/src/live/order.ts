/**
 * Answers and news may overtake each other. Whoever asks remembers when; what was asked for before the newest that is known of the same
 * thing is old, whenever it comes.
 */
export class Order {
  #count = 0;
  readonly #newest = new Map<string, number>();

  /** To be called before a request is sent. */
  ask(): number {
    this.#count += 1;
    return this.#count;
  }

  /** Whether it is not old, and is therefore the newest that is known of the thing. What comes unasked is as new as it comes. */
  take(thing: string, asked = this.ask()): boolean {
    if (asked < (this.#newest.get(thing) ?? 0)) return false;
    this.#newest.set(thing, asked);
    return true;
  }
}
