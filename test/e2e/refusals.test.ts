import { readFile } from "node:fs/promises";
import { startLoad } from "@godwit/agent/load";
import { agentSubprotocol, type ProblemCode, problems } from "@godwit/contract";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { WebSocket } from "ws";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { memoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let port: number;
beforeAll(async () => {
  cluster = await Cluster.start([
    ...alphaAndBeta(),
    { name: "small", serviceAddress: "127.0.0.3", capacityBytes: 24 * MiB },
    { name: "gone", serviceAddress: "127.0.0.4" },
  ]);
  await cluster.kill("gone");
  await until(
    "the host is known to be gone",
    async () => (await cluster.client.hosts.get("gone")).state === "disconnected",
  );
  port = (await memoryGuest(cluster, { name: "calm" })).port;
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

afterEach(async () => {
  // Whatever was asked for, nothing has moved.
  expect(await cluster.client.guests.get("calm")).toMatchObject({ host: "alpha", epoch: 1, state: "running" });
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${cluster.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${cluster.token}`, "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  expect(response.headers.get("content-type")).toContain("json");
  return { status: response.status, body: Answer.parse(await response.json()) };
}

function problem(code: ProblemCode, more: object = {}) {
  return { status: problems[code].status, body: { code, title: problems[code].title, ...more } };
}

const Answer = z.looseObject({ id: z.string().optional(), code: z.string().optional() });

const migrate = (body: object) => post("/v1/migrations", { guest: "calm", destination: "beta", ...body });

describe("A3: what is wrong is named by its code, and nothing moves", () => {
  test("unknown guest, unknown host, the same host, a host whose agent is gone", async () => {
    expect(await migrate({ guest: "nobody" })).toMatchObject(problem("unknown-guest"));
    expect(await migrate({ destination: "nowhere" })).toMatchObject(problem("unknown-host"));
    expect(await migrate({ destination: "alpha" })).toMatchObject(problem("same-host"));
    expect(await migrate({ destination: "gone" })).toMatchObject(problem("host-offline", { retryable: true }));
  });

  test("malformed JSON, unknown fields, limits that cannot be meant, each with its place", async () => {
    expect(await post("/v1/migrations", '{"guest":')).toMatchObject(problem("malformed-json"));
    expect(await post("/v1/plans", { guest: "calm", destination: "beta", speed: 9 })).toMatchObject(
      problem("invalid-request"),
    );
    const wrong = await post("/v1/plans", { guest: "calm", destination: "beta", limits: { downtimeLimitMs: -1 } });
    expect(wrong).toMatchObject(problem("invalid-request", { errors: [{ pointer: "/limits/downtimeLimitMs" }] }));
    expect(await migrate({ speed: 9 })).toMatchObject(problem("invalid-request"));
    expect(await post("/v1/migrations", "<guest/>", { "content-type": "text/xml" })).toMatchObject(
      problem("unsupported-media-type"),
    );
    expect(await post("/v1/migrations", { guest: "x".repeat(300_000), destination: "beta" })).toMatchObject(
      problem("body-too-large"),
    );
  });

  test("no token, a wrong one, and an agent's where none is due", async () => {
    const agents = (await readFile(cluster.agentTokenFile, "utf8")).trim();
    for (const authorization of ["", "Bearer nonsense", `Bearer ${cluster.token.slice(0, -1)}`]) {
      expect(await post("/v1/migrations", {}, { authorization })).toMatchObject(problem("unauthenticated"));
    }
    expect(await post("/v1/migrations", {}, { authorization: `Bearer ${agents}` })).toMatchObject(problem("forbidden"));
    expect(await upgradeStatus(cluster.token)).toBe(403);
    expect(await upgradeStatus("nonsense")).toBe(401);
  });

  test("a destination without room, one whose address is taken, one with another format", async () => {
    await memoryGuest(cluster, { name: "large", sizeBytes: 64 * MiB });
    await fill("large", 48);
    const figures = expect.stringMatching(/24(\.0)? MiB/);
    expect(await migrate({ guest: "large", destination: "small" })).toMatchObject(
      problem("no-room", { detail: figures }),
    );
    await cluster.client.guests.create(memoryAt("squatter", "beta", port));
    const address = expect.stringContaining(String(port));
    expect(await migrate({})).toMatchObject(problem("address-in-use", { detail: address }));
    await cluster.client.guests.remove("squatter");
    const strange = await strangeHost({
      kind: "memory",
      version: "9",
      format: { writes: 9, reads: [9] },
      features: [],
      can: {},
    });
    expect(await migrate({ destination: "strange" })).toMatchObject(problem("incompatible-format"));
    strange.terminate();
    const bare = await strangeHost();
    expect(await migrate({ destination: "strange" })).toMatchObject(problem("missing-back-end"));
    bare.terminate();
  });

  test("D2: of twenty migrations of one guest asked for at once, one is made", async () => {
    await memoryGuest(cluster, { name: "wanted" });
    const asked = await Promise.all(Array.from({ length: 20 }, () => migrate({ guest: "wanted" })));
    expect(asked.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const { body } of asked.filter(({ status }) => status !== 202)) expect(body.code).toBe("guest-busy");
    const made = asked.find(({ status }) => status === 202)?.body.id ?? "";
    const ended = await cluster.client.waitForEnd(made);
    expect(ended.phase).toBe("completed");
    expect(await post(`/v1/migrations/${made}/cancel`, {})).toMatchObject(
      problem("past-point-of-no-return", { currentState: "completed" }),
    );
  });

  test("ids, cursors and paths that are none", async () => {
    const client = { headers: { authorization: `Bearer ${cluster.token}` } };
    const get = async (path: string) => Answer.parse(await (await fetch(`${cluster.url}${path}`, client)).json());
    expect(await get("/v1/migrations/01a20a29-8d04-74db-b44d-54c131b88390")).toMatchObject({
      code: "unknown-migration",
    });
    expect(await get("/v1/migrations/17")).toMatchObject({ code: "invalid-request" });
    expect(await get("/v1/migrations?cursor=garbage")).toMatchObject({
      code: "invalid-request",
      errors: [{ pointer: "/cursor" }],
    });
    expect(await get("/v1/nothing")).toMatchObject({ code: "not-found" });
  });

  test("guests with a taken name, a wrong configuration or an address in use are not made", async () => {
    expect(await post("/v1/guests", memoryAt("calm", "alpha", port))).toMatchObject(problem("name-taken"));
    expect(await post("/v1/guests", memoryAt("other", "alpha", port))).toMatchObject(problem("address-in-use"));
    const odd = { name: "odd", host: "alpha", devices: [{ name: "ram", kind: "memory", config: { sizeBytes: 5 } }] };
    expect((await post("/v1/guests", odd)).status).toBeGreaterThanOrEqual(400);
    const unknown = { name: "odd", host: "alpha", devices: [{ name: "ram", kind: "quantum" }] };
    expect(await post("/v1/guests", unknown)).toMatchObject(problem("missing-back-end"));
    expect((await cluster.client.guests.list()).items.map(({ name }) => name)).not.toContain("odd");
  });
});

function memoryAt(name: string, host: string, at: number): { name: string; host: string; devices: Device[] } {
  return { name, host, devices: [{ name: "ram", kind: "memory", config: { sizeBytes: 4 * MiB, port: at } }] };
}

interface Device {
  name: string;
  kind: string;
  config: { sizeBytes: number; port: number };
}

/** Writes so many MiB into a memory guest, by a client of its own. */
async function fill(guest: string, mebibytes: number): Promise<void> {
  const { devices } = await cluster.client.guests.get(guest);
  await using load = startLoad({
    endpoints: [devices[0]?.endpoint ?? ""],
    keys: mebibytes * 1024,
    writesPerSecond: 1,
    valueBytes: 200,
  });
  await load.fill();
  await until("the guest is filled", async () => load.stats().acknowledged >= mebibytes * 1000);
}

async function upgradeStatus(token: string): Promise<number | undefined> {
  const socket = dial(token);
  return await new Promise((resolve) => {
    socket.on("unexpected-response", (_, response) => {
      resolve(response.statusCode);
      socket.terminate();
    });
    socket.on("open", () => resolve(101));
    socket.on("error", () => undefined);
  });
}

/** A host that says hello with these back ends, and nothing more. */
async function strangeHost(...backends: object[]): Promise<WebSocket> {
  const socket = dial((await readFile(cluster.agentTokenFile, "utf8")).trim());
  await new Promise((resolve) => socket.once("open", resolve));
  const identity = { name: "strange", instance: "01a20a29-8d04-74db-b44d-54c131b88390", agentVersion: "9" };
  const places = { peerEndpoint: "127.0.0.1:9", serviceAddress: "127.0.0.9", freeBytes: 0 };
  const hello = {
    type: "hello",
    ...identity,
    ...places,
    slots: { outgoing: 1, incoming: 1 },
    backends,
    guests: [],
    attempts: [],
  };
  socket.send(JSON.stringify(hello));
  await new Promise((resolve) => socket.once("message", resolve));
  return socket;
}

function dial(token: string): WebSocket {
  return new WebSocket(`${cluster.url.replace("http", "ws")}/v1/agents`, agentSubprotocol, {
    headers: { authorization: `Bearer ${token}` },
  });
}
