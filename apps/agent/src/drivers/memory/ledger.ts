export interface Faults {
  /** Keys found missing, or with a value from before one that was acknowledged. */
  lost: number;
  /** Keys found with a value from before one that was read earlier, though that had not been acknowledged. */
  stale: number;
  /** Values that were never written. */
  corrupt: number;
}

/**
 * What a client knows of each key: the counter that it wrote last, the highest that was acknowledged and the highest that
 * it read. A write without an answer may have been carried out, so that any value between acknowledged and written is right.
 */
export class Ledger {
  readonly faults: Faults = { lost: 0, stale: 0, corrupt: 0 };
  readonly #written: Float64Array;
  readonly #acknowledged: Float64Array;
  readonly #read: Float64Array;

  constructor(keys: number) {
    this.#written = new Float64Array(keys);
    this.#acknowledged = new Float64Array(keys);
    this.#read = new Float64Array(keys);
  }

  /** The counter to write next. */
  next(key: number): number {
    const counter = (this.#written[key] ?? 0) + 1;
    this.#written[key] = counter;
    return counter;
  }

  acknowledge(key: number, counter: number): void {
    if (counter > (this.#acknowledged[key] ?? 0)) this.#acknowledged[key] = counter;
  }

  isAcknowledged(key: number): boolean {
    return (this.#acknowledged[key] ?? 0) > 0;
  }

  /**
   * Judges the reply to a GET. Replies come in order, so that what is acknowledged by now was written before the read.
   */
  judge(key: number, reply: string): void {
    const acknowledged = this.#acknowledged[key] ?? 0;
    const counter = counterIn(reply);
    if (counter === undefined || counter > (this.#written[key] ?? 0)) this.faults.corrupt += 1;
    else if (counter < acknowledged) this.faults.lost += 1;
    else if (counter < (this.#read[key] ?? 0)) this.faults.stale += 1;
    else this.#read[key] = counter;
  }
}

/** 0 for a key that is not there. */
function counterIn(reply: string): number | undefined {
  if (reply === "NONE") return 0;
  const counter = /^VALUE (\d+):/.exec(reply)?.[1];
  return counter === undefined ? undefined : Number(counter);
}
