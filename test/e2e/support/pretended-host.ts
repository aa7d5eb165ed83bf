import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AgentHello, agentSubprotocol, type FromAgent, ToAgent } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { WebSocket } from "ws";
import type { Cluster } from "./cluster.ts";

type Said = Partial<Omit<AgentHello, "type" | "name">> & { name: string };

/**
 * A host of which there is only the hello: it says of its back ends and guests, and later on, whatever a test needs, removes guests when
 * it is asked to, and answers nothing else.
 */
export class PretendedHost implements AsyncDisposable {
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const message = ToAgent.parse(JSON.parse(data.toString("utf8")));
      if (message.type !== "request" || message.request.ask !== "removeGuest") return;
      socket.send(JSON.stringify({ type: "reply", to: message.id, ok: true, body: {} }));
    });
  }

  /** Resolves when the orchestrator has welcomed it. */
  static async connect(cluster: Cluster, said: Said): Promise<PretendedHost> {
    const socket = dialAgents(cluster, (await readFile(cluster.agentTokenFile, "utf8")).trim());
    await once(socket, "open");
    const hello: AgentHello = {
      type: "hello",
      instance: uuidv7(),
      agentVersion: "0.0.0",
      peerEndpoint: "127.0.0.1:9",
      serviceAddress: "127.0.0.9",
      slots: { outgoing: 1, incoming: 1 },
      freeBytes: 64 * 1024 ** 3,
      backends: [],
      guests: [],
      attempts: [],
      ...said,
    };
    const host = new PretendedHost(socket);
    socket.send(JSON.stringify(hello));
    await once(socket, "message");
    return host;
  }

  say(message: FromAgent): void {
    this.#socket.send(JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, "close");
  }
}

/** How the agents' socket answers a token: 101 where it lets it in. */
export async function knock(cluster: Cluster, token: string, subprotocol = agentSubprotocol): Promise<number> {
  const socket = dialAgents(cluster, token, subprotocol);
  return await new Promise((resolve) => {
    // Ending before it is open is told as an error too.
    socket.on("error", () => undefined);
    socket.on("open", () => {
      resolve(101);
      socket.terminate();
    });
    socket.on("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
  });
}

function dialAgents(cluster: Cluster, token: string, subprotocol = agentSubprotocol): WebSocket {
  return new WebSocket(`${cluster.url.replace(/^http/, "ws")}/v1/agents`, subprotocol, {
    headers: { authorization: `Bearer ${token}` },
  });
}
