/** So many states a party may have at most. */
export const partiesMost = 256;

/** Every world that was found: which parties meet in it, and the messages under way, as bits. */
export class Worlds {
  readonly #meetings: [migration: number, source: number, destination: number][] = [];
  readonly #meetingOf = new Map<number, number>();
  readonly #firsts: number[] = [];
  /** Of each meeting: the world with these messages. */
  readonly #indexOf: Map<number, number>[] = [];
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
      this.#indexOf.push(new Map());
      this.#firsts.push(this.size);
    }
    const indexOf = this.#indexOf[meeting] ?? raise("No such meeting");
    const known = indexOf.get(bag);
    if (known !== undefined) return known;
    const index = this.size;
    indexOf.set(bag, index);
    this.#meeting.push(meeting);
    this.#bag.push(bag);
    return index;
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
