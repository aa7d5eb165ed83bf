import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AgentHello, agentSubprotocol } from "@godwit/contract";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Session } from "./session.ts";

const hello: AgentHello = {
  type: "hello",
  name: "alpha",
  instance: "1",
  agentVersion: "0.1.0",
  peerEndpoint: "127.0.0.1:1",
  serviceAddress: "127.0.0.1",
  slots: { outgoing: 1, incoming: 1 },
  freeBytes: 0,
  backends: [],
  guests: [],
  attempts: [],
};

let standby: Server;
let deciding: Server;
let agents: WebSocketServer;
let asked: number;
const stop = new AbortController();

beforeEach(async () => {
  asked = 0;
  standby = createServer((_, response) => {
    asked += 1;
    response.writeHead(503).end();
  });
  deciding = createServer();
  agents = new WebSocketServer({ server: deciding, handleProtocols: () => agentSubprotocol });
  for (const server of [standby, deciding]) await once(server.listen(0, "127.0.0.1"), "listening");
});

afterEach(async () => {
  stop.abort();
  agents.close();
  for (const server of [standby, deciding]) await new Promise((resolve) => server.close(resolve));
});

test("D13: an agent dials its orchestrators in turn, past one that cannot be reached and one that stands by", async () => {
  const servers = ["http://127.0.0.1:1", urlOf(standby), urlOf(deciding)];
  const session = new Session({
    servers,
    token: async () => "token",
    hello: async () => hello,
    hear: () => undefined,
    log: pino({ level: "silent" }),
    signal: stop.signal,
  });
  const running = session.run();
  for (const times of [1, 2]) {
    const [socket] = await once(agents, "connection");
    const [said] = await once(socket, "message");
    expect(JSON.parse(String(said))).toEqual(hello);
    expect(asked).toBe(times);
    socket.terminate();
  }
  stop.abort();
  await running;
});

function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server listens on no port");
  return `http://127.0.0.1:${address.port}`;
}
