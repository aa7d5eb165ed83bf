import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Accuracy, Migration, MigrationPolicy, Plan, type ProblemCode, problems } from "@godwit/contract";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { readEvents } from "./support/events.ts";
import { fill, memoryGuest, MiB } from "./support/guests.ts";
import { godwit } from "./support/program.ts";
import { until } from "./support/until.ts";

/** Policies, and what may be changed of a migration that is under way, by plain requests. */
let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec: 20_000_000 }));
  // Enough for a bandwidth to be learnt from one move.
  await fill(await memoryGuest(cluster, { name: "web", sizeBytes: 48 * MiB }), 28 * MiB);
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

function problem(code: ProblemCode, more: object = {}): object {
  return { status: problems[code].status, body: { code, ...more } };
}

function at(pointer: string): object {
  return { errors: [{ pointer, detail: expect.stringMatching(/\w/) }] };
}

const Told = z.object({ data: z.object({ sentence: z.string(), data: z.record(z.string(), z.unknown()) }) });

/** Of one that has ended: until then the stream of its events goes on. */
async function changesOf(id: string): Promise<z.infer<typeof Told>["data"][]> {
  const events = await readEvents(cluster, `/v1/migrations/${id}/events`);
  return events.filter(({ event }) => event === "migration.changed").map((event) => Told.parse(event).data);
}

describe("A5: policies", () => {
  const path = "/v1/policies/nightly";

  async function ask(method: string, body?: object, ifMatch?: string) {
    const headers: Record<string, string> = ifMatch === undefined ? {} : { "if-match": ifMatch };
    return await cluster.ask(method, path, { headers, ...(body === undefined ? {} : { body }) });
  }

  test("who changes one says which version it changes, and who comes too late is refused", async () => {
    const settings = { downtimeLimitMs: 900, bandwidthBytesPerSec: 5_000_000 };
    const made = await cluster.ask("POST", "/v1/policies", { body: { name: "nightly", settings } });
    const policy = MigrationPolicy.parse(made.body);
    expect(made).toMatchObject({ status: 201 });
    expect(made.headers.get("location")).toBe(`/v1/policies/${policy.id}`);
    expect(policy).toMatchObject({ version: 1, builtIn: false, settings: { ...settings, patience: "normal" } });

    const first = made.headers.get("etag") ?? "";
    expect((await ask("GET")).headers.get("etag")).toBe(first);
    const change = { settings: { bandwidthBytesPerSec: null, patience: "patient" } };
    expect(await ask("PATCH", change)).toMatchObject(problem("precondition-required"));
    expect(await ask("PATCH", change, '"something-else"')).toMatchObject(problem("precondition-failed"));
    const changed = await ask("PATCH", change, first);
    expect(changed).toMatchObject({
      status: 200,
      body: { version: 2, settings: { downtimeLimitMs: 900, patience: "patient" } },
    });
    expect(MigrationPolicy.parse(changed.body).settings).not.toHaveProperty("bandwidthBytesPerSec");
    expect(await ask("PATCH", { settings: { hold: true } }, first)).toMatchObject(problem("precondition-failed"));
    expect(await ask("DELETE", undefined, first)).toMatchObject(problem("precondition-failed"));
    const second = changed.headers.get("etag") ?? "";
    const both = await Promise.all(
      [1_000, 2_000].map(async (downtimeLimitMs) => await ask("PATCH", { settings: { downtimeLimitMs } }, second)),
    );
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412]);
    expect(await ask("DELETE", undefined, "*")).toMatchObject({ status: 204 });
    expect(await ask("GET")).toMatchObject(problem("unknown-policy"));
  });

  test.each([
    [{ settings: {} }, "/name"],
    [{ name: "a b" }, "/name"],
    [{ name: "odd", settings: { downtimeLimitMs: 0 } }, "/settings/downtimeLimitMs"],
    [{ name: "odd", settings: { window: { from: "22:00", to: "24:00" } } }, "/settings/window/to"],
    [{ name: "odd", settings: { window: { from: "22:00", to: "22:00" } } }, "/settings/window"],
    [{ name: "odd", settings: { ladder: [{ remedy: "throttle", maxShare: 1 }] } }, "/settings/ladder/0/maxShare"],
    [{ name: "odd", settings: { ladder: [{ remedy: "force" }, { remedy: "force" }] } }, "/settings/ladder"],
    [{ name: "odd", settings: { ladder: [{ remedy: "teleport" }] } }, "/settings/ladder/0/remedy"],
    [{ name: "odd", limits: {} }, "/limits"],
  ])("A2: %j is refused at %s", async (body, pointer) => {
    expect(await cluster.ask("POST", "/v1/policies", { body })).toMatchObject(problem("invalid-request", at(pointer)));
    expect(await cluster.ask("GET", "/v1/policies/odd")).toMatchObject(problem("unknown-policy"));
  });

  test("a migration or a plan by a policy that is not there moves nothing", async () => {
    const body = { guest: "web", destination: "beta", policy: "nowhere" };
    expect(await cluster.ask("POST", "/v1/migrations", { body })).toMatchObject(problem("unknown-policy"));
    expect(await cluster.ask("POST", "/v1/plans", { body })).toMatchObject(problem("unknown-policy"));
  });
});

/** Under way from alpha to beta, ready, and held there. */
async function held(to: string, limits: object = {}): Promise<string> {
  const body = { guest: "web", destination: to, limits: { hold: true, downtimeLimitMs: 2_000, ...limits } };
  const { id } = Migration.parse((await cluster.ask("POST", "/v1/migrations", { body })).body);
  await until("it is ready and held", async () => (await shown(id)).intent?.kind === "hold");
  return id;
}

async function shown(id: string): Promise<Migration> {
  return Migration.parse((await cluster.ask("GET", `/v1/migrations/${id}`)).body);
}

describe("M15, M16: a migration under way", () => {
  test("bad changes are refused and change nothing; good ones are told, with who made them; then the trace decides alike", async () => {
    const id = await held("beta");
    const path = `/v1/migrations/${id}`;
    const before = (await shown(id)).limits;
    for (const [body, pointer] of [
      [{ limits: { downtimeLimitMs: -1 } }, "/limits/downtimeLimitMs"],
      [{ limits: { downtimeLimitMs: null } }, "/limits/downtimeLimitMs"],
      [{ limits: { speed: 1 } }, "/limits/speed"],
      [{ hold: true }, "/hold"],
      [{ limits: { window: { from: "noon", to: "01:00" } } }, "/limits/window/from"],
    ] as const) {
      const refused = await cluster.ask("PATCH", path, { body });
      expect(refused).toMatchObject(problem("invalid-request"));
      expect(JSON.stringify(refused.body)).toContain(`"pointer":"${pointer}"`);
    }
    expect(await cluster.ask("POST", `${path}/switchover`, { body: { at: "noon" } })).toMatchObject(
      problem("invalid-request", at("/at")),
    );
    expect((await shown(id)).limits).toEqual(before);

    const limits = { downtimeLimitMs: 1_500, bandwidthBytesPerSec: 4_000_000, window: { from: "03:00", to: "03:01" } };
    const changed = await cluster.ask("PATCH", path, { body: { limits } });
    expect(changed).toMatchObject({ status: 200, body: { limits: { ...before, ...limits } } });
    expect(changed.headers.get("etag")).toMatch(/^".+"$/);
    const taken = await cluster.ask("PATCH", path, { body: { limits: { bandwidthBytesPerSec: null, window: null } } });
    expect(Migration.parse(taken.body).limits).toEqual({ ...before, downtimeLimitMs: 1_500 });
    expect(await cluster.ask("POST", `${path}/hold`, { body: { hold: false } })).toMatchObject({ status: 200 });
    const completed = await cluster.client.waitForEnd(id);
    expect(completed).toMatchObject({ phase: "completed", report: { downtimeLimitMs: 1_500 } });
    const changes = await changesOf(id);
    expect(changes).toHaveLength(3);
    expect(changes[0]?.sentence).toMatch(
      /^admin.* changed the downtime limit from 2 s to 1\.5 s, .* 03:00-03:01 UTC\.$/,
    );
    expect(changes[1]?.sentence).toMatch(/^admin.* changed the bandwidth cap from 4 MB\/s to none, the window /);
    expect(changes[2]?.sentence).toMatch(/^admin.* let it go\.$/);
    for (const [method, rest, body] of [
      ["PATCH", "", { limits: { hold: true } }],
      ["POST", "/hold", {}],
      ["POST", "/switchover", {}],
    ] as const) {
      expect(await cluster.ask(method, `${path}${rest}`, { body })).toMatchObject(
        problem("migration-ended", { currentState: "completed" }),
      );
    }
    await expectReplayed(id, completed);
  });

  test("M16: a switchover is made as asked, and one that has not begun to move has nothing to switch over to", async () => {
    const id = await held("alpha", { downtimeLimitMs: 2_000 });
    const asked = await cluster.ask("POST", `/v1/migrations/${id}/switchover`);
    expect(asked.status).toBe(202);
    expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "completed", destination: "alpha" });
    expect(await changesOf(id)).toMatchObject([{ data: { switchover: "now" } }]);
    const missing = uuidv7();
    for (const rest of ["/hold", "/switchover"])
      expect(await cluster.ask("POST", `/v1/migrations/${missing}${rest}`, { body: {} })).toMatchObject(
        problem("unknown-migration"),
      );
    expect(await cluster.ask("GET", `/v1/migrations/${missing}/trace`)).toMatchObject(problem("unknown-migration"));
  });
});

/** L4: `godwit replay` of what was recorded decides what was decided. */
async function expectReplayed(id: string, completed: Migration): Promise<void> {
  const recorded = await cluster.ask("GET", `/v1/migrations/${id}/trace`);
  expect(recorded.headers.get("content-type")).toMatch(/^application\/jsonl/);
  const file = join(cluster.folder, "recorded.jsonl");
  await writeFile(file, z.string().parse(recorded.body));
  const child = spawn(process.execPath, godwit(["replay", file, "--json"]), { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const replayed = z
    .object({ verdict: z.string(), reason: z.null(), predictedDowntimeMs: z.number() })
    .parse(JSON.parse(said));
  expect(child.exitCode).toBe(0);
  expect(replayed.verdict).toBe("switchover");
  const predictedMs = completed.report?.predictedDowntimeMs ?? NaN;
  expect(Math.abs(replayed.predictedDowntimeMs - predictedMs)).toBeLessThan(0.1 * predictedMs + 10);
}

test("L3: after moves between the two hosts a plan knows the way, and how the guest was written", async () => {
  await until("the dirty rate was watched for long enough", async () => {
    const body = { guest: "web", destination: "beta" };
    const plan = Plan.parse((await cluster.ask("POST", "/v1/plans", { body })).body);
    return plan.outlook?.probability !== undefined;
  });
  const body = { guest: "web", destination: "beta", policy: "fast" };
  const plan = Plan.parse((await cluster.ask("POST", "/v1/plans", { body })).body);
  expect(plan).toMatchObject({
    policy: "fast",
    limits: { downtimeLimitMs: 500, patience: "impatient" },
    learned: { migrations: 1, bandwidthBytesPerSec: expect.any(Number) },
    outlook: { verdict: { kind: "converging" }, probability: 1, dominant: { ms: expect.any(Number) } },
  });
  const { durationRangeMs: [least = NaN, most = NaN] = [], predictedDowntimeRangeMs: [low = NaN, high = NaN] = [] } =
    plan.outlook ?? {};
  expect(least).toBeGreaterThan(0);
  expect(most).toBeGreaterThanOrEqual(least);
  expect(high).toBeGreaterThanOrEqual(low);
  expect(high).toBeLessThanOrEqual(500);
  expect(await cluster.ask("POST", "/v1/plans", { body: { ...body, limits: { downtimeLimitMs: 1 } } })).toMatchObject({
    body: { outlook: { verdict: { kind: "hopeless", code: "FIXED_COSTS" }, probability: 0 } },
  });
});

test("L1: predicted and actual are counted, in the API and for a Prometheus, and the two agree", async () => {
  const { body } = await cluster.ask("GET", "/v1/predictions/accuracy?source=alpha&destination=beta&kind=memory");
  const accuracy = Accuracy.parse(body);
  expect(accuracy).toMatchObject({ count: 1, withinLimit: 1, errorP50: expect.any(Number) });
  expect(accuracy.errorP90).toBe(accuracy.errorP50);
  expect(await cluster.ask("GET", "/v1/predictions/accuracy?source=nowhere")).toMatchObject(problem("unknown-host"));
  expect(await cluster.ask("GET", "/v1/predictions/accuracy?since=yesterday")).toMatchObject(
    problem("invalid-request", at("/since")),
  );
  const whole = Accuracy.parse((await cluster.ask("GET", "/v1/predictions/accuracy")).body);
  const metrics = z.string().parse((await cluster.ask("GET", "/metrics", { headers: { authorization: "" } })).body);
  const gauge = (name: string) => Number(new RegExp(`^${name} ([\\d.e+-]+)$`, "m").exec(metrics)?.[1]);
  expect(gauge("godwit_predictions")).toBe(whole.count);
  expect(gauge('godwit_prediction_error_ratio\\{quantile="0.5"\\}')).toBeCloseTo(whole.errorP50 ?? NaN, 6);
  expect(gauge("godwit_agents_connected")).toBe(2);
  expect(metrics).toMatch(/^godwit_migrations_ended_total\{phase="completed",code="COMPLETED"\} 2$/m);
  expect(metrics).toMatch(/^godwit_downtime_seconds_count 2$/m);
});
