import type { Cell } from "./cells.ts";
import type { Ending, Stage } from "./stage.ts";

/** Plays cells, so many at a time, each on a stage of its own that goes on to the next cell unless this one has failed. */
export class Stages implements AsyncDisposable {
  readonly #start: () => Promise<Stage>;
  readonly #free: Promise<Stage | undefined>[];
  readonly #waiting: ((stage: Promise<Stage | undefined>) => void)[] = [];

  constructor(atATime: number, start: () => Promise<Stage>) {
    this.#start = start;
    this.#free = Array.from({ length: atATime }, async () => undefined);
  }

  async play(cell: Cell): Promise<Ending> {
    const known = await this.#take();
    let stage: Stage | undefined = known;
    try {
      stage ??= await this.#start();
      const ending = await stage.play(cell);
      this.#giveBack(stage);
      return ending;
    } catch (error) {
      // What is left of it may not be cleared away either; the error says why.
      await stage?.[Symbol.asyncDispose]().catch(() => undefined);
      this.#giveBack(undefined);
      throw error;
    }
  }

  /** When nothing is being played any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stages = await Promise.all(this.#free);
    await Promise.all(stages.map(async (stage) => await stage?.[Symbol.asyncDispose]()));
  }

  async #take(): Promise<Stage | undefined> {
    return await (this.#free.shift() ?? new Promise<Stage | undefined>((resolve) => this.#waiting.push(resolve)));
  }

  #giveBack(stage: Stage | undefined): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(Promise.resolve(stage));
    else next(Promise.resolve(stage));
  }
}
