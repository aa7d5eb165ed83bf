/** Tasks of the same name one after the other, in the order in which they came; those of different names do not wait. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(task);
    // Whoever comes next waits for the end, whatever it is.
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(name, over);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === over) this.#last.delete(name);
    }
  }
}
