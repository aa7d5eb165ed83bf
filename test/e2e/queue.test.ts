import type { Migration } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { memoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start([
    ...alphaAndBeta({ capacityBytes: 64 * MiB }),
    { name: "gamma", serviceAddress: "127.0.0.3", capacityBytes: 64 * MiB },
  ]);
  for (const name of ["patient", "failing", "web-1", "web-2"]) await memoryGuest(cluster, { name, sizeBytes: MiB });
}, 180_000);
afterAll(async () => await cluster?.[Symbol.asyncDispose](), 60_000);

async function waitsFor(id: string, code: string, limitMs?: number): Promise<Migration> {
  const look = async () => {
    const migration = await cluster.client.migrations.get(id);
    return migration.reason?.code === code && migration;
  };
  return await until(`it waits with ${code}`, look, limitMs);
}

test("S9: one with a maintenance window waits for that, says when it should start, and starts in it", async () => {
  const opensAt = new Date(Date.now() + 4_000).toISOString();
  const maintenanceWindows = [{ opensAt, closesAt: new Date(Date.now() + 120_000).toISOString() }];
  const { id } = await cluster.client.migrations.create({ guest: "patient", destination: "beta", maintenanceWindows });
  const waiting = await waitsFor(id, "WINDOW_SHUT");
  expect(waiting).toMatchObject({ phase: "queued", reason: { sentence: expect.stringMatching(/opens in \d/) } });
  const { items } = await cluster.client.queue.get();
  expect(items).toMatchObject([{ migrationId: id, expectedStart: opensAt }]);
  const ended = await cluster.client.waitForEnd(id);
  expect(ended).toMatchObject({ phase: "completed", destination: "beta" });
  expect(Date.parse(ended.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(opensAt));
}, 120_000);

test("S9: one whose window shuts while it runs is held at the brink until the next opens, and may be called off", async () => {
  const now = Date.now();
  const maintenanceWindows = [
    {
      opensAt: new Date(now - 60_000).toISOString(),
      closesAt: new Date(now + 12_000).toISOString(),
      everyMs: 3_600_000,
    },
  ];
  const limits = { hold: true };
  const { id } = await cluster.client.migrations.create({
    guest: "web-1",
    destination: "gamma",
    maintenanceWindows,
    limits,
  });
  const at = async (phase: string) => (await cluster.client.migrations.get(id)).phase === phase;
  await until("it runs", () => at("precopy"));
  const told = await until("its window has shut", async () => {
    const { items } = await cluster.client.migrations.history(id);
    return items.find(({ sentence }) => /maintenance window is shut/.test(sentence));
  });
  expect(Date.parse(told.at)).toBeGreaterThanOrEqual(now + 12_000 - 10);
  // Nobody holds it any more; its window does.
  await cluster.client.migrations.change(id, { limits: { hold: false } });
  await until("it is ready", async () => (await cluster.client.migrations.get(id)).verdict?.kind === "ready");
  expect(await at("precopy")).toBe(true);
  await cluster.client.migrations.cancel(id);
  expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "aborted", reason: { code: "CANCELLED" } });
}, 120_000);

test("S8: one that has failed is tried again by itself, but not before its time, not as it was, and says what is new", async () => {
  const limits = { hold: true, deadlineMs: 2_000 };
  const first = await cluster.client.migrations.create({ guest: "failing", destination: "beta", limits, retry: true });
  expect(await cluster.client.waitForEnd(first.id)).toMatchObject({ phase: "aborted", reason: { code: "DEADLINE" } });
  const again = await until("it is asked for anew", async () => {
    const { items } = await cluster.client.migrations.list({ limit: 200 });
    return items.find(({ retryOf }) => retryOf === first.id);
  });
  expect(await waitsFor(again.id, "BACKS_OFF")).toMatchObject({ phase: "queued", attempts: 1 });
  const waiting = await waitsFor(again.id, "NOTHING_CHANGED", 60_000);
  expect(waiting.reason?.sentence).toMatch(/has failed with DEADLINE/);
  expect(Date.now() - Date.parse(waiting.createdAt)).toBeGreaterThan(29_000);
  await cluster.client.migrations.change(again.id, { limits: { hold: false, deadlineMs: 60_000 } });
  expect(await cluster.client.waitForEnd(again.id)).toMatchObject({ phase: "completed", attempts: 1 });
  const { items } = await cluster.client.migrations.history(again.id);
  expect(items.map(({ sentence }) => sentence).join("\n")).toMatch(
    /New since it failed: what its hosts or its policy say/,
  );
}, 180_000);

test("S10: a plan of several gives each a place, none beside one that it is kept apart from, and each can be carried out", async () => {
  for (const guest of ["web-1", "web-2"]) await cluster.client.guests.change(guest, { keepApart: "web" });
  const { plans, unplaced } = await cluster.client.plans.createAll({ guests: ["web-1", "web-2"] });
  expect(unplaced).toEqual([]);
  expect(plans.map(({ destination }) => destination).toSorted()).toEqual(["beta", "gamma"]);
  const asked = await Promise.all(plans.map(async ({ id }) => await cluster.client.migrations.create({ planId: id })));
  const ended = await Promise.all(asked.map(async ({ id }) => await cluster.client.waitForEnd(id)));
  expect(ended.map(({ phase, guest, destination }) => ({ phase, guest, destination }))).toEqual(
    plans.map(({ guest, destination }) => ({ phase: "completed", guest, destination })),
  );

  for (const host of ["alpha", "gamma"]) await cluster.client.hosts.mark(host, "cordon");
  const stuck = await cluster.client.plans.createAll({ host: "beta" });
  expect(stuck.plans).toEqual([]);
  const there = (await cluster.client.guests.list({ host: "beta" })).items.map(({ name }) => name);
  expect(there.length).toBeGreaterThan(1);
  expect(stuck.unplaced.map(({ guest }) => guest).toSorted()).toEqual(there.toSorted());
  for (const { reason, remedy } of stuck.unplaced)
    expect([reason.code, remedy]).toEqual(["NO_DESTINATION", "Connect, uncordon or resume a host."]);
}, 120_000);
