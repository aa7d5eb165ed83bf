import { randomUUID } from "node:crypto";
import { Guest, History, Migration, Overview, Plan, Report, Sample } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { readEvents } from "./support/events.ts";
import { fill, memoryGuest, MiB } from "./support/guests.ts";
import { freePort } from "../support/ports.ts";
import { pictureOf, settledOn } from "./support/settled.ts";

/** The whole life of a program that calls the API: plain requests, nothing of this project's own client. */
let cluster: Cluster;
beforeAll(async () => (cluster = await Cluster.start(alphaAndBeta())), 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

const Page = z.object({ items: z.array(Migration), nextCursor: z.string().optional() });
// Generous: what is asked here is what is told of a migration, on a machine that runs everything else beside it.
const limits = { downtimeLimitMs: 2000 };

test("a guest is created, planned, moved by names and back by ids, and every answer says all that a wrapper needs", async () => {
  const port = await freePort(["127.0.0.1", "127.0.0.2"]);
  const devices = [{ name: "ram", kind: "memory", config: { sizeBytes: 8 * MiB, port } }];
  const made = await cluster.ask("POST", "/v1/guests", { body: { name: "web", host: "alpha", devices } });
  expect(made.status).toBe(201);
  const guest = Guest.parse(made.body);
  expect(made.headers.get("location")).toBe(`/v1/guests/${guest.id}`);
  expect(guest).toMatchObject({ name: "web", host: "alpha", epoch: 1, state: "running", definitions: devices });
  expect(guest.devices).toEqual([
    { name: "ram", kind: "memory", sizeBytes: expect.any(Number), endpoint: `127.0.0.1:${port}` },
  ]);

  const planned = await cluster.ask("POST", "/v1/plans", { body: { guest: "web", destination: "beta", limits } });
  expect(planned.status).toBe(201);
  const plan = Plan.parse(planned.body);
  expect(plan).toMatchObject({ possible: true, source: "alpha", destination: "beta" });
  expect(plan.checks.map(({ name, ok }) => [name, ok])).toEqual(
    ["hosts", "agents", "guest", "backEnds", "room"].map((name) => [name, true]),
  );
  expect(plan.predictedDowntimeMs).toBeGreaterThan(0);
  expect(await pictureOf(cluster, { name: "web", port })).toEqual(settledOn("alpha", 1));

  const there = await move({ guest: "web", destination: "beta", limits });
  expect(there).toMatchObject({
    guest: "web",
    guestId: guest.id,
    source: "alpha",
    destination: "beta",
    limits,
    epoch: 2,
  });
  const alphaId = z.object({ id: z.string() }).parse((await cluster.ask("GET", "/v1/hosts/alpha")).body).id;
  const back = await move({ guest: guest.id, destination: alphaId, limits });
  expect(back).toMatchObject({ source: "beta", destination: "alpha", epoch: 3 });
  // The copies that are left over go after the end is told, not before it.
  await expect
    .poll(async () => await pictureOf(cluster, { name: "web", port }), { timeout: 10_000 })
    .toEqual(settledOn("alpha", 3));
});

/** Starts a migration, waits for its end by one long poll, and looks at all that is told of it. */
async function move(body: object): Promise<Migration> {
  const begun = await cluster.ask("POST", "/v1/migrations", { body });
  expect(begun).toMatchObject({ status: 202, body: { phase: "queued" } });
  const { id } = Migration.parse(begun.body);
  expect(begun.headers.get("location")).toBe(`/v1/migrations/${id}`);
  const waited = await cluster.ask("GET", `/v1/migrations/${id}?wait=30&until=terminal`);
  expect(waited.status).toBe(200);
  const migration = Migration.parse(waited.body);
  expect(migration).toMatchObject({ phase: "completed", reason: { code: "COMPLETED" } });
  expect(migration.verdict).toMatchObject({
    kind: "ready",
    code: "FITS_LIMIT",
    sentence: expect.stringMatching(/\.$/),
  });
  expect(migration.verdict?.inputs).toMatchObject(limits);
  expect(migration.predictedDowntimeMs).toBeGreaterThan(0);
  expect(migration.downtimeMs).toBeGreaterThan(0);
  expect(migration.devices).toEqual([
    expect.objectContaining({ name: "ram", kind: "memory", rounds: expect.any(Number), sentBytes: expect.any(Number) }),
  ]);
  const [device] = migration.devices;
  expect(Object.keys(device?.timings ?? {}).toSorted()).toEqual(["loadMs", "startMs", "stopMs", "transferMs"]);
  const report = Report.parse((await cluster.ask("GET", `/v1/migrations/${id}/report`)).body);
  expect(report).toEqual(migration.report);
  expect(report).toMatchObject({ ...limits, downtimeMs: migration.downtimeMs });
  return migration;
}

test("the report comes with the end, and the samples all along", async () => {
  await fill(await memoryGuest(cluster, { name: "sampled", sizeBytes: 8 * MiB }), 3 * MiB);
  const body = { guest: "sampled", destination: "beta", limits: { bandwidthBytesPerSec: 3_000_000 } };
  const { id } = Migration.parse((await cluster.ask("POST", "/v1/migrations", { body })).body);
  const early = await cluster.ask("GET", `/v1/migrations/${id}/report`);
  expect(early).toMatchObject({ status: 404, body: { code: "not-found", currentState: expect.any(String) } });
  await cluster.ask("GET", `/v1/migrations/${id}?wait=30`);
  const { items } = z
    .object({ items: z.array(Sample) })
    .parse((await cluster.ask("GET", `/v1/migrations/${id}/samples`)).body);
  expect(items.length).toBeGreaterThan(1);
  expect(items.map(({ elapsedMs }) => elapsedMs)).toEqual(
    items.map(({ elapsedMs }) => elapsedMs).toSorted((a, b) => a - b),
  );
  expect(items.map(({ sentBytes }) => sentBytes)).toEqual(
    items.map(({ sentBytes }) => sentBytes).toSorted((a, b) => a - b),
  );
  expect(items.at(-1)?.devices).toMatchObject([{ name: "ram", pending: { precopyBytes: expect.any(Number) } }]);
  expect(items.at(-1)).toMatchObject({
    downtimeLimitMs: 300,
    fitsBytes: expect.any(Number),
    predictedDowntimeRangeMs: [expect.any(Number), expect.any(Number)],
  });
});

test("A8: what happened to a migration is told from its beginning, in pages, each with its figures", async () => {
  await memoryGuest(cluster, { name: "told" });
  const { id } = Migration.parse(
    (await cluster.ask("POST", "/v1/migrations", { body: { guest: "told", destination: "beta", limits } })).body,
  );
  await cluster.ask("GET", `/v1/migrations/${id}?wait=30`);
  const read = async (query: string) =>
    History.parse((await cluster.ask("GET", `/v1/migrations/${id}/history${query}`)).body);
  const whole = await read("");
  expect(whole.nextCursor).toBeUndefined();
  expect(whole.items[0]).toMatchObject({ type: "migration.created", migrationId: id });
  const verdict = whole.items.find(({ type, data }) => type === "migration.verdict" && data["kind"] === "ready");
  expect(verdict?.data).toMatchObject({ code: "FITS_LIMIT", downtimeLimitMs: limits.downtimeLimitMs });
  const first = await read("?limit=2");
  const rest = await read(`?since=${encodeURIComponent(first.nextCursor ?? "")}`);
  expect([...first.items, ...rest.items]).toEqual(whole.items);
  expect((await cluster.ask("GET", `/v1/migrations/${randomUUID()}/history`)).status).toBe(404);
});

test("A9: the overview counts hosts, guests, and migrations by where they stand", async () => {
  const overviewNow = async () => Overview.parse((await cluster.ask("GET", "/v1/overview")).body);
  const before = await overviewNow();
  expect(before).toMatchObject({ queued: 0, underWay: 0, hosts: { connected: 2, disconnected: 0, fenced: 0 } });
  await memoryGuest(cluster, { name: "counted" });
  const held = { guest: "counted", destination: "beta", limits: { ...limits, hold: true } };
  const { id } = Migration.parse((await cluster.ask("POST", "/v1/migrations", { body: held })).body);
  await cluster.ask("GET", `/v1/migrations/${id}?wait=30&until=precopy`);
  expect(await overviewNow()).toMatchObject({ underWay: 1, guests: before.guests + 1 });
  await cluster.ask("POST", `/v1/migrations/${id}/cancel`);
  await cluster.ask("GET", `/v1/migrations/${id}?wait=30`);
  const after = await overviewNow();
  expect(after).toMatchObject({ underWay: 0, ended: { aborted: before.ended.aborted + 1 } });
  expect(Date.parse(after.at) - Date.parse(after.ended.since)).toBe(24 * 3_600_000);
});

test("D4: events read over two connections, the second with Last-Event-ID, are those of one: none lost, none doubled", async () => {
  await memoryGuest(cluster, { name: "watched" });
  const first = Migration.parse(
    (await cluster.ask("POST", "/v1/migrations", { body: { guest: "watched", destination: "beta", limits } })).body,
  );
  const path = `/v1/migrations/${first.id}/events`;
  const begun = await readEvents(cluster, path, { most: 2 });
  const last = begun.at(-1)?.id ?? "";
  const rest = await readEvents(cluster, path, { lastEventId: last });
  const since = await readEvents(cluster, `${path}?since=${encodeURIComponent(last)}`);
  const whole = await readEvents(cluster, path);
  expect(since).toEqual(rest);
  expect([...begun, ...rest]).toEqual(whole);
  expect(
    whole
      .map(({ data }) => z.object({ data: z.looseObject({ phase: z.string() }) }).safeParse(data).data?.data.phase)
      .filter(Boolean),
  ).toEqual(["queued", "preflight", "precopy", "switchover", "completed"]);
  expect(new Set(whole.map(({ id }) => id)).size).toBe(whole.length);
  const everything = await readEvents(cluster, `/v1/events?since=${encodeURIComponent(begun[0]?.id ?? "")}`, {
    most: whole.length - 1,
    of: first.id,
  });
  expect(everything).toEqual(whole.slice(1));
});

test("whoever listens for events is answered at once, before anything happens, whatever it says that it accepts", async () => {
  for (const accept of ["text/event-stream", "application/json"]) {
    const leaving = new AbortController();
    const response = await fetch(new URL("/v1/events", cluster.url), {
      headers: { authorization: `Bearer ${cluster.token}`, accept },
      signal: leaving.signal,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    leaving.abort();
  }
});

test("a plan is carried out by its id; where the guest has moved meanwhile it is stale", async () => {
  await memoryGuest(cluster, { name: "planned" });
  const body = { guest: "planned", destination: "beta", limits };
  const [one, other] = await Promise.all(
    [1, 2].map(async () => Plan.parse((await cluster.ask("POST", "/v1/plans", { body })).body)),
  );
  expect((await cluster.ask("GET", `/v1/plans/${one?.id}`)).body).toEqual(one);
  const migration = await move({ planId: one?.id });
  expect(migration).toMatchObject({ guest: "planned", destination: "beta" });
  const stale = await cluster.ask("POST", "/v1/migrations", { body: { planId: other?.id } });
  expect(stale).toMatchObject({ status: 409, body: { code: "plan-stale", status: 409 } });
});

test("A4: a list comes in pages, newest first, each with the way to the next in its Link", async () => {
  const first = await cluster.ask("GET", "/v1/migrations?limit=2");
  const { items, nextCursor } = Page.parse(first.body);
  expect(items).toHaveLength(2);
  expect(first.headers.get("link")).toBe(
    `</v1/migrations?limit=2&cursor=${encodeURIComponent(nextCursor ?? "")}>; rel="next"`,
  );
  const next = /<([^>]+)>/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
  const second = Page.parse((await cluster.ask("GET", next)).body);
  const all = Page.parse((await cluster.ask("GET", "/v1/migrations?limit=200")).body).items;
  expect([...items, ...second.items]).toEqual(all.slice(0, 4));
  const times = all.map(({ createdAt }) => createdAt);
  expect(times).toEqual(times.toSorted().toReversed());
  const ofOne = Page.parse((await cluster.ask("GET", "/v1/migrations?guest=web&phase=completed")).body).items;
  expect(ofOne.map(({ guest, phase }) => [guest, phase])).toEqual([
    ["web", "completed"],
    ["web", "completed"],
  ]);
});

test("a migration that has not changed is answered with 304 and no body", async () => {
  const [{ id } = { id: "" }] = Page.parse((await cluster.ask("GET", "/v1/migrations?limit=1")).body).items;
  const whole = await cluster.ask("GET", `/v1/migrations/${id}`);
  const etag = whole.headers.get("etag") ?? "";
  expect(etag).toMatch(/^"[\w-]+"$/);
  const again = await cluster.ask("GET", `/v1/migrations/${id}`, { headers: { "if-none-match": etag } });
  expect(again).toMatchObject({ status: 304, body: "" });
  expect(again.headers.get("etag")).toBe(etag);
  expect((await cluster.ask("GET", `/v1/migrations/${id}`, { headers: { "if-none-match": '"other"' } })).status).toBe(
    200,
  );
});

test("D5: a POST that is sent again with its Idempotency-Key is answered again and not carried out again", async () => {
  await memoryGuest(cluster, { name: "once" });
  const headers = { "idempotency-key": randomUUID() };
  const body = { guest: "once", destination: "beta", limits };
  const first = await cluster.ask("POST", "/v1/migrations", { headers, body });
  const again = await cluster.ask("POST", "/v1/migrations", { headers, body });
  expect(again).toMatchObject({ status: 202, body: first.body });
  expect(first.headers.get("idempotency-replayed")).toBeNull();
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect(again.headers.get("location")).toBe(first.headers.get("location"));
  const other = await cluster.ask("POST", "/v1/migrations", { headers, body: { ...body, destination: "alpha" } });
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency-key-reused" } });
  await cluster.ask("GET", `${first.headers.get("location")}?wait=30`);
  expect(Page.parse((await cluster.ask("GET", "/v1/migrations?guest=once")).body).items).toHaveLength(1);
});

test("a request's X-Request-Id comes back, in the header and in a problem", async () => {
  const headers = { "x-request-id": "wrapper-7" };
  const found = await cluster.ask("GET", "/v1/guests/web", { headers });
  expect(found.headers.get("x-request-id")).toBe("wrapper-7");
  const missing = await cluster.ask("GET", "/v1/guests/nobody", { headers });
  expect(missing.headers.get("content-type")).toContain("application/problem+json");
  expect(missing).toMatchObject({ status: 404, body: { requestId: "wrapper-7", instance: "/v1/guests/nobody" } });
  expect((await cluster.ask("GET", "/v1/guests/web")).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
});

test("supervisors and people need no token: liveness, readiness, documentation and its schema", async () => {
  const open = async (path: string) => await cluster.ask("GET", path, { headers: { authorization: "" } });
  expect(await open("/livez")).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await open("/readyz")).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(await open("/readyz?verbose")).toMatchObject({
    status: 200,
    body: { status: "ok", checks: { store: "ok", agents: "2 connected" } },
  });
  expect(await open("/openapi.json")).toMatchObject({ status: 200, body: { openapi: "3.1.0" } });
  const docs = await open("/docs");
  expect(docs.status).toBe(200);
  expect(docs.headers.get("content-type")).toContain("text/html");
  expect(await cluster.ask("GET", "/v1/version")).toMatchObject({
    status: 200,
    body: { version: expect.stringMatching(/^\d+\.\d+\.\d+$/), api: "v1" },
  });
});

test("a guest that is removed is gone, with its processes, and its name is free", async () => {
  const guest = await memoryGuest(cluster, { name: "short-lived" });
  expect((await cluster.devicesOn("alpha")).some((command) => command.includes(guest.id))).toBe(true);
  expect(await cluster.ask("DELETE", "/v1/guests/short-lived")).toMatchObject({ status: 204, body: "" });
  expect((await cluster.ask("GET", "/v1/guests/short-lived")).status).toBe(404);
  expect((await cluster.devicesOn("alpha")).some((command) => command.includes(guest.id))).toBe(false);
  expect(await memoryGuest(cluster, { name: "short-lived" })).toMatchObject({ epoch: 1 });
});
