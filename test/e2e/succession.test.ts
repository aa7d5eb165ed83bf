import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadHandle, startLoad } from "@godwit/agent/load";
import { Client } from "@godwit/client";
import { agentSubprotocol, type Migration } from "@godwit/contract";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "../support/ports.ts";
import { startPostgres, type TemporaryPostgres } from "../support/postgres.ts";
import { need } from "../support/requirements.ts";
import { type Answer, ask } from "./support/ask.ts";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { Program } from "./support/program.ts";
import { untilEnded, untilSettled } from "./support/settled.ts";
import { until } from "./support/until.ts";

/** So slow a link that a migration can be met in precopy at leisure. */
const linkBytesPerSec = 8_000_000;
const limits = { downtimeLimitMs: 2_000 };
const leaseMs = 3_000;
/** Besides the lease: an agent gives up a silent connection after 15 s, and a server that does not answer after 10 s. */
const foundWithinMs = 60_000;

const postgres = need("postgres");

let database: TemporaryPostgres | undefined;
let cluster: Cluster;
let second: Program;
let ports: { first: number; second: number };
let guest: MemoryGuest;
let load: LoadHandle;

beforeAll(async () => {
  if (postgres.missing !== undefined) return;
  database = await startPostgres(postgres.path);
  ports = { first: await freePort(), second: await freePort() };
  const servers = [ports.first, ports.second].map((port) => `http://127.0.0.1:${port}`).join(",");
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec, options: ["--server", servers] }), (program) =>
    program === "server" ? { environment: environment(), options: serverOptions(ports.first) } : {},
  );
  second = new Program("second", join(cluster.folder, "second.log"));
  guest = await memoryGuest(cluster, { name: "web", sizeBytes: 32 * MiB });
}, 120_000);
afterAll(async () => {
  await second?.end();
  await cluster?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
}, 60_000);
beforeEach(async (context) => {
  if (postgres.missing !== undefined) return context.skip(postgres.missing);
  load = startLoad({ endpoints: guest.endpoints, keys: 9_000, writesPerSecond: 200 });
  await load.fill();
});
afterEach(async () => {
  if (postgres.missing !== undefined) return;
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await load[Symbol.asyncDispose]();
});

test("D13: one that stands by is alive and not ready, takes no agents, and names the one that decides", async () => {
  await secondStandsBy();
  expect(await askSecond("/livez")).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await askSecond("/readyz")).toMatchObject({ status: 503, body: { status: "standby" } });
  const detail = expect.stringContaining(`process ${cluster.pid("server")}.`);
  for (const path of ["/v1/version", "/v1/guests", "/v1/nothing"])
    expect(await askSecond(path)).toMatchObject({ status: 503, body: { code: "standby", retryable: true, detail } });
  expect(await knock(`ws://127.0.0.1:${ports.second}/v1/agents`)).toBe(503);
  await second.kill("SIGTERM");
  expect(await second.ended()).toBe(0);
});

test("D12, D13: one that is killed in precopy is succeeded: the migration is adopted and completes; at a clean stop the successor is too", async () => {
  const { itsTurn } = await secondStandsBy();
  const { id, destination } = await inPrecopy();
  await cluster.kill("server");
  await itsTurn;
  await agentsOfSecond();
  expect(await ended(id)).toMatchObject({ phase: "completed" });
  await firstReturns();
  await settled(destination);
}, 180_000);

test.each(["precopy", "switchover"])(
  "D11, D12: one that hangs in %s and wakes up after it was succeeded ends with an error, and one host serves",
  async (phase) => {
    const { itsTurn } = await secondStandsBy();
    const { id, source, destination } = phase === "precopy" ? await inPrecopy() : await inSwitchover();
    await cluster.kill("server", "SIGSTOP");
    await itsTurn;
    await agentsOfSecond();
    await cluster.kill("server", "SIGCONT");
    expect(await cluster.ended("server")).toBe(1);
    const log = await readFile(join(cluster.folder, "server.log"), "utf8");
    expect(log).toMatch(/lease .*; this orchestrator stops|lease .*; this one stops/);
    const { phase: outcome } = await ended(id);
    await firstReturns();
    await settled(outcome === "completed" ? destination : source);
  },
  180_000,
);

function environment(): Record<string, string> {
  return { DATABASE_URL: database?.url ?? "" };
}

function serverOptions(port: number): string[] {
  return ["--port", String(port), "--lease", String(leaseMs)];
}

/** Resolves when it stands by; `itsTurn` when it has taken the first one's place. */
async function secondStandsBy(): Promise<{ itsTurn: Promise<unknown> }> {
  const command = ["server", "--data", join(cluster.folder, "second"), ...serverOptions(ports.second), "--json"];
  const itsTurn = second.start(command, { environment: environment() });
  // It may end without ever having had it.
  itsTurn.catch(() => undefined);
  await until("the second stands by", async () => (await askSecond("/livez")).status === 200);
  return { itsTurn };
}

/** The first is started again and has its turn as soon as the second ends: it need not wait for the lease to run out. */
async function firstReturns(): Promise<void> {
  const ready = cluster.restart("server");
  await until("the first stands by", async () => (await ask(new URL("/readyz", cluster.url), "GET")).status === 503);
  await second.kill("SIGTERM");
  expect(await second.ended()).toBe(0);
  await ready;
  await cluster.connected();
}

async function askSecond(path: string): Promise<Answer> {
  return await ask(new URL(path, `http://127.0.0.1:${ports.second}`), "GET");
}

/** The status with which a websocket is refused. */
async function knock(url: string): Promise<unknown> {
  const socket = new WebSocket(url, agentSubprotocol);
  const [, response] = await once(socket, "unexpected-response");
  socket.on("error", () => undefined);
  socket.terminate();
  return response.statusCode;
}

/** The second's API; the tokens are those of the database that both have. */
function clientOfSecond(): Client {
  return new Client({ server: `http://127.0.0.1:${ports.second}`, token: cluster.token });
}

async function agentsOfSecond(): Promise<void> {
  await until(
    "the agents have found the second",
    async () => {
      const { items } = await clientOfSecond().hosts.list({ limit: 200 });
      return items.every(({ state }) => state === "connected");
    },
    foundWithinMs,
  );
}

async function inPrecopy(): Promise<{ id: string; source: string; destination: string }> {
  const begun = await begin();
  await until("some of it has moved in precopy", async () => {
    const { phase, devices } = await cluster.client.migrations.get(begun.id);
    return phase === "precopy" && devices.reduce((sum, device) => sum + device.sentBytes, 0) > 1e6;
  });
  return begun;
}

async function inSwitchover(): Promise<{ id: string; source: string; destination: string }> {
  const begun = await begin();
  await until("it has begun to switch over", async () => {
    const { phase } = await cluster.client.migrations.get(begun.id);
    return ["switchover", "completed"].includes(phase);
  });
  return begun;
}

async function begin(): Promise<{ id: string; source: string; destination: string }> {
  const source = (await cluster.client.guests.get("web")).host;
  const destination = source === "alpha" ? "beta" : "alpha";
  const { id } = await cluster.client.migrations.create({ guest: "web", destination, limits });
  return { id, source, destination };
}

async function ended(id: string): Promise<Migration> {
  return await untilEnded(clientOfSecond(), id);
}

async function settled(host: string): Promise<void> {
  await untilSettled(cluster, guest, host);
}
