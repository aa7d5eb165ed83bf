import {
  type AgentAnswer,
  type AgentHello,
  type AgentRequest,
  agentAnswers,
  type FromAgent,
  type Refusal,
  type ToAgent,
} from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import type { WebSocket } from "ws";

/** A host that does not read is cut off before its backlog eats the memory. */
const backlogMaxBytes = 16 * 1024 * 1024;

/** What an agent said against a question that it was asked. */
export class AgentRefusal extends Error {
  override name = "AgentRefusal";
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/** The agent did not answer, or its connection broke before it did. */
export class AgentSilent extends Error {
  override name = "AgentSilent";
}

interface Waiting {
  resolve: (body: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** One connected agent, after its hello. */
export class AgentConnection {
  readonly hostId: string;
  readonly hello: AgentHello;
  readonly #socket: WebSocket;
  readonly #maySend: () => boolean;
  /** Wall time of the last sign of life. */
  heardAt = new Date();
  /** What is left of the memory for guests, as the agent last said. */
  freeBytes: number;
  readonly #waiting = new Map<string, Waiting>();

  constructor(hostId: string, hello: AgentHello, socket: WebSocket, maySend = () => true) {
    this.hostId = hostId;
    this.hello = hello;
    this.freeBytes = hello.freeBytes;
    this.#socket = socket;
    this.#maySend = maySend;
    const heard = () => (this.heardAt = new Date());
    socket.on("pong", heard);
    socket.on("message", heard);
  }

  /** Who may not send any more is about to stop; whoever comes after it says everything anew. */
  send(message: ToAgent): void {
    if (!this.#maySend()) return;
    if (this.#socket.bufferedAmount > backlogMaxBytes) this.#socket.terminate();
    else this.#socket.send(JSON.stringify(message));
  }

  /** @throws {AgentRefusal | AgentSilent} */
  async ask<Ask extends AgentRequest["ask"]>(
    request: AgentRequest & { ask: Ask },
    limitMs: number,
  ): Promise<AgentAnswer<Ask>> {
    const id = uuidv7();
    const body = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new AgentSilent(`${this.hello.name} did not answer within ${limitMs} ms`));
      }, limitMs);
      this.#waiting.set(id, { resolve, reject, timer });
      this.send({ type: "request", id, request });
    });
    // The table gives the schema of this very question's answer.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return agentAnswers[request.ask].parse(body) as AgentAnswer<Ask>;
  }

  /** Takes the answers to questions; what is none of them is left to the caller. */
  answered(message: FromAgent): boolean {
    if (message.type !== "reply" && message.type !== "refusal") return false;
    const waiting = this.#waiting.get(message.to);
    this.#waiting.delete(message.to);
    clearTimeout(waiting?.timer);
    if (message.type === "reply") waiting?.resolve(message.body);
    else waiting?.reject(new AgentRefusal(message));
    return true;
  }

  close(why: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new AgentSilent(`${this.hello.name}: ${why}`));
    }
    this.#waiting.clear();
    this.#socket.terminate();
  }
}
