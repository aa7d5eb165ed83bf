import { agentMessageMaxBytes, agentSubprotocol, type AgentHello, type FromAgent, ToAgent } from "@godwit/contract";
import type { Logger } from "pino";
import { WebSocket } from "ws";
import { detailOf } from "./plane/failure.ts";

const firstRetryMs = 200;
const lastRetryMs = 5_000;
/** The orchestrator pings every 5 s; a connection that has been silent for three of those is taken for dead. */
const silenceLimitMs = 15_000;
/** What has not left the process by then is dropped with its connection: the orchestrator asks again. */
const backlogMaxBytes = 16 * 1024 * 1024;

export interface SessionOptions {
  /** Dialled in turn. */
  servers: string[];
  token: () => Promise<string>;
  hello: () => Promise<AgentHello>;
  hear: (message: ToAgent) => void;
  log: Logger;
  signal: AbortSignal;
}

/**
 * The agent's conversation with the orchestrator: one websocket, opened again whenever it breaks, each time with a hello that says
 * everything anew. Nothing is queued across connections, since every command is repeated until it is answered.
 */
export class Session {
  readonly #options: SessionOptions;
  #socket: WebSocket | undefined;
  #turn = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  tell(message: FromAgent): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > backlogMaxBytes) socket.terminate();
    else socket.send(JSON.stringify(message));
  }

  /**
   * Keeps the conversation up until the signal is aborted. Also after a connection that was lost the next server has its turn: the last one
   * may hang, and one that only stands by says so at once.
   */
  async run(): Promise<void> {
    const { signal, servers } = this.#options;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      const opened = await this.#converseWithAny(servers);
      retryMs = opened ? firstRetryMs : Math.min(lastRetryMs, retryMs * 2);
      if (!signal.aborted) await pause(retryMs * (0.5 + Math.random() / 2), signal);
    }
  }

  /** With the first of them that can be reached, beginning at the one whose turn it is; false when none can. */
  async #converseWithAny(servers: string[]): Promise<boolean> {
    for (let tried = 0; tried < servers.length && !this.#options.signal.aborted; tried += 1) {
      const server = servers[this.#turn] ?? "";
      this.#turn = (this.#turn + 1) % servers.length;
      const opened = await this.#converse(server).catch((error: unknown) => {
        this.#options.log.warn({ server }, `no connection to the orchestrator: ${detailOf(error)}`);
        return false;
      });
      if (opened) return true;
    }
    return false;
  }

  /** One connection, until it is closed; true if it came about at all. */
  async #converse(server: string): Promise<boolean> {
    const { token, signal } = this.#options;
    const headers = { authorization: `Bearer ${await token()}` };
    const socket = new WebSocket(`${server.replace(/^http/, "ws")}/v1/agents`, agentSubprotocol, {
      headers,
      perMessageDeflate: false,
      maxPayload: agentMessageMaxBytes,
      handshakeTimeout: 10_000,
    });
    const close = () => socket.terminate();
    signal.addEventListener("abort", close, { once: true });
    try {
      return await this.#untilClosed(socket, server);
    } finally {
      signal.removeEventListener("abort", close);
      this.#socket = undefined;
    }
  }

  async #untilClosed(socket: WebSocket, server: string): Promise<boolean> {
    return await new Promise((resolve, reject) => {
      let opened = false;
      let silence = setTimeout(() => socket.terminate(), silenceLimitMs);
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => socket.terminate(), silenceLimitMs);
      };
      socket.on("open", () => {
        opened = true;
        void this.#greet(socket, server);
      });
      socket.on("ping", heard);
      socket.on("message", (data: Buffer) => {
        heard();
        this.#receive(data);
      });
      socket.on("error", (error) => (opened ? this.#options.log.warn(detailOf(error)) : reject(error)));
      socket.on("close", () => {
        clearTimeout(silence);
        resolve(opened);
      });
    });
  }

  /** The hello is the first message: what would be told before it has come together is part of it. */
  async #greet(socket: WebSocket, server: string): Promise<void> {
    const hello = await this.#options.hello();
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify(hello));
    this.#socket = socket;
    this.#options.log.info({ server }, "connected to the orchestrator");
  }

  #receive(data: Buffer): void {
    const parsed = ToAgent.safeParse(parseJson(data));
    if (parsed.success) this.#options.hear(parsed.data);
    else
      this.#options.log.warn(
        `a message of the orchestrator's was not understood: ${parsed.error.issues[0]?.message ?? "unknown"}`,
      );
  }
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done, { once: true });
  });
}
