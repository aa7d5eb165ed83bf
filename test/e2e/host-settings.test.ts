import { type Event, Host, type ProblemCode, problems } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import { memoryGuest, type MemoryGuest } from "./support/guests.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let guest: MemoryGuest;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec: 100e6 }));
  guest = await memoryGuest(cluster, { name: "web" });
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

function problem(code: ProblemCode, more: object = {}): object {
  const { status, title } = problems[code];
  return { status, body: { title, status, code, ...more } };
}

async function mark(host: string, verb: string, body?: object): Promise<Host> {
  const answer = await cluster.ask("POST", `/v1/hosts/${host}/${verb}`, body === undefined ? {} : { body });
  expect(answer.status).toBe(200);
  return Host.parse(answer.body);
}

async function told(type: Event["type"]): Promise<Event> {
  for await (const each of cluster.client.events(Buffer.from("0.0").toString("base64url"))) {
    if (each.type === "event" && each.event.type === type) return each.event;
  }
  throw new Error("the stream of events has ended");
}

const by: unknown = expect.stringMatching(/^admin/);

test("S13: a migration waits for a cordoned destination, and starts once the host is uncordoned", async () => {
  expect(await mark("beta", "cordon", { reason: "new disks" })).toMatchObject({
    cordoned: { by, reason: "new disks" },
  });
  const plan = await cluster.client.plans.create({ guest: "web", destination: "beta" });
  expect(plan).toMatchObject({ possible: true, waitsFor: { code: "HOST_CORDONED" } });
  const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta" });
  const waiting = await until("it waits", async () => {
    const found = await cluster.client.migrations.get(id);
    return found.reason === undefined ? undefined : found;
  });
  expect(waiting).toMatchObject({ phase: "queued", reason: { code: "HOST_CORDONED", inputs: { host: "beta" } } });

  await cluster.kill("server");
  await cluster.restart("server");
  await cluster.connected();
  expect(await cluster.client.hosts.get("beta")).toMatchObject({ cordoned: { by, reason: "new disks" } });
  expect((await cluster.client.migrations.get(id)).phase).toBe("queued");
  expect(await mark("beta", "uncordon")).not.toHaveProperty("cordoned");
  expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "completed" });
  const data = { name: "beta", by, reason: "new disks" };
  expect(await told("host.cordoned")).toMatchObject({ hostId: waiting.destinationId, data });
  expect(await told("host.uncordoned")).toMatchObject({ hostId: waiting.destinationId, data: { name: "beta", by } });
}, 120_000);

test("S13: nothing leaves a host that is paused", async () => {
  expect(await mark("beta", "pause", {})).toMatchObject({ paused: { by } });
  const plan = await cluster.client.plans.create({ guest: guest.id, destination: "alpha" });
  const held = { code: "HOST_PAUSED", inputs: { host: "beta" } };
  expect(plan.waitsFor).toMatchObject(held);
  const { id } = await cluster.client.migrations.create({ guest: guest.id, destination: "alpha" });
  const waiting = await until("it waits", async () => {
    const found = await cluster.client.migrations.get(id);
    return found.waitsFor === undefined ? undefined : found;
  });
  expect(waiting).toMatchObject({ phase: "queued", waitsFor: held });
  await cluster.client.migrations.cancel(id);
  expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "aborted" });
  expect((await cluster.client.guests.get(guest.id)).host).toBe("beta");
  expect(await mark("beta", "resume")).not.toHaveProperty("paused");
  expect((await told("host.resumed")).sentence).toMatch(/^admin.* resumed beta\.$/);
  const again = await cluster.client.plans.create({ guest: guest.id, destination: "alpha" });
  expect(again).not.toHaveProperty("waitsFor");
});

test("S14: a link budget is what was set, at most what the agent says, and that again once it is taken away", async () => {
  const change = async (body: object) => await cluster.ask("PATCH", "/v1/hosts/beta", { body });
  expect(await cluster.client.hosts.get("beta")).toMatchObject({
    linkBudget: { outBytesPerSec: 100e6, inBytesPerSec: 100e6 },
  });
  const set = await change({ linkBudget: { outBytesPerSec: 40e6, inBytesPerSec: 2e9 } });
  expect(set).toMatchObject({ status: 200, body: { linkBudget: { outBytesPerSec: 40e6, inBytesPerSec: 100e6 } } });
  const plan = await cluster.client.plans.create({ guest: "web", destination: "alpha" });
  expect(plan.bandwidthBytesPerSec).toBe(40e6);
  const half = await change({ linkBudget: { outBytesPerSec: null, inBytesPerSec: 50e6 } });
  expect(half.body).toMatchObject({ linkBudget: { outBytesPerSec: 100e6, inBytesPerSec: 50e6 } });
  const none = await change({ linkBudget: null });
  expect(none.body).toMatchObject({ linkBudget: { outBytesPerSec: 100e6, inBytesPerSec: 100e6 } });
  expect(await told("host.changed")).toMatchObject({ data: { name: "beta", by } });
});

test.each([
  ["POST", "/v1/hosts/beta/cordon", { why: "x" }, "/why"],
  ["POST", "/v1/hosts/beta/cordon", { reason: "a\nb" }, "/reason"],
  ["POST", "/v1/hosts/beta/pause", { reason: "x".repeat(501) }, "/reason"],
  ["PATCH", "/v1/hosts/beta", { linkBudget: { outBytesPerSec: -1 } }, "/linkBudget/outBytesPerSec"],
  ["PATCH", "/v1/hosts/beta", { linkBudget: { bytesPerSec: 1e9 } }, "/linkBudget/bytesPerSec"],
  ["PATCH", "/v1/hosts/beta", { name: "gamma" }, "/name"],
])("A2: %s %s %j: at %s", async (method, path, body, pointer) => {
  expect(await cluster.ask(method, path, { body })).toMatchObject(
    problem("invalid-request", { errors: [{ pointer, detail: expect.any(String) }] }),
  );
});

test("a host that there is not is not cordoned, and none by whoever may only look", async () => {
  expect(await cluster.ask("POST", "/v1/hosts/nowhere/cordon")).toMatchObject(problem("unknown-host"));
  expect(await cluster.ask("PATCH", "/v1/hosts/nowhere", { body: {} })).toMatchObject(problem("unknown-host"));
  const made = await cluster.ask("POST", "/v1/tokens", { body: { name: "reader", scopes: ["read"] } });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the answer's shape is another test's
  const { token } = made.body as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect(await cluster.ask("POST", "/v1/hosts/beta/cordon", { headers })).toMatchObject(problem("forbidden"));
});

test("the commands cordon, uncordon, pause and resume a host, and set its link", async () => {
  const said = async (...words: string[]) => await runCommand(cluster, ...words);
  expect(await said("host", "cordon", "beta", "--reason", "new disks")).toMatchObject({
    code: 0,
    data: expect.stringMatching(/^beta {2}connected, cordoned\n {2}cordoned {4}.+ UTC by admin.+: new disks\n/),
  });
  expect((await said("host", "pause", "beta")).data).toMatch(/^beta {2}connected, cordoned, paused\n/);
  expect((await said("host", "resume", "beta")).data).toMatch(/^beta {2}connected, cordoned\n/);
  expect((await said("host", "uncordon", "beta")).data).toMatch(/^beta {2}connected\n/);
  expect((await said("host", "link", "beta", "--out", "40MB")).data).toMatch(/link {8}40 MB\/s out, 100 MB\/s in\n/);
  expect((await said("host", "link", "beta", "--out", "none")).data).toMatch(/link {8}100 MB\/s\n/);
  expect(await said("host", "link", "beta")).toMatchObject({ code: 2, talk: "Say --out, --in or both.\n" });
  expect(await said("host", "cordon", "nowhere")).toMatchObject({ code: 3 });
}, 120_000);
