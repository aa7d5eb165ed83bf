/** Tasks of one key run one after the other, in the order in which they came; those of different keys side by side. */
export class Mailboxes {
  readonly #last = new Map<string, Promise<void>>();
  readonly #onError: (error: unknown) => void;
  #isOver = false;

  /**
   * A task that throws is told here, once, and none is begun any more: what it had to write down is not written, and those after it would
   * act as if it were.
   */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  put(key: string, task: () => Promise<void>): void {
    const before = this.#last.get(key) ?? Promise.resolve();
    const done = before.then(async () => await this.#run(task));
    this.#last.set(key, done);
    void done.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
  }

  /** Resolves when everything put in so far has run. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }

  async #run(task: () => Promise<void>): Promise<void> {
    if (this.#isOver) return;
    try {
      await task();
    } catch (error) {
      // Of those that run side by side another one may have failed before.
      // oxlint-disable-next-line typescript/no-unnecessary-condition
      if (!this.#isOver) this.#onError(error);
      this.#isOver = true;
    }
  }
}
