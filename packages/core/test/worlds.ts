/** So many states a party may have at most. */
export const partiesMost = 256;

/** Every world that was found: which parties meet in it, and the messages under way, as bits. */
export class Worlds {
  readonly #meetings: [migration: number, source: number, destination: number][] = [];
  readonly #meetingOf = new Map<number, number>();
  readonly #firsts: number[] = [];
  /** A hash table with open addressing: of each world its number and one, 0 where there is none. */
  #slots = new Uint32Array(1 << 16);
  readonly #meeting = new Numbers();
  readonly #bag = new Numbers();

  get size(): number {
    return this.#bag.length;
  }

  get meetings(): number {
    return this.#meetings.length;
  }

  /** The number of the world; the size so far where it is new. */
  find(migration: number, source: number, destination: number, bag: number): number {
    const key = (migration * partiesMost + source) * partiesMost + destination;
    let meeting = this.#meetingOf.get(key);
    if (meeting === undefined) {
      meeting = this.#meetings.push([migration, source, destination]) - 1;
      this.#meetingOf.set(key, meeting);
      this.#firsts.push(this.size);
    }
    if (2 * this.size >= this.#slots.length) this.#grow();
    const slot = this.#slotOf(meeting, bag);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    const index = this.size;
    this.#slots[slot] = index + 1;
    this.#meeting.push(meeting);
    this.#bag.push(bag);
    return index;
  }

  /** Where the world is, or belongs. */
  #slotOf(meeting: number, bag: number): number {
    const last = this.#slots.length - 1;
    let hash = Math.imul(bag ^ Math.imul(meeting, 0x9e3779b1), 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const known = this.#slots[slot] ?? 0;
      if (known === 0) return slot;
      if (this.#bag.at(known - 1) === bag && this.#meeting.at(known - 1) === meeting) return slot;
    }
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let index = 0; index < this.size; index += 1)
      this.#slots[this.#slotOf(this.#meeting.at(index), this.#bag.at(index))] = index + 1;
  }

  idsOf(meeting: number): [migration: number, source: number, destination: number] {
    return this.#meetings[meeting] ?? raise("No such meeting");
  }

  firstOf(meeting: number): number {
    return this.#firsts[meeting] ?? raise("No such meeting");
  }

  meetingOf(index: number): number {
    return this.#meeting.at(index);
  }

  bagOf(index: number): number {
    return this.#bag.at(index);
  }
}

/** Whole numbers below 2^32, as many as there come. */
export class Numbers {
  #values = new Uint32Array(1_024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const more = new Uint32Array(2 * this.length);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? raise("No such number");
  }
}

function raise(message: string): never {
  throw new Error(message);
}
