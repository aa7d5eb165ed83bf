import { deviceError } from "./device-error.ts";

/** The end of a device's process, for all who wait for something else meanwhile. */
export class Loss {
  readonly #waiting = new Set<(error: Error) => void>();
  #said: string | undefined;

  /** @param lost resolves when the process has ended, to what it said last */
  constructor(lost: Promise<string>) {
    void lost.then((said) => {
      this.#said = said;
      for (const tell of this.#waiting) tell(deviceError("gone", said));
    });
  }

  /** What the process said last; absent while it lives. */
  get said(): string | undefined {
    return this.#said;
  }

  /** @throws once the process has ended */
  expectNone(): void {
    if (this.#said !== undefined) throw deviceError("gone", this.#said);
  }

  /**
   * Waits for the work as long as the process lives. A race against the end itself would leave something behind at each call, for as long
   * as the process lives.
   */
  async orElse<Value>(work: Promise<Value>): Promise<Value> {
    let tell: (error: Error) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => (tell = reject));
    this.#waiting.add(tell);
    try {
      if (this.#said !== undefined) tell(deviceError("gone", this.#said));
      return await Promise.race([work, ended]);
    } finally {
      this.#waiting.delete(tell);
    }
  }
}
