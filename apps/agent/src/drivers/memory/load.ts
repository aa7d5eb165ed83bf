/**
 * A load for the `memory` back end that knows what it wrote, as a library and as a program: `load --endpoints
 * 127.0.0.1:7001,127.0.0.2:7001 --keys 20000 --writes-per-second 5000 [--phases 200x10,24000x5] [--hot-keys N] [--seconds S]
 * [--fill]` prints its figures as a line of JSON each second, and at the end, after reading every key back, a last one. Phases are
 * writes a second for so many seconds, over and over; `rate 12000` on its standard input sets the rate from then on.
 */
import { createInterface } from "node:readline";
import { setInterval, setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Faults, Ledger } from "./ledger.ts";
import { LineClient } from "./line-client.ts";
import { LoadPace, type LoadPhase, parsePhases, parseRate } from "./load-pace.ts";

export type { LoadPhase } from "./load-pace.ts";
export { type ServingReport, type ServingWatch, watchServing } from "./serving-watch.ts";

export interface LoadOptions {
  /** "127.0.0.1:7001"; whichever answers is used. */
  endpoints: string[];
  keys: number;
  writesPerSecond: number;
  /** Followed over and over, in place of the one rate. */
  phases?: LoadPhase[] | undefined;
  /** Nine of ten reads and writes go to the first so many keys; without it all keys are alike. */
  hotKeys?: number | undefined;
  /** Reads per write. Default 0.25. */
  readShare?: number;
  /** Length of a value. Default 64, at most 200. */
  valueBytes?: number;
  /** Requests without an answer. Default 512. */
  inFlightLimit?: number;
  random?: () => number;
}

export interface LoadStats extends Faults {
  seconds: number;
  /** The rate that is aimed at just now. */
  writesPerSecond: number;
  /** Writes sent, those answered OK, and those whose connection ended before the answer. */
  sent: number;
  acknowledged: number;
  unanswered: number;
  reads: number;
  /** Requests that were answered with an error. */
  errors: number;
  /** Connections made after the first. */
  reconnects: number;
  endpoint: string | undefined;
  /** The longest time between two acknowledged writes. */
  longestGapMs: number;
}

/** Disposing ends it. */
export interface LoadHandle extends AsyncDisposable {
  stats(): LoadStats;
  /** Writes every key once, as fast as the answers come; the paced writing waits meanwhile. */
  fill(): Promise<void>;
  /** From now on, in place of the rate or the phases that there were. */
  setRate(writesPerSecond: number): void;
  /** Stops writing, reads every key that was acknowledged, and returns the figures. Writing then goes on. */
  verifyAll(): Promise<LoadStats>;
}

export function startLoad(options: LoadOptions): LoadHandle {
  return new Load(options);
}

const tickMs = 2;
/** After a time without a connection the load goes on at its rate, rather than making up for all of it. */
const arrearsLimitSeconds = 0.05;
const hotShare = 0.9;
/** Keys that are read at once when all are verified. */
const verifiers = 64;

class Load implements LoadHandle {
  readonly #options: Required<Omit<LoadOptions, "hotKeys" | "phases">> & { hotKeys: number | undefined };
  readonly #pace: LoadPace;
  readonly #client: LineClient;
  readonly #ledger: Ledger;
  readonly #padding: string;
  readonly #startedMs = performance.now();
  readonly #ending = new AbortController();
  readonly #done: Promise<void>;
  readonly #counts = { sent: 0, acknowledged: 0, unanswered: 0, reads: 0, errors: 0 };
  #paused = false;
  #owedWrites = 0;
  #owedReads = 0;
  #lastAcknowledgedMs: number | undefined;
  #longestGapMs = 0;

  constructor(options: LoadOptions) {
    const defaults = { readShare: 0.25, valueBytes: 64, inFlightLimit: 512, random: Math.random };
    this.#options = { ...defaults, hotKeys: undefined, ...options };
    this.#pace = new LoadPace(options.writesPerSecond, options.phases);
    this.#client = new LineClient(options.endpoints);
    this.#ledger = new Ledger(options.keys);
    this.#padding = "x".repeat(Math.min(200, this.#options.valueBytes));
    this.#done = this.#run();
  }

  stats(): LoadStats {
    return {
      seconds: (performance.now() - this.#startedMs) / 1000,
      writesPerSecond: this.#pace.writesPerSecond,
      ...this.#counts,
      ...this.#ledger.faults,
      reconnects: Math.max(0, this.#client.connections - 1),
      endpoint: this.#client.endpoint,
      longestGapMs: this.#longestGapMs,
    };
  }

  async fill(): Promise<void> {
    const { keys, inFlightLimit } = this.#options;
    this.#paused = true;
    for (let key = 0; key < keys && !this.#ending.signal.aborted;) {
      if (this.#client.inFlight < inFlightLimit && this.#write(key)) key += 1;
      else await setTimeout(tickMs);
    }
    this.#paused = false;
  }

  setRate(writesPerSecond: number): void {
    this.#pace.setRate(writesPerSecond);
  }

  async verifyAll(): Promise<LoadStats> {
    this.#paused = true;
    try {
      // Every write has then been answered, or never will be.
      while (this.#client.inFlight > 0 && !this.#ending.signal.aborted) await setTimeout(tickMs);
      const keys = Array.from({ length: this.#options.keys }, (_, key) => key).values();
      await Promise.all(Array.from({ length: verifiers }, async () => await this.#verify(keys)));
    } finally {
      this.#paused = false;
      this.#lastAcknowledgedMs = undefined;
    }
    return this.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#client.close();
    await this.#done;
  }

  /** Each tick issues what has become due since the last, so that the rate holds however late a tick comes. */
  async #run(): Promise<void> {
    for (let before = performance.now(); !this.#ending.signal.aborted;) {
      await setTimeout(tickMs);
      const now = performance.now();
      if (!this.#paused) this.#issue((now - before) / 1000);
      before = now;
    }
  }

  #issue(seconds: number): void {
    const { readShare, inFlightLimit } = this.#options;
    const due = this.#pace.pass(seconds);
    const { writesPerSecond } = this.#pace;
    const arrears = writesPerSecond === 0 ? 0 : Math.max(1, writesPerSecond * arrearsLimitSeconds);
    this.#owedWrites = Math.min(this.#owedWrites + due, arrears);
    while (this.#owedWrites >= 1 && this.#client.inFlight < inFlightLimit && this.#write(this.#pick())) {
      this.#owedWrites -= 1;
      this.#owedReads += readShare;
      for (; this.#owedReads >= 1; this.#owedReads -= 1) {
        const key = this.#pick();
        if (this.#ledger.isAcknowledged(key)) this.#read(key);
      }
    }
  }

  #write(key: number): boolean {
    if (this.#client.endpoint === undefined) return false;
    const counter = this.#ledger.next(key);
    this.#counts.sent += 1;
    const value = `${counter}:${this.#padding}`.slice(0, Math.max(this.#padding.length, `${counter}:`.length));
    const sent = this.#client.send(`SET key:${key} ${value}\n`, (reply) => this.#written(key, counter, reply));
    if (!sent) this.#counts.unanswered += 1;
    return sent;
  }

  #written(key: number, counter: number, reply: string | undefined): void {
    if (reply === undefined) this.#counts.unanswered += 1;
    else if (reply !== "OK") this.#counts.errors += 1;
    else {
      this.#counts.acknowledged += 1;
      this.#ledger.acknowledge(key, counter);
      const now = performance.now();
      if (!this.#paused) this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#lastAcknowledgedMs ?? now));
      this.#lastAcknowledgedMs = now;
    }
  }

  #read(key: number, done?: (answered: boolean) => void): boolean {
    return this.#client.send(`GET key:${key}\n`, (reply) => {
      if (reply === undefined) return done?.(false);
      this.#counts.reads += 1;
      if (reply.startsWith("ERROR")) this.#counts.errors += 1;
      else this.#ledger.judge(key, reply);
      done?.(true);
    });
  }

  /** Takes key after key; one whose connection ends before the answer is asked for again. */
  async #verify(keys: IterableIterator<number>): Promise<void> {
    for (const key of keys) {
      if (!this.#ledger.isAcknowledged(key)) continue;
      while (!this.#ending.signal.aborted) {
        const answered = await new Promise<boolean>((resolve) => this.#read(key, resolve) || resolve(false));
        if (answered) break;
        await setTimeout(tickMs);
      }
    }
  }

  #pick(): number {
    const { hotKeys, keys, random } = this.#options;
    const among = hotKeys !== undefined && random() < hotShare ? Math.min(hotKeys, keys) : keys;
    return Math.floor(random() * among);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      endpoints: { type: "string" },
      keys: { type: "string", default: "20000" },
      "writes-per-second": { type: "string", default: "5000" },
      phases: { type: "string" },
      "hot-keys": { type: "string" },
      seconds: { type: "string" },
      fill: { type: "boolean", default: false },
    },
  });
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => ending.abort());
  if (values.seconds !== undefined) globalThis.setTimeout(() => ending.abort(), Number(values.seconds) * 1000);
  await using load = startLoad({
    endpoints: values.endpoints?.split(",") ?? [],
    keys: Number(values.keys),
    writesPerSecond: Number(values["writes-per-second"]),
    phases: values.phases === undefined ? undefined : parsePhases(values.phases),
    hotKeys: values["hot-keys"] === undefined ? undefined : Number(values["hot-keys"]),
  });
  using _told = tellRates(load);
  try {
    if (values.fill) await load.fill();
    for await (const _ of setInterval(1000, undefined, { signal: ending.signal })) print(load.stats());
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  }
  print({ verified: true, ...(await load.verifyAll()) });
}

/** What is said on the standard input, until it is no longer listened to. */
function tellRates(load: LoadHandle): Disposable {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const rate = parseRate(line);
    if (rate === undefined) process.stderr.write(`Not understood: ${line}\n`);
    else load.setRate(rate);
  });
  return { [Symbol.dispose]: () => lines.close() };
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
