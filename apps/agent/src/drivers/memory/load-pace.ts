/** A time in which a load writes at one rate. */
export interface LoadPhase {
  writesPerSecond: number;
  seconds: number;
}

/** "200x10,24000x5": 200 writes/s for 10 s, then 24000 writes/s for 5 s. */
export function parsePhases(text: string): LoadPhase[] {
  return text.split(",").map((part) => {
    const [, rate, seconds] = /^(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)$/.exec(part.trim()) ?? [];
    if (Number(seconds) > 0) return { writesPerSecond: Number(rate), seconds: Number(seconds) };
    throw new Error(`No phase of a load: ${JSON.stringify(part)}; one is <writes per second>x<seconds>, as 200x10`);
  });
}

/** "rate 12000", as it is said to a load that runs; `undefined` where it is something else. */
export function parseRate(line: string): number | undefined {
  const rate = /^rate (\d+(?:\.\d+)?)$/.exec(line.trim())?.[1];
  return rate === undefined ? undefined : Number(rate);
}

/** How many writes a second there are to be: one rate, or phases over and over. Its time is that in which the load writes. */
export class LoadPace {
  #phases: LoadPhase[];
  #phase = 0;
  #leftSeconds: number;

  constructor(writesPerSecond: number, phases: LoadPhase[] = []) {
    const lasting = phases.filter(({ seconds }) => seconds > 0);
    this.#phases = lasting.length > 0 ? lasting : [{ writesPerSecond, seconds: Infinity }];
    this.#leftSeconds = this.#present.seconds;
  }

  get writesPerSecond(): number {
    return this.#present.writesPerSecond;
  }

  /** From now on, and for good. */
  setRate(writesPerSecond: number): void {
    this.#phases = [{ writesPerSecond, seconds: Infinity }];
    this.#phase = 0;
    this.#leftSeconds = Infinity;
  }

  /** Time passes; returns the writes that became due in it. */
  pass(seconds: number): number {
    let due = 0;
    for (let left = seconds; left > 0;) {
      const here = Math.min(left, this.#leftSeconds);
      due += here * this.writesPerSecond;
      left -= here;
      this.#leftSeconds -= here;
      if (this.#leftSeconds <= 0) this.#next();
    }
    return due;
  }

  get #present(): LoadPhase {
    return this.#phases[this.#phase] ?? { writesPerSecond: 0, seconds: Infinity };
  }

  #next(): void {
    this.#phase = (this.#phase + 1) % this.#phases.length;
    this.#leftSeconds = this.#present.seconds;
  }
}
