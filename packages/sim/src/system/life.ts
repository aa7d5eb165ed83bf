import type { VirtualTime } from "./virtual-time.ts";

/**
 * One run of a program, from its start to its end. Whatever it does to the outside is a step, and it may end before or after any of
 * them: what it waited for then never comes, so that no line of it runs on.
 */
export class Life {
  readonly name: string;
  readonly #time: VirtualTime;
  readonly #onStep: (life: Life, what: string) => void;
  readonly #farewells: (() => void)[] = [];
  #alive = true;

  constructor(name: string, time: VirtualTime, onStep: (life: Life, what: string) => void) {
    this.name = name;
    this.#time = time;
    this.#onStep = onStep;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What becomes of its sockets and timers when it ends, in the order in which they were made. */
  atEnd(farewell: () => void): void {
    this.#farewells.push(farewell);
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const farewell of this.#farewells.splice(0)) farewell();
  }

  after(ms: number, task: () => void): () => void {
    return this.#time.after(ms, () => {
      if (this.#alive) task();
    });
  }

  /** A step that is done at once; false where it ended before it. */
  passes(what: string): boolean {
    if (this.#alive) this.#onStep(this, what);
    return this.#alive;
  }

  /** A step that takes its time. The work is done at the end of it, if it still lives then. */
  async takes<Result>(what: string, ms: number, work: () => Result): Promise<Result> {
    return await new Promise<Result>((resolve, reject) => {
      if (!this.passes(what)) return;
      this.after(ms, () => {
        try {
          const result = work();
          if (this.passes(`${what}, done`)) resolve(result);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }
}
