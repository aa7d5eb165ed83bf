import { Drain, DrainPlan, type Event, type ProblemCode, problems } from "@godwit/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import { memoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";

const names = Array.from({ length: 10 }, (_, index) => `g${index}`);
const linkBytesPerSec = 40_000_000;

let cluster: Cluster;
beforeAll(async () => {
  const shared = { linkBytesPerSec };
  cluster = await Cluster.start([
    { name: "alpha", serviceAddress: "127.0.0.1", capacityBytes: 512 * MiB, ...shared },
    { name: "beta", serviceAddress: "127.0.0.2", capacityBytes: 64 * MiB, ...shared },
    { name: "gamma", serviceAddress: "127.0.0.3", capacityBytes: 64 * MiB, ...shared },
  ]);
  for (const name of names) await memoryGuest(cluster, { name, sizeBytes: 2 * MiB });
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 120_000);

function problem(code: ProblemCode, more: object = {}): object {
  const { status, title } = problems[code];
  return { status, body: { title, status, code, ...more } };
}

async function drain(body: object = {}, host = "alpha") {
  return await cluster.ask("POST", `/v1/hosts/${host}/drain`, { body });
}

async function begun(body: object = {}): Promise<Drain> {
  const answer = await drain(body);
  expect(answer.status).toBe(202);
  return Drain.parse(answer.body);
}

async function guestsOn(host: string): Promise<string[]> {
  const { items } = await cluster.client.guests.list({ limit: 200, host });
  return items.map(({ name }) => name).toSorted();
}

async function told(drainId: string, type: Event["type"]): Promise<Event[]> {
  const events: Event[] = [];
  const last = await cluster.client.drains.get(drainId);
  for await (const each of cluster.client.events(Buffer.from("0.0").toString("base64url"))) {
    if (each.type !== "event" || each.event.data["drainId"] !== drainId) continue;
    if (each.event.type === type) events.push(each.event);
    if (each.event.type === "drain.phase" && each.event.data["phase"] === last.phase) return events;
  }
  return events;
}

describe("what is refused", () => {
  test.each([
    [{ dryrun: true }, "/dryrun"],
    [{ deadline: "soon" }, "/deadline"],
    [{ order: "fastest" }, "/order"],
    [{ placement: "random" }, "/placement"],
    [{ destinations: [] }, "/destinations"],
    [{ limits: { downtimeLimitMs: 0 } }, "/limits/downtimeLimitMs"],
  ])("A2: %j: at %s", async (body, pointer) => {
    expect(await drain(body)).toMatchObject(
      problem("invalid-request", { errors: [{ pointer, detail: expect.any(String) }] }),
    );
  });

  test("a host, a destination or a policy that there is not, a time that has passed, the host itself", async () => {
    expect(await drain({}, "nowhere")).toMatchObject(problem("unknown-host"));
    expect(await drain({ destinations: ["nowhere"] })).toMatchObject(problem("unknown-host"));
    expect(await drain({ policy: "nothing" })).toMatchObject(problem("unknown-policy"));
    expect(await drain({ deadline: "2020-01-01T00:00:00Z" })).toMatchObject(
      problem("deadline-passed", { errors: [{ pointer: "/deadline", detail: "it has passed already" }] }),
    );
    expect(await drain({ destinations: ["beta", "alpha"] })).toMatchObject(problem("same-host"));
    const nobody = "/v1/drains/01890000-0000-7000-8000-000000000000";
    expect(await cluster.ask("GET", nobody)).toMatchObject(problem("unknown-drain"));
    expect(await cluster.ask("POST", `${nobody}/pause`)).toMatchObject(problem("unknown-drain"));
  });

  test("E4: a drain for whose guests there is no host", async () => {
    for (const host of ["beta", "gamma"]) await cluster.client.hosts.mark(host, "cordon");
    expect(await drain()).toMatchObject(problem("no-destination"));
    await cluster.client.hosts.mark("gamma", "uncordon");
    expect(await drain({ destinations: ["beta"] })).toMatchObject(problem("no-destination"));
    await cluster.client.hosts.mark("beta", "uncordon");
  });
});

test("E2: a dry run says where each guest would go and what it would come to, and does nothing", async () => {
  const { status, body } = await drain({ dryRun: true, deadline: new Date(Date.now() + 3_600_000).toISOString() });
  expect(status).toBe(200);
  const plan = DrainPlan.parse(body);
  expect(plan).toMatchObject({ host: "alpha", possible: true, counts: { queued: 10, blocked: 0 }, policy: "balanced" });
  expect(plan.guests.map(({ guest }) => guest).toSorted()).toEqual(names);
  for (const guest of plan.guests) {
    expect(guest).toMatchObject({ state: "queued", destination: expect.stringMatching(/^(beta|gamma)$/) });
    expect(guest.sizeBytes).toBeGreaterThan(0);
    expect(guest.durationRangeMs).toBeDefined();
  }
  const to = (host: string) => plan.guests.filter(({ destination }) => destination === host).length;
  expect([to("beta"), to("gamma")]).toEqual([5, 5]);
  expect(await cluster.client.hosts.get("alpha")).not.toHaveProperty("cordoned");
  expect((await cluster.client.migrations.list()).items).toEqual([]);
  expect((await cluster.client.drains.list()).items).toEqual([]);
});

test("E2: a guest that cannot move within its limit is blocked in the plan, with what it needs", async () => {
  const plan = DrainPlan.parse((await drain({ dryRun: true, limits: { downtimeLimitMs: 1 } })).body);
  expect(plan).toMatchObject({ possible: false, counts: { blocked: 10 } });
  expect(plan.guests[0]).toMatchObject({ state: "blocked", reason: { code: "FIXED_COSTS" } });
  expect(plan.guests[0]?.remedy).toMatch(/^It needs a downtime limit of about \d/);
});

test("E1, E7: a drain empties its host, though its orchestrator is killed halfway", async () => {
  const { id, phase } = await begun({ limits: { downtimeLimitMs: 2_000 } });
  expect(phase).toBe("draining");
  expect(await drain()).toMatchObject(problem("drain-under-way"));
  expect(await cluster.ask("POST", "/v1/hosts/alpha/uncordon")).toMatchObject(problem("drain-under-way"));
  await until("some have moved and some have not", async () => {
    const { counts } = await cluster.client.drains.get(id);
    return counts.moved >= 2 && counts.moved < 9;
  });
  await cluster.kill("server");
  await cluster.restart("server");
  const ended = await cluster.client.drains.waitForEnd(id);
  expect(ended).toMatchObject({
    phase: "completed",
    reason: { code: "EMPTY" },
    counts: { queued: 0, moving: 0, moved: 10, blocked: 0, skipped: 0 },
  });
  expect(await guestsOn("alpha")).toEqual([]);
  expect([...(await guestsOn("beta")), ...(await guestsOn("gamma"))].toSorted()).toEqual(names);
  expect(await cluster.client.hosts.get("alpha")).toMatchObject({ cordoned: { drainId: id } });
  const { items } = await cluster.client.migrations.list({ limit: 200 });
  const completed = items.filter((migration) => migration.phase === "completed");
  expect(completed.map(({ guest }) => guest).toSorted()).toEqual(names);
  const moved = (await told(id, "drain.guest")).filter(({ data }) => data["state"] === "moved");
  expect(new Set(moved.map(({ data }) => data["guest"]))).toEqual(new Set(names));
}, 180_000);

test("E8: its guests come back where that is asked for, and the host is uncordoned", async () => {
  const [last] = (await cluster.client.drains.list({ host: "alpha" })).items;
  const id = last?.id ?? "";
  expect(await cluster.client.drains.tell(id, "bring-back")).toMatchObject({ phase: "returning" });
  const ended = await cluster.client.drains.waitForEnd(id);
  expect(ended).toMatchObject({ phase: "returned", counts: { moved: 10 } });
  expect(await guestsOn("alpha")).toEqual(names);
  expect(await cluster.client.hosts.get("alpha")).not.toHaveProperty("cordoned");
  expect(await cluster.ask("POST", `/v1/drains/${id}/pause`)).toMatchObject(problem("drain-ended"));
}, 180_000);

test("E2, E3, E7: a blocked guest is named with what to do, one that appears goes along, and without it the drain ends", async () => {
  await memoryGuest(cluster, { name: "giant", sizeBytes: 128 * MiB });
  const { id } = await begun({ limits: { downtimeLimitMs: 2_000 } });
  const late = await memoryGuest(cluster, { name: "late", sizeBytes: 2 * MiB });
  const stuck = await cluster.client.drains.waitAtRest(id);
  expect(stuck).toMatchObject({ phase: "blocked", counts: { blocked: 1, moved: 11 } });
  expect(stuck.guests.find(({ guest }) => guest === "giant")).toMatchObject({
    state: "blocked",
    reason: { code: "no-room", sentence: expect.stringMatching(/128 MiB are needed/) },
    remedy: expect.stringMatching(/^Free memory on/),
    obstacles: [{ host: "beta" }, { host: "gamma" }],
  });
  expect((await cluster.client.guests.get(late.id)).host).not.toBe("alpha");
  expect(await cluster.ask("POST", `/v1/drains/${id}/guests/nobody/skip`)).toMatchObject(problem("unknown-guest"));
  const without = await runCommand(cluster, "drain", "skip", id, "giant");
  expect(without).toMatchObject({ code: 0 });
  const ended = await cluster.client.drains.waitForEnd(id);
  expect(ended).toMatchObject({ phase: "completed", counts: { moved: 11, skipped: 1 } });
  expect(await guestsOn("alpha")).toEqual(["giant"]);
  await cluster.client.guests.remove("giant");
}, 180_000);

test("the command asks before it drains, waits for the end, and says by its exit code how it ended", async () => {
  await cluster.client.hosts.mark("alpha", "uncordon");
  const plan = await runCommand(cluster, "drain", "beta", "--dry-run");
  expect(plan).toMatchObject({ code: 0, data: expect.stringMatching(/^beta: \d+ guests, all can go/) });
  expect(await runCommand(cluster, "drain", "beta")).toMatchObject({ code: 2, talk: expect.stringMatching(/--yes/) });
  expect(await runCommand(cluster, "drain", "nowhere", "--yes")).toMatchObject({ code: 3 });
  const done = await runCommand(cluster, "drain", "beta", "--to", "alpha", "--yes", "--watch");
  expect(done).toMatchObject({ code: 0, talk: expect.stringMatching(/^beta {2}completed {2}\d+ moved\n/) });
  expect(await guestsOn("beta")).toEqual([]);
  const listed = await runCommand(cluster, "drain", "list", "--host", "beta");
  expect(listed.data).toMatch(/beta {2}completed {2}\d+ moved/);
}, 180_000);

test("E2: whoever waits for the end on the command line is told when every guest that is left is blocked", async () => {
  const policy = { name: "in-a-millisecond", settings: { downtimeLimitMs: 1 } };
  expect((await cluster.ask("POST", "/v1/policies", { body: policy })).status).toBe(201);
  const held = await runCommand(cluster, "drain", "alpha", "--policy", policy.name, "--yes", "--wait");
  expect(held).toMatchObject({ code: 6, data: expect.stringMatching(/^\S+ {2}alpha {2}blocked {2}\d+ blocked\n$/) });
  const id = held.data.split(" ", 1)[0] ?? "";
  expect(held.talk).toContain(`godwit drain watch ${id}`);
  await cluster.client.drains.tell(id, "abort");
  expect((await cluster.client.drains.waitForEnd(id)).phase).toBe("aborted");
}, 180_000);

test("E7: one that is aborted leaves its guests where they are, and its host uncordoned", async () => {
  const before = await guestsOn("alpha");
  const { id } = await begun();
  await cluster.client.drains.tell(id, "pause");
  expect((await cluster.client.drains.get(id)).phase).toBe("paused");
  const aborted = await runCommand(cluster, "drain", "abort", id, "--json");
  expect(aborted.code).toBe(0);
  const ended = await cluster.client.drains.waitForEnd(id);
  expect(ended).toMatchObject({ phase: "aborted", reason: { code: "ABORTED" }, counts: { moving: 0 } });
  expect(await cluster.client.hosts.get("alpha")).not.toHaveProperty("cordoned");
  const moved = ended.guests.filter(({ state }) => state === "moved").map(({ guest }) => guest);
  const stayed = await guestsOn("alpha");
  expect(stayed).toEqual(before.filter((name) => !moved.includes(name)));
  expect(stayed).not.toEqual([]);
  const { items } = await cluster.client.guests.list({ limit: 200 });
  expect(items.filter(({ migrationId }) => migrationId !== undefined)).toEqual([]);
}, 60_000);
