interface Due {
  atMs: number;
  /** What is due at the same moment is done in the order in which it was asked for. */
  order: number;
  task: (() => void) | undefined;
}

/** Time that passes only when somebody moves it on, from one due task to the next: a heap of what is due. */
export class VirtualTime {
  #nowMs = 0;
  #asked = 0;
  readonly #heap: Due[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Returns how to call it off. */
  after(ms: number, task: () => void): () => void {
    const due: Due = { atMs: this.#nowMs + Math.max(0, ms), order: this.#asked, task };
    this.#asked += 1;
    this.#push(due);
    return () => (due.task = undefined);
  }

  /** Moves on to what is due next and does it; false where nothing is. */
  step(): boolean {
    for (let due = this.#pop(); due !== undefined; due = this.#pop()) {
      if (due.task === undefined) continue;
      this.#nowMs = due.atMs;
      due.task();
      return true;
    }
    return false;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, due)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      const below = this.#earlierOf(2 * at + 1, 2 * at + 2);
      const child = heap[below];
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }

  #earlierOf(left: number, right: number): number {
    const [a, b] = [this.#heap[left], this.#heap[right]];
    return a !== undefined && b !== undefined && isBefore(b, a) ? right : left;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
