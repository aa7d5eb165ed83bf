import { once } from "node:events";
import { type AgentHello, agentSubprotocol, FromAgent, type ToAgent } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { type WebSocket, WebSocketServer } from "ws";
import { until } from "./until.ts";

/** Says to one agent whatever a test has it say, and hears what it answers. */
export class FalseOrchestrator implements AsyncDisposable {
  readonly heard: FromAgent[] = [];
  readonly #server: WebSocketServer;
  #agent: WebSocket | undefined;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => {
      socket.on("message", (data: Buffer) => {
        const message = FromAgent.parse(JSON.parse(data.toString("utf8")));
        this.heard.push(message);
        if (message.type !== "hello") return;
        this.#agent = socket;
        this.say({ type: "welcome", confirmed: [], hostId: uuidv7(), reportEveryMs: 100 });
      });
    });
  }

  static async start(): Promise<FalseOrchestrator> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => agentSubprotocol });
    await once(server, "listening");
    return new FalseOrchestrator(server);
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("It listens on no port");
    return `http://127.0.0.1:${address.port}`;
  }

  async hello(): Promise<AgentHello> {
    return await until("the agent says hello", () => this.heard.find((message) => message.type === "hello"));
  }

  say(message: ToAgent): void {
    this.#agent?.send(JSON.stringify(message));
  }

  /** Says it, and resolves to what the agent says from then on, up to a message of one of these types. */
  async ask(message: ToAgent, ...answers: FromAgent["type"][]): Promise<FromAgent[]> {
    const from = this.heard.length;
    this.say(message);
    return await until(`an answer to ${message.type}`, () => {
      const since = this.heard.slice(from).filter(({ type }) => type !== "guests");
      return since.some(({ type }) => answers.includes(type)) ? since : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
