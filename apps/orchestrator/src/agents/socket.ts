import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type AgentHello, agentMessageMaxBytes, agentSubprotocol, FromAgent } from "@godwit/contract";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import type { Authenticate } from "../http/auth.ts";
import { AgentConnection } from "./connection.ts";

export const agentsPath = "/v1/agents";
const helloLimitMs = 10_000;
const pingEveryMs = 5_000;

export interface AgentSocketOptions {
  server: Server;
  authenticate: Authenticate;
  log: Logger;
  /** Whether this is still the orchestrator that decides: asked before each message. */
  maySend: () => boolean;
  /** Resolves to the connection when the hello has been taken in. */
  greet: (hello: AgentHello, connect: (hostId: string) => AgentConnection) => Promise<AgentConnection>;
  hear: (connection: AgentConnection, message: FromAgent) => void;
  bye: (connection: AgentConnection) => void;
}

/** The agents' websockets: who may not connect is refused before the handshake. */
export function agentSocket(options: AgentSocketOptions): AsyncDisposable {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: agentMessageMaxBytes,
    perMessageDeflate: false,
    handleProtocols: () => agentSubprotocol,
  });
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void admit(request, socket, head);
  options.server.on("upgrade", upgrade);

  async function admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    if (request.url !== agentsPath) return refuse(socket, 404, "Not Found");
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    if (!offered.includes(agentSubprotocol))
      return refuse(socket, 426, "Upgrade Required", `Godwit-Subprotocols: ${agentSubprotocol}\r\n`);
    const principal = await options.authenticate(request.headers.authorization);
    if (principal === undefined) return refuse(socket, 401, "Unauthorized");
    if (principal.role !== "agent") return refuse(socket, 403, "Forbidden");
    sockets.handleUpgrade(request, socket, head, (opened) => converse(opened, options));
  }

  return {
    async [Symbol.asyncDispose]() {
      options.server.off("upgrade", upgrade);
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}

/** The first message is the hello; until it has been taken in, later ones wait in order. */
function converse(socket: WebSocket, { greet, hear, bye, log, maySend }: AgentSocketOptions): void {
  let greeting: Promise<AgentConnection> | undefined;
  const helloTimer = setTimeout(() => socket.close(1002, "no hello"), helloLimitMs);
  const heartbeat = watchHeartbeat(socket);
  socket.on("error", (error) => log.warn(`an agent's socket failed: ${error.message}`));
  socket.on("message", (data: Buffer) => {
    const parsed = FromAgent.safeParse(parseJson(data));
    if (!parsed.success) {
      log.warn(`a message of an agent's was not understood: ${parsed.error.issues[0]?.message ?? "unknown"}`);
      return socket.close(1007, "not understood");
    }
    const message = parsed.data;
    if (greeting === undefined) {
      if (message.type !== "hello") return socket.close(1002, "a hello comes first");
      clearTimeout(helloTimer);
      greeting = greet(message, (hostId) => new AgentConnection(hostId, message, socket, maySend));
      greeting.catch((error: unknown) => {
        log.error(error, "a hello could not be taken in");
        socket.close(1011, "the hello could not be taken in");
      });
      return undefined;
    }
    void greeting.then(
      (connection) => connection.answered(message) || hear(connection, message),
      () => undefined,
    );
    return undefined;
  });
  socket.on("close", () => {
    clearTimeout(helloTimer);
    clearInterval(heartbeat);
    void greeting?.then(bye, () => undefined);
  });
}

/** A peer that did not answer the last ping by the time of the next one is gone. */
function watchHeartbeat(socket: WebSocket): NodeJS.Timeout {
  let alive = true;
  socket.on("pong", () => (alive = true));
  return setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
    return undefined;
  }, pingEveryMs);
}

function refuse(socket: Duplex, status: number, text: string, headers = ""): void {
  socket.end(`HTTP/1.1 ${status} ${text}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
}

function parseJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString("utf8"));
  } catch {
    return undefined;
  }
}
