import { QmpError } from "./qmp-error.ts";

export interface QmpEvent {
  /** "STOP", "RESUME", "MIGRATION", "MIGRATION_PASS" and the like. */
  name: string;
  data: Record<string, unknown>;
  /** On the clock of QEMU's host, in milliseconds since 1970. */
  atMs: number;
}

/** So many events may wait for a reader that is slow. */
const heldLimit = 1000;

/**
 * The events since it was made, for one reader. It ends when the connection does; a reader that falls too far behind gets an error
 * instead of a gap.
 */
export class QmpEvents implements AsyncIterableIterator<QmpEvent>, Disposable {
  readonly #held: QmpEvent[] = [];
  readonly #leave: (events: QmpEvents) => void;
  #wake: () => void = () => undefined;
  #ended = false;
  #fellBehind = false;

  /** @param leave called once nobody reads them any more */
  constructor(leave: (events: QmpEvents) => void) {
    this.#leave = leave;
  }

  push(event: QmpEvent): void {
    if (this.#ended) return;
    this.#held.push(event);
    this.#wake();
    if (this.#held.length <= heldLimit) return;
    this.#fellBehind = true;
    this.#held.length = 0;
    this.end();
  }

  end(): void {
    this.#ended = true;
    this.#leave(this);
    this.#wake();
  }

  async next(): Promise<IteratorResult<QmpEvent>> {
    for (;;) {
      const event = this.#held.shift();
      if (event !== undefined) return { done: false, value: event };
      if (this.#fellBehind) throw new QmpError("closed", `more than ${heldLimit} events were waiting to be read`);
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async return(): Promise<IteratorResult<QmpEvent>> {
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
