import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

const pollEveryMs = 5;
const answerLimitMs = 500;

export interface Writes {
  /**
   * The endpoints in the order in which they accepted writes, each named once a turn. A turn begins with a write that was sent after the
   * last one of the turn before had been answered: two that serve at once take turns over and over, and one guest that moves once
   * gives two turns.
   */
  turns: string[];
  /** The longest time from one accepted write to the next. */
  longestGapMs: number;
}

/** Disposing ends it. */
export interface WriteWatch extends AsyncDisposable {
  /** The endpoint that accepted the last write. */
  readonly serving: string | undefined;
  /** What has been seen since it was last asked. */
  take(): Writes;
}

/** Writes to all endpoints all the time, each on a connection that is kept while it lasts. */
export function watchWrites(endpoints: string[]): WriteWatch {
  const ending = new AbortController();
  const turns = new Turns();
  const polls = endpoints.map(async (endpoint) => {
    while (!ending.signal.aborted) {
      await pollOnce(endpoint, turns, ending.signal);
      await setTimeout(pollEveryMs);
    }
  });
  return {
    get serving() {
      return turns.serving;
    },
    take: () => turns.take(),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.all(polls);
    },
  };
}

class Turns {
  #turns: string[] = [];
  #longestGapMs = 0;
  #last: { endpoint: string; answeredMs: number } | undefined;

  get serving(): string | undefined {
    return this.#last?.endpoint;
  }

  accepted(endpoint: string, sentMs: number, answeredMs: number): void {
    const last = this.#last;
    if (last?.endpoint !== endpoint) {
      // Which of two came first cannot be told of writes that were under way at the same time.
      if (last !== undefined && sentMs <= last.answeredMs) return;
      this.#turns.push(endpoint);
    }
    this.#longestGapMs = Math.max(this.#longestGapMs, answeredMs - (last?.answeredMs ?? answeredMs));
    this.#last = { endpoint, answeredMs };
  }

  take(): Writes {
    const taken = { turns: this.#turns, longestGapMs: this.#longestGapMs };
    this.#turns = [];
    this.#longestGapMs = 0;
    this.#last = undefined;
    return taken;
  }
}

/** One connection, until it ends or an answer does not come in time. */
async function pollOnce(endpoint: string, turns: Turns, signal: AbortSignal): Promise<void> {
  const at = endpoint.lastIndexOf(":");
  const socket = connect({ host: endpoint.slice(0, at), port: Number(endpoint.slice(at + 1)), noDelay: true });
  try {
    for (let count = 1; !signal.aborted; count += 1) {
      const sentMs = performance.now();
      const answer = await answerTo(socket, `SET watch:${endpoint} ${count}\n`);
      if (answer !== "OK") return;
      turns.accepted(endpoint, sentMs, performance.now());
      await setTimeout(pollEveryMs);
    }
  } finally {
    socket.destroy();
  }
}

/** One request at a time; `undefined` where the connection ends first, or has. */
async function answerTo(socket: Socket, line: string): Promise<string | undefined> {
  if (socket.destroyed) return undefined;
  return await new Promise((resolve) => {
    let answer = "";
    const settle = (settled?: string) => {
      clearTimeout(late);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      resolve(settled);
    };
    const late = globalThis.setTimeout(settle, answerLimitMs);
    socket.on("error", () => settle());
    socket.on("close", () => settle());
    socket.on("data", (data: Buffer) => {
      answer += data.toString("latin1");
      if (answer.includes("\n")) settle(answer.trimEnd());
    });
    socket.write(line);
  });
}
