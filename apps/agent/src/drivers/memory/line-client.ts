import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

const connectLimitMs = 250;
const retryAfterMs = 2;

/** The reply's line; `undefined` where the connection ended first, and nobody knows what became of the request. */
export type OnReply = (reply: string | undefined) => void;

export function hostAndPort(endpoint: string): { host: string; port: number } {
  const at = endpoint.lastIndexOf(":");
  return { host: endpoint.slice(0, at), port: Number(endpoint.slice(at + 1)) };
}

/** Connects, or gives `undefined` where nobody accepts within the limit. */
export async function tryConnect(endpoint: string, signal: AbortSignal, limitMs: number): Promise<Socket | undefined> {
  if (signal.aborted) return undefined;
  const socket = connect({ ...hostAndPort(endpoint), noDelay: true });
  return await new Promise((resolve) => {
    const settle = (result: Socket | undefined) => {
      clearTimeout(late);
      signal.removeEventListener("abort", fail);
      resolve(result);
    };
    const fail = () => {
      socket.destroy();
      settle(undefined);
    };
    const late = globalThis.setTimeout(fail, limitMs);
    signal.addEventListener("abort", fail, { once: true });
    socket.on("error", fail);
    socket.once("connect", () => settle(socket));
  });
}

/** Calls `onLine` for each line that arrives. */
export function onLines(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
}

/** A client of the daemon's line protocol that pipelines, and goes on with whichever endpoint answers. */
export class LineClient {
  readonly #endpoints: string[];
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #socket: Socket | undefined;
  #waiting: OnReply[] = [];
  #firstWaiting = 0;
  #connections = 0;
  #endpoint: string | undefined;

  constructor(endpoints: string[]) {
    if (endpoints.length === 0) throw new Error("There is no endpoint to connect to");
    this.#endpoints = endpoints;
    this.#done = this.#run();
  }

  /** The endpoint that is connected. */
  get endpoint(): string | undefined {
    return this.#endpoint;
  }

  get connections(): number {
    return this.#connections;
  }

  get inFlight(): number {
    return this.#waiting.length - this.#firstWaiting;
  }

  /** Sends a line if there is a connection, and says whether it did. */
  send(line: string, onReply: OnReply): boolean {
    if (this.#socket?.writable !== true) return false;
    this.#waiting.push(onReply);
    this.#socket.write(line, "latin1");
    return true;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#socket?.destroy();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      for (const endpoint of this.#endpoints) {
        const socket = await tryConnect(endpoint, signal, connectLimitMs);
        if (socket !== undefined) await this.#use(endpoint, socket);
      }
      await setTimeout(retryAfterMs);
    }
  }

  async #use(endpoint: string, socket: Socket): Promise<void> {
    onLines(socket, (line) => this.#reply(line));
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.#connections += 1;
    await closed;
    this.#socket = undefined;
    this.#endpoint = undefined;
    const unanswered = this.#waiting.slice(this.#firstWaiting);
    this.#waiting = [];
    this.#firstWaiting = 0;
    for (const onReply of unanswered) onReply(undefined);
  }

  #reply(line: string): void {
    const onReply = this.#waiting[this.#firstWaiting];
    this.#firstWaiting += 1;
    // The answered part is dropped now and then, rather than moving the rest each time.
    if (this.#firstWaiting > 1024 && this.#firstWaiting * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    onReply?.(line);
  }
}
