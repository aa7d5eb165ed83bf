import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { Migration, type ProblemCode, problems } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { fill, memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { knock, PretendedHost } from "./support/pretended-host.ts";
import { pictureOf, settledOn } from "./support/settled.ts";

let cluster: Cluster;
let calm: MemoryGuest;
beforeAll(async () => {
  cluster = await Cluster.start([
    ...alphaAndBeta(),
    { name: "small", serviceAddress: "127.0.0.3", capacityBytes: 2 * MiB },
  ]);
  calm = await memoryGuest(cluster, { name: "calm" });
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

/** Whatever was wrong: nothing has moved, and on no other host there is anything of the guest. */
afterEach(async () => expect(await pictureOf(cluster, calm)).toEqual(settledOn("alpha", 1)));

const usual = { guest: "calm", destination: "beta" };

function problem(code: ProblemCode, more: object = {}): object {
  const { status, title } = problems[code];
  return { status, body: { type: expect.stringMatching(/^https:/), title, status, code, ...more } };
}

function at(...pointers: string[]): object {
  return { errors: pointers.map((pointer) => ({ pointer, detail: expect.stringMatching(/\w/) })) };
}

async function migrate(more: object, headers: Record<string, string> = {}) {
  return await cluster.ask("POST", "/v1/migrations", { body: { ...usual, ...more }, headers });
}

describe("A2: what cannot be meant is refused, and the field that is at fault is pointed at", () => {
  test.each([
    [{ ...usual, speed: 9 }, "/speed"],
    [{ destination: "beta" }, "/guest"],
    [{ ...usual, guest: 7 }, "/guest"],
    [{ ...usual, placement: "pack" }, "/placement"],
    [{ guest: "calm", placement: "random" }, "/placement"],
    [{ ...usual, limits: { patience: 1 } }, "/limits/patience"],
    [{ ...usual, limits: { downtimeLimitMs: 0 } }, "/limits/downtimeLimitMs"],
    [{ ...usual, limits: { downtimeLimitMs: "300" } }, "/limits/downtimeLimitMs"],
    [{ ...usual, limits: { deadlineMs: 10 } }, "/limits/deadlineMs"],
    [{ ...usual, limits: { bandwidthBytesPerSec: 1.5 } }, "/limits/bandwidthBytesPerSec"],
    [[], ""],
  ])("a migration and a plan of %j: at %j", async (body, pointer) => {
    expect(await cluster.ask("POST", "/v1/migrations", { body })).toMatchObject(
      problem("invalid-request", at(pointer)),
    );
    expect(await cluster.ask("POST", "/v1/plans", { body })).toMatchObject(problem("invalid-request", at(pointer)));
  });

  test.each([
    ["/v1/migrations?limit=0", "/limit"],
    ["/v1/migrations?limit=201", "/limit"],
    ["/v1/migrations?limit=many", "/limit"],
    ["/v1/hosts?cursor=garbage", "/cursor"],
    ["/v1/guests?colour=red", "/colour"],
    ["/v1/migrations?phase=done", "/phase"],
    ["/v1/migrations/17", "/id"],
  ])("GET %s: at %s", async (path, pointer) => {
    expect(await cluster.ask("GET", path)).toMatchObject(problem("invalid-request", at(pointer)));
  });

  test("a body that is no JSON, is empty, is of another kind, or is too large", async () => {
    const post = async (body: string, type = "application/json") =>
      await cluster.ask("POST", "/v1/migrations", { body, headers: { "content-type": type } });
    expect(await post('{"guest":')).toMatchObject(problem("malformed-json"));
    expect(await post("")).toMatchObject(problem("malformed-json"));
    expect(await post(JSON.stringify(usual), "text/plain")).toMatchObject(problem("unsupported-media-type"));
    expect(await post(JSON.stringify(usual), "text/xml")).toMatchObject(problem("unsupported-media-type"));
    expect(await post(JSON.stringify({ ...usual, guest: "x".repeat(256 * 1024) }))).toMatchObject(
      problem("body-too-large"),
    );
  });

  test("an idempotency key that is too long", async () => {
    const headers = { "idempotency-key": "x".repeat(256) };
    expect(await migrate({}, headers)).toMatchObject(problem("invalid-request", at("/idempotency-key")));
  });
});

describe("what is not there", () => {
  test.each([
    ["GET", "/v1/guests/nobody", "unknown-guest"],
    ["DELETE", "/v1/guests/nobody", "unknown-guest"],
    ["GET", "/v1/guests?host=nowhere", "unknown-host"],
    ["GET", "/v1/hosts/nowhere", "unknown-host"],
    ["GET", `/v1/plans/${uuidv7()}`, "unknown-plan"],
    ["GET", `/v1/migrations/${uuidv7()}`, "unknown-migration"],
    ["GET", `/v1/migrations/${uuidv7()}/events`, "unknown-migration"],
    ["GET", `/v1/migrations/${uuidv7()}/samples`, "unknown-migration"],
    ["GET", `/v1/migrations/${uuidv7()}/report`, "unknown-migration"],
    ["POST", `/v1/migrations/${uuidv7()}/cancel`, "unknown-migration"],
    ["GET", "/v1/nothing", "not-found"],
    ["DELETE", "/v1/migrations", "not-found"],
  ] as const)("%s %s is %s", async (method, path, code) => {
    expect(await cluster.ask(method, path)).toMatchObject(problem(code, { instance: path }));
  });

  test("a migration of, to, or by what is not there", async () => {
    expect(await migrate({ guest: "nobody" })).toMatchObject(problem("unknown-guest"));
    expect(await migrate({ destination: uuidv7() })).toMatchObject(problem("unknown-host"));
    expect(await cluster.ask("POST", "/v1/migrations", { body: { planId: uuidv7() } })).toMatchObject(
      problem("unknown-plan"),
    );
  });
});

describe("who may not", () => {
  test("no token, a mistyped one, one of another server, and an agent's are told apart only as far as is good", async () => {
    const [, id = "", secret = ""] = cluster.token.split("_");
    const mistyped = `gdw_${id}_${secret}_000000`;
    for (const authorization of ["", "Basic Zm9vOmJhcg==", "Bearer nonsense", `Bearer ${mistyped}`]) {
      const answer = await migrate({}, { authorization });
      expect(answer).toMatchObject(problem("unauthenticated"));
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer /);
    }
    // The router reads these as `/v1/…`: so must whoever asks for a token.
    for (const path of ["/%761/policies", "/v%31/guests", "/%76%31/hosts"])
      expect(await cluster.ask("GET", path, { headers: { authorization: "" } })).toMatchObject(
        problem("unauthenticated"),
      );
    const agents = (await readFile(cluster.agentTokenFile, "utf8")).trim();
    expect(await migrate({}, { authorization: `Bearer ${agents}` })).toMatchObject(problem("forbidden"));
    expect(await cluster.ask("GET", "/v1/hosts", { headers: { authorization: `Bearer ${agents}` } })).toMatchObject(
      problem("forbidden"),
    );
  });

  test("the agents' socket lets in agents' tokens alone, in the subprotocol that it speaks", async () => {
    const agents = (await readFile(cluster.agentTokenFile, "utf8")).trim();
    expect(await knock(cluster, cluster.token)).toBe(403);
    expect(await knock(cluster, "nonsense")).toBe(401);
    expect(await knock(cluster, agents, "godwit.agent.v0")).toBe(426);
    expect(await knock(cluster, agents)).toBe(101);
  });
});

describe("M13: what speaks against a migration is said before it is made", () => {
  test("the same host", async () => {
    expect(await migrate({ destination: "alpha" })).toMatchObject(problem("same-host"));
  });

  test("a destination without room, with the figures, and one on which the address is taken", async () => {
    expect(await migrate({ destination: "small" })).toMatchObject(
      problem("no-room", { detail: expect.stringMatching(/4 MiB .*2 MiB/) }),
    );
    const squatter = createServer().listen(calm.port, "127.0.0.2");
    await once(squatter, "listening");
    expect(await migrate({})).toMatchObject(
      problem("address-in-use", { detail: expect.stringContaining(`127.0.0.2:${calm.port}`) }),
    );
    await new Promise((resolve) => squatter.close(resolve));
  });

  test("a destination that reads another format, that has no such back end, and that has gone", async () => {
    const memory = { kind: "memory", version: "9", format: { writes: 9, reads: [8, 9] }, features: [], can: {} };
    {
      await using _newer = await PretendedHost.connect(cluster, { name: "newer", backends: [memory] });
      expect(await migrate({ destination: "newer" })).toMatchObject(
        problem("incompatible-format", { detail: expect.stringMatching(/format 1 .*reads 8, 9/) }),
      );
      await using _bare = await PretendedHost.connect(cluster, { name: "bare" });
      expect(await migrate({ destination: "bare" })).toMatchObject(problem("missing-back-end"));
    }
    expect(await migrate({ destination: "newer" })).toMatchObject(problem("host-offline", { retryable: true }));
    const planned = await cluster.ask("POST", "/v1/plans", { body: { ...usual, destination: "newer" } });
    // A plan says everything that speaks against it, not just the first.
    expect(planned).toMatchObject({ status: 201, body: { possible: false } });
    expect(planned.body).toMatchObject({
      checks: [
        { name: "hosts", ok: true },
        { name: "agents", ok: false, code: "host-offline" },
        { name: "guest", ok: true },
        { name: "backEnds", ok: false, code: "incompatible-format" },
      ],
    });
  });

  test("a feature that the state needs and the destination lacks; a guest that does not run where it is owned", async () => {
    const gpu = (features: string[]) => [
      { kind: "gpu", version: "1", format: { writes: 1, reads: [1] }, features, can: {} },
    ];
    const guest = (name: string, state: "running" | "stopped") => ({
      guestId: uuidv7(),
      name,
      epoch: 1,
      state,
      definitions: [{ name: "card", kind: "gpu", config: {} }],
      devices: [],
    });
    await using _new = await PretendedHost.connect(cluster, {
      name: "new-card",
      backends: gpu(["fp8"]),
      guests: [guest("trainer", "running"), guest("asleep", "stopped")],
    });
    await using _old = await PretendedHost.connect(cluster, { name: "old-card", backends: gpu([]) });
    expect(await migrate({ guest: "trainer", destination: "old-card" })).toMatchObject(
      problem("missing-feature", { detail: expect.stringMatching(/card needs fp8/) }),
    );
    expect(await migrate({ guest: "asleep", destination: "new-card" })).toMatchObject(problem("same-host"));
    expect(await migrate({ guest: "asleep", destination: "old-card" })).toMatchObject(problem("guest-not-settled"));
    for (const name of ["trainer", "asleep"])
      expect((await cluster.ask("DELETE", `/v1/guests/${name}`)).status).toBe(204);
  });

  test("an agent that does not answer; a key whose first request has not been answered yet", async () => {
    const backends = [{ kind: "memory", version: "1", format: { writes: 1, reads: [1] }, features: [], can: {} }];
    await using _mute = await PretendedHost.connect(cluster, { name: "mute", backends });
    const headers = { "idempotency-key": randomUUID() };
    const [first, second] = await Promise.all([
      migrate({ destination: "mute" }, headers),
      migrate({ destination: "mute" }, headers),
    ]);
    const [late, early] = first.status === 504 ? [first, second] : [second, first];
    expect(late).toMatchObject(problem("host-silent", { retryable: true }));
    expect(early).toMatchObject(problem("idempotency-key-in-progress", { retryable: true }));
  });
});

describe("guests that cannot be made are not made", () => {
  const config = { sizeBytes: 4 * MiB, port: 19_999 };
  const guest = (device: object, more: object = {}) => ({
    body: { name: "odd", host: "alpha", devices: [{ name: "d", kind: "memory", config, ...device }], ...more },
  });

  test("a configuration that its back end refuses is pointed at in the request", async () => {
    const make = async (device: object) => await cluster.ask("POST", "/v1/guests", guest(device));
    const wrong = (field: string) => problem("invalid-config", at(`/devices/0/config/${field}`));
    expect(await make({ config: { ...config, sizeBytes: 5 } })).toMatchObject(wrong("sizeBytes"));
    expect(await make({ config: { ...config, colour: 1 } })).toMatchObject(wrong("colour"));
    expect(await make({ kind: "directory", config: { path: "../elsewhere" } })).toMatchObject(wrong("path"));
  });

  test("a taken name, a taken address, a missing back end, a command that fails, no device, a name like an id", async () => {
    const make = async (device: object, more?: object) => await cluster.ask("POST", "/v1/guests", guest(device, more));
    expect(await make({}, { name: "calm" })).toMatchObject(problem("name-taken"));
    expect(await make({}, { host: "nowhere" })).toMatchObject(problem("unknown-host"));
    expect(await make({ config: { ...config, port: calm.port } })).toMatchObject(problem("address-in-use"));
    expect(await make({ kind: "quantum" })).toMatchObject(problem("missing-back-end"));
    expect(
      await make({ kind: "directory", config: { path: "odd", resume: "echo no luck today; exit 3" } }),
    ).toMatchObject(problem("create-failed", { detail: expect.stringMatching(/ended with 3: no luck today/) }));
    expect(await make({}, { devices: [] })).toMatchObject(problem("invalid-request", at("/devices")));
    expect(await make({}, { name: uuidv7() })).toMatchObject(problem("invalid-request", at("/name")));
  });

  afterEach(async () => {
    const { items } = await cluster.client.guests.list();
    expect(items.map(({ name }) => name)).toEqual(["calm"]);
    expect((await cluster.devicesOn("alpha")).filter((command) => !command.includes(calm.id))).toEqual([]);
  });
});

describe("one migration of a guest at a time", () => {
  let slow: MemoryGuest;
  beforeAll(async () => {
    slow = await memoryGuest(cluster, { name: "slow", sizeBytes: 16 * MiB });
    await fill(slow, 8 * MiB);
  });
  afterAll(async () => await cluster.client.guests.remove("slow"));
  const slowly = { guest: "slow", limits: { bandwidthBytesPerSec: 65_536 } };

  test("D2: of twenty that are asked for at once one is made; until it has ended the guest is busy for everybody", async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, async () => await migrate(slowly)));
    const [made, ...none] = asked.filter(({ status }) => status === 202);
    expect(none).toEqual([]);
    for (const answer of asked.filter((each) => each !== made))
      expect(answer).toMatchObject(problem("guest-busy", { retryable: true }));
    const { id } = Migration.parse(made?.body);
    expect(await cluster.ask("DELETE", "/v1/guests/slow")).toMatchObject(problem("guest-busy"));
    expect(await cluster.ask("POST", "/v1/plans", { body: { ...usual, guest: "slow" } })).toMatchObject({
      status: 201,
      body: { possible: false },
    });
    expect((await cluster.client.guests.get("slow")).migrationId).toBe(id);

    const cancelled = await cluster.ask("POST", `/v1/migrations/${id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { phase: "aborted", reason: { code: "CANCELLED" } } });
    const again = await cluster.ask("POST", `/v1/migrations/${id}/cancel`);
    expect(again).toMatchObject({ status: 200, body: { phase: "aborted", endedAt: expect.any(String) } });
    await expect.poll(async () => await pictureOf(cluster, slow), { timeout: 10_000 }).toEqual(settledOn("alpha", 1));
  });

  test("a migration that has completed cannot be cancelled", async () => {
    const { id } = Migration.parse((await migrate({ guest: "slow" })).body);
    await cluster.client.waitForEnd(id);
    expect(await cluster.ask("POST", `/v1/migrations/${id}/cancel`)).toMatchObject(
      problem("past-point-of-no-return", { currentState: "completed" }),
    );
    await expect.poll(async () => await pictureOf(cluster, slow), { timeout: 10_000 }).toEqual(settledOn("beta", 2));
  });
});
