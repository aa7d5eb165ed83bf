/** What has been started, to be ended in the opposite order. (Node 20 has no AsyncDisposableStack.) */
export class Running implements AsyncDisposable {
  readonly #endings: (() => Promise<void>)[] = [];

  use(resource: AsyncDisposable): void {
    this.defer(async () => await resource[Symbol.asyncDispose]());
  }

  defer(ending: () => Promise<void>): void {
    this.#endings.push(ending);
  }

  /** Everything is ended even where one ending fails; the first failure is thrown then. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const ending of this.#endings.toReversed()) await ending().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
