/** Tasks of one key run one after the other, in the order in which they came; those of different keys side by side. */
export class Mailboxes {
  readonly #last = new Map<string, Promise<void>>();
  readonly #onError: (error: unknown) => void;

  /** A task that throws is told here, and the next one of its key runs all the same. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  put(key: string, task: () => Promise<void>): void {
    const before = this.#last.get(key) ?? Promise.resolve();
    const done = before.then(task).catch(this.#onError);
    this.#last.set(key, done);
    void done.then(() => {
      if (this.#last.get(key) === done) this.#last.delete(key);
    });
  }

  /** Resolves when everything put in so far has run. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
