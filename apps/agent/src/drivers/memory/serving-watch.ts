import type { Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { onLines, tryConnect } from "./line-client.ts";

const pollEveryMs = 3;
const answerLimitMs = 500;
const evidenceLimit = 20;
/** Older ones are forgotten: what has ended long ago overlaps nothing any more. */
const tenureLimit = 256;

/**
 * A time, by the clock of this process, throughout which an endpoint certainly served: it answered on one connection at
 * its beginning and again at its end, and a back end that stops serving ends its connections.
 */
export interface Tenure {
  endpoint: string;
  /** The first answer had come by then. */
  fromMs: number;
  /** The last request that was answered was sent then. */
  toMs: number;
}

export interface ServingReport {
  answers: number;
  /** Pairs of tenures of different endpoints that have an instant in common. There is no innocent explanation for one. */
  bothServing: number;
  /** The first of them. */
  evidence: { one: Tenure; other: Tenure }[];
  /** The longest time from one endpoint's answer to the next answer of any, and how long it has been since the last. */
  longestGapMs: number;
  sinceLastMs: number;
}

/** Disposing ends it. */
export interface ServingWatch extends AsyncDisposable {
  report(): ServingReport;
}

/** Asks all endpoints all the time, each on a connection that is kept while it lasts. */
export function watchServing(endpoints: string[]): ServingWatch {
  const ending = new AbortController();
  const answers = new Answers();
  const polls = endpoints.map((endpoint) => poll(endpoint, answers, ending.signal));
  return {
    report: () => answers.report(),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(polls);
    },
  };
}

/** Puts the answers together: which tenures there were, and how long nobody answered. */
export class Answers {
  readonly #tenures: Tenure[] = [];
  #overlaps = 0;
  readonly #evidence: { one: Tenure; other: Tenure }[] = [];
  readonly #now: () => number;
  #count = 0;
  #lastMs: number | undefined;
  #longestGapMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes a new connection's first answer. */
  begin(endpoint: string, answeredMs: number): Tenure {
    this.#answer(answeredMs);
    // Of a single answer nobody can say when between request and answer it was given: the tenure begins as empty.
    const tenure = { endpoint, fromMs: answeredMs, toMs: -Infinity };
    this.#tenures.push(tenure);
    if (this.#tenures.length > tenureLimit) this.#tenures.shift();
    return tenure;
  }

  /** Takes a further answer on the same connection. */
  extend(tenure: Tenure, askedMs: number, answeredMs: number): void {
    this.#answer(answeredMs);
    const before = { ...tenure };
    tenure.toMs = askedMs;
    for (const other of this.#tenures) {
      // A pair is counted once, when it first has an instant in common.
      if (other.endpoint === tenure.endpoint || overlap(before, other) || !overlap(tenure, other)) continue;
      this.#overlaps += 1;
      if (this.#evidence.length < evidenceLimit) this.#evidence.push({ one: tenure, other });
    }
  }

  report(): ServingReport {
    const now = this.#now();
    return {
      answers: this.#count,
      bothServing: this.#overlaps,
      evidence: this.#evidence.map(({ one, other }) => ({ one: { ...one }, other: { ...other } })),
      longestGapMs: this.#longestGapMs,
      sinceLastMs: now - (this.#lastMs ?? now),
    };
  }

  #answer(answeredMs: number): void {
    this.#count += 1;
    if (this.#lastMs !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, answeredMs - this.#lastMs);
    this.#lastMs = Math.max(this.#lastMs ?? answeredMs, answeredMs);
  }
}

function overlap(one: Tenure, other: Tenure): boolean {
  return Math.max(one.fromMs, other.fromMs) <= Math.min(one.toMs, other.toMs);
}

async function poll(endpoint: string, answers: Answers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const socket = await tryConnect(endpoint, signal, answerLimitMs);
    if (socket !== undefined) await pollConnection(endpoint, socket, answers, signal);
    await setTimeout(pollEveryMs);
  }
}

async function pollConnection(endpoint: string, socket: Socket, answers: Answers, signal: AbortSignal): Promise<void> {
  const ask = asker(socket);
  let tenure: Tenure | undefined;
  while (!signal.aborted) {
    const askedMs = performance.now();
    const answered = await ask("INFO\n");
    const answeredMs = performance.now();
    if (!answered) break;
    if (tenure === undefined) tenure = answers.begin(endpoint, answeredMs);
    else answers.extend(tenure, askedMs, answeredMs);
    await setTimeout(pollEveryMs);
  }
  socket.destroy();
}

/** One request at a time; `false` when the connection has ended or no answer comes in time. */
function asker(socket: Socket): (line: string) => Promise<boolean> {
  let settle: ((answered: boolean) => void) | undefined;
  onLines(socket, () => settle?.(true));
  socket.once("close", () => settle?.(false));
  return async (line) =>
    await new Promise<boolean>((resolve) => {
      if (socket.destroyed) return resolve(false);
      const late = globalThis.setTimeout(() => settle?.(false), answerLimitMs);
      settle = (answered) => {
        clearTimeout(late);
        settle = undefined;
        resolve(answered);
      };
      socket.write(line);
    });
}
