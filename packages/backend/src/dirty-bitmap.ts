const bitsPerWord = 32;

/**
 * Which pages of page-addressed state have changed: one bit a page, and their count kept as they change. 64 GiB in
 * pages of 4 KiB take 2 MiB.
 */
export class DirtyBitmap {
  readonly pageCount: number;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(pageCount: number) {
    if (!Number.isSafeInteger(pageCount) || pageCount < 0) throw new RangeError(`${pageCount} is no number of pages`);
    this.pageCount = pageCount;
    this.#words = new Uint32Array(Math.ceil(pageCount / bitsPerWord));
  }

  /** Number of set bits. */
  get count(): number {
    return this.#count;
  }

  test(page: number): boolean {
    return (this.#wordOf(page) & (1 << (page & 31))) !== 0;
  }

  set(page: number): void {
    const word = this.#wordOf(page);
    const next = word | (1 << (page & 31));
    if (next === (word | 0)) return;
    this.#words[page >>> 5] = next;
    this.#count += 1;
  }

  clear(page: number): void {
    const word = this.#wordOf(page);
    const next = word & ~(1 << (page & 31));
    if (next === (word | 0)) return;
    this.#words[page >>> 5] = next;
    this.#count -= 1;
  }

  setRange(from: number, to: number): void {
    for (let page = from; page < to; page += 1) this.set(page);
  }

  clearRange(from: number, to: number): void {
    for (let page = from; page < to; page += 1) this.clear(page);
  }

  clearAll(): void {
    this.#words.fill(0);
    this.#count = 0;
  }

  /** Adds every bit of another bitmap of the same size. */
  merge(other: DirtyBitmap): void {
    if (other.pageCount !== this.pageCount) {
      throw new RangeError(`a bitmap of ${other.pageCount} pages cannot be merged into one of ${this.pageCount}`);
    }
    let count = 0;
    for (let index = 0; index < this.#words.length; index += 1) {
      const word = (this.#words[index] ?? 0) | (other.#words[index] ?? 0);
      this.#words[index] = word;
      count += bitsIn(word);
    }
    this.#count = count;
  }

  /** The first set page at or after `from`; -1 where there is none. */
  nextSet(from: number): number {
    return this.#next(from, 0);
  }

  /** The first page at or after `from` that is not set; `pageCount` where there is none. */
  nextClear(from: number): number {
    const page = this.#next(from, -1);
    return page === -1 ? this.pageCount : page;
  }

  /** Runs of set pages `[start, end)` from `from` on, none longer than `limit`. The bitmap may change meanwhile. */
  *runs(from = 0, limit = Infinity): Generator<{ start: number; end: number }> {
    for (let start = this.nextSet(from); start !== -1;) {
      const end = Math.min(this.nextClear(start), start + limit);
      yield { start, end };
      start = this.nextSet(end);
    }
  }

  /** The first bit that differs from `flip` (0: looks for ones, -1: for zeros), a word at a time. */
  #next(from: number, flip: 0 | -1): number {
    if (from >= this.pageCount) return -1;
    let index = from >>> 5;
    let word = ((this.#words[index] ?? 0) ^ flip) & (-1 << (from & 31));
    while (word === 0) {
      index += 1;
      if (index >= this.#words.length) return -1;
      word = (this.#words[index] ?? 0) ^ flip;
    }
    const page = index * bitsPerWord + (31 - Math.clz32(word & -word));
    return page < this.pageCount ? page : -1;
  }

  #wordOf(page: number): number {
    const word = this.#words[page >>> 5];
    if (word === undefined || page >= this.pageCount)
      throw new RangeError(`there is no page ${page} of ${this.pageCount}`);
    return word;
  }
}

/** The population count of a 32-bit word, by adding neighbouring fields in parallel. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
