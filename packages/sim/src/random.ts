/**
 * A stream of seeded random numbers, the same on every machine: xoshiro128** (Blackman and Vigna), its four words filled by
 * splitmix32 from the seed modulo 2^32.
 */
export class Random {
  // Signed words, so that an engine can keep them as small integers: only what is given out is made unsigned.
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number) {
    let state = seed | 0;
    const next = () => {
      state = (state + 0x9e3779b9) | 0;
      let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      return word ^ (word >>> 16);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  unit(): number {
    const drawn = Math.imul(rotated(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotated(this.#d, 11);
    return drawn / 4294967296;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.unit();
  }

  /** Log-uniform in [from, to): every factor is as likely as every other. */
  logBetween(from: number, to: number): number {
    return Math.exp(this.between(Math.log(from), Math.log(to)));
  }

  /** A whole number from `from` to `to`, both included. */
  integer(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1));
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(this.#positive()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }

  /** Log-normal with mean 1: exp(sigma n - sigma² / 2). */
  logNormal(sigma: number): number {
    return Math.exp(sigma * this.normal() - (sigma * sigma) / 2);
  }

  exponential(mean: number): number {
    return -mean * Math.log(this.#positive());
  }

  /** True with probability `share`. */
  chance(share: number): boolean {
    return this.unit() < share;
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[Math.floor(this.unit() * items.length)] ?? items[0];
  }

  /** One of the items, each drawn in proportion to its weight. */
  pickWeighted<Item>(choices: readonly [Choice<Item>, ...Choice<Item>[]]): Item {
    let left = this.unit() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    let [[picked]] = choices;
    for (const [item, weight] of choices) {
      picked = item;
      left -= weight;
      if (left <= 0) break;
    }
    return picked;
  }

  /** Uniform in (0, 1): a logarithm may be taken of it. */
  #positive(): number {
    for (;;) {
      const drawn = this.unit();
      if (drawn > 0) return drawn;
    }
  }
}

/** An item and its weight. */
export type Choice<Item> = readonly [Item, number];

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
