import { setTimeout as pause } from "node:timers/promises";
import { Child, type ChildOptions } from "./child.ts";

const restartsAtMost = 20;
const restartAfterMs = 500;

/** Keeps a program running: one that is killed is started again, so that what a crash does to a migration can be tried by hand. */
export class Supervised implements AsyncDisposable {
  readonly #options: ChildOptions;
  readonly #say: (text: string) => void;
  #child: Child;
  #stopping = false;
  #watching: Promise<void>;

  private constructor(options: ChildOptions, child: Child, say: (text: string) => void) {
    this.#options = options;
    this.#child = child;
    this.#say = say;
    this.#watching = this.#watch();
  }

  /** Resolves with the program's first line of output once it is ready. */
  static async start(
    options: ChildOptions,
    say: (text: string) => void,
  ): Promise<{ program: Supervised; ready: string }> {
    const child = new Child(options);
    const ready = await child.firstLine();
    return { program: new Supervised(options, child, say), ready };
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#child[Symbol.asyncDispose]();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for (let restarts = 0; restarts < restartsAtMost; restarts += 1) {
      const how = await this.#child.ended;
      if (this.#stopping) return;
      this.#say(`${how}. It is started again.`);
      await pause(restartAfterMs);
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- the demo can be stopped during the pause
      if (this.#stopping) return;
      this.#child = new Child(this.#options);
      await this.#child.firstLine().catch((error: unknown) => this.#say(String(error)));
    }
    this.#say(`${this.#options.name} has ended ${restartsAtMost} times; it is not started again.`);
  }
}
