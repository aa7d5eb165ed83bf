import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../../test/support/ports.ts";
import { type LoadHandle, startLoad } from "../drivers/memory/load.ts";
import { askAt } from "../drivers/memory/support/devices.ts";
import type { DeviceAddress, PlaneNews, ReportFigures } from "./calls.ts";
import type { Clock } from "./clock.ts";
import { DirtyWatch } from "./dirty-watch.ts";
import { Plane } from "./plane.ts";

const [here, there] = ["127.0.0.1", "127.0.0.2"];
const [migrationId, guestId, ticket] = ["m1", "g1", "secret"];
/** So many cycles of the watch go where there would be one. */
const haste = 20;
const clock: Clock = {
  now: () => performance.now() * haste,
  wait: async (ms, signal) => await setTimeout(ms / haste, undefined, { signal, ref: false }),
};

let root: string;
let source: Plane;
let destination: Plane;
let sourcePort: number;
let ram: DeviceAddress;
let reports: ReportFigures[];
let told: string[];
let load: LoadHandle;
let watch: DirtyWatch;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-plane-"));
  const config = { sizeBytes: 8 * 1024 ** 2, port: await freePort([here, there]) };
  ram = { guestId, guestName: "web", device: "ram", kind: "memory", config };
  reports = [];
  told = [];
  watch = new DirtyWatch(clock);
  [source, destination] = [new Plane(watch), new Plane(new DirtyWatch(clock))];
  sourcePort = await opened(source, "alpha", here);
  await opened(destination, "beta", there);
  await source.create(ram);
  load = startLoad({
    endpoints: [here, there].map((host) => `${host}:${config.port}`),
    keys: 2000,
    writesPerSecond: 3000,
  });
});

afterEach(async () => {
  await load[Symbol.asyncDispose]();
  for (const plane of [source, destination]) {
    await plane.close();
    await plane.remove(ram);
  }
  await rm(root, { recursive: true });
});

async function opened(plane: Plane, host: string, serviceAddress: string): Promise<number> {
  const news: PlaneNews = {
    report: (_, figures) => void reports.push(figures),
    stopped: () => void told.push("stopped"),
    confirmed: () => void told.push("confirmed"),
    received: () => void told.push("received"),
    turnedAway: () => undefined,
    granted: () => void told.push("granted"),
    failed: (_id, role, { code, detail }) => void told.push(`${role} failed: ${code}: ${detail}`),
    lost: (_id, why) => void told.push(`lost: ${why}`),
  };
  plane.news = news;
  const { port } = await plane.open({
    host,
    listen: { host: here, port: 0 },
    serviceAddress,
    dataFolder: join(root, host),
    directories: undefined,
    qemu: undefined,
    linkBytesPerSec: undefined,
    capacityBytes: undefined,
  });
  return port;
}

const soon = async (check: () => void) => await vi.waitFor(check, { timeout: 20_000, interval: 5 });
const written = async (more: number) => {
  const from = load.stats().acknowledged;
  await soon(() => expect(load.stats().acknowledged).toBeGreaterThan(from + more));
};

/** Both sides, up to the first round. */
async function prepared(): Promise<void> {
  const order = { migrationId, guestId, devices: [ram], ticket, capBytesPerSec: undefined, reportEveryMs: 20 };
  const peers = await source.openOutgoing(order);
  await destination.openIncoming({
    migrationId,
    devices: [ram],
    peers,
    ticket,
    from: { host: here, port: sourcePort },
  });
}

/** Writes a second that the device on a host lets through; `undefined` for all. */
async function limitOn(host: string): Promise<number | undefined> {
  const [info = ""] = await askAt(`${host}:${String(ram.config["port"])}`, "INFO");
  const said: { writesPerSecLimit?: number } = JSON.parse(info);
  return said.writesPerSecLimit;
}

test("a guest that is throttled and held moves all the same once it is frozen: nothing is lost, and there it has its full speed", async () => {
  await written(3000);
  await prepared();
  source.pace(migrationId, { capBytesPerSec: undefined, hold: true });
  source.throttle(migrationId, 0.5);
  source.precopy(migrationId);
  await soon(() => expect(reports.length).toBeGreaterThan(3));
  expect(reports.at(-1)?.devices[0]).toMatchObject({ rounds: 0, sentBytes: 0 });
  expect(await limitOn(here)).toBeLessThan(2000);
  source.exact(migrationId, 1);
  await soon(() => expect(reports.at(-1)?.exactMs ?? reports.at(-2)?.exactMs).toBeGreaterThan(0));
  source.pace(migrationId, { capBytesPerSec: undefined, hold: false });
  await soon(() => expect(reports.at(-1)?.devices[0]?.rounds).toBeGreaterThan(3));
  source.pace(migrationId, { capBytesPerSec: undefined, hold: true });
  await written(100);
  source.freeze(migrationId);
  await soon(() => expect(told).toEqual(["stopped", "received"]));
  destination.confirmLoaded(migrationId, 2);
  await soon(() => expect(told).toEqual(["stopped", "received", "confirmed"]));
  await source.grant(migrationId, 2);
  await soon(() => expect(told).toContain("granted"));
  await destination.start(migrationId);
  await source.commitOutgoing(migrationId);
  await written(1000);
  expect(await limitOn(there)).toBeUndefined();
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0 });
});

test("a guest whose migration is called off goes on at its full speed", async () => {
  await written(3000);
  await prepared();
  const throttled = vi.spyOn(watch, "throttled");
  source.precopy(migrationId);
  source.throttle(migrationId, 0.9);
  await soon(() => expect(reports.length).toBeGreaterThan(3));
  expect(await limitOn(here)).toBeLessThan(1000);
  await source.cancelOutgoing(migrationId);
  await destination.dropIncoming(migrationId);
  expect(await limitOn(here)).toBeUndefined();
  // What it wrote meanwhile is not taken for what it writes.
  expect(throttled.mock.calls).toEqual([
    [guestId, true],
    [guestId, false],
  ]);
});

test("how a guest is written to is known where it runs, and no longer where it was", async () => {
  await soon(() => expect(source.dirtyHistory(guestId)?.bytesPerSec.length).toBeGreaterThan(1));
  const { everyMs, curve = [] } = source.dirtyHistory(guestId) ?? {};
  expect(everyMs).toBe(10_000);
  expect(curve.map(({ overMs }) => overMs)).toEqual(curve.map(({ overMs }) => overMs).toSorted((a, b) => a - b));
  expect(curve.map(({ bytes }) => bytes)).toEqual(curve.map(({ bytes }) => bytes).toSorted((a, b) => a - b));
  expect(curve.at(-1)?.bytes).toBeGreaterThan(0);
  await prepared();
  expect(source.dirtyHistory(guestId)).toBeDefined();
  const pause = vi.spyOn(watch, "pause");
  source.freeze(migrationId);
  expect(pause.mock.calls).toEqual([[guestId]]);
  await soon(() => expect(told).toEqual(["stopped", "received"]));
  expect(destination.dirtyHistory(guestId)).toBeUndefined();
  destination.confirmLoaded(migrationId, 2);
  await soon(() => expect(told).toContain("confirmed"));
  await source.grant(migrationId, 2);
  await soon(() => expect(told).toContain("granted"));
  await destination.start(migrationId);
  await source.commitOutgoing(migrationId);
  expect(source.dirtyHistory(guestId)).toBeUndefined();
  await soon(() => expect(destination.dirtyHistory(guestId)).toBeDefined());
});

test("H8: what was loaded is looked for before it counts as whole, and is started without a grant as after a restart", async () => {
  await written(1000);
  await prepared();
  expect(await destination.keeps(migrationId)).toBe(false);
  source.freeze(migrationId);
  await soon(() => expect(told).toEqual(["stopped", "received"]));
  expect(await destination.keeps(migrationId)).toBe(true);
  const { statuses } = await destination.startKept(migrationId);
  expect(statuses).toMatchObject([{ name: "ram", kind: "memory" }]);
  expect(await destination.keeps(migrationId)).toBe(false);
  await written(500);
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0 });
  await source.commitOutgoing(migrationId);
});

test("where one device cannot be opened, those that could be are closed again", async () => {
  const from = { host: here, port: sourcePort };
  const devices = [ram, { ...ram, device: "disk", kind: "org.example.unknown" }];
  await expect(destination.openIncoming({ migrationId, devices, peers: [], ticket, from })).rejects.toMatchObject({
    code: "missing-back-end",
  });
  await expect(destination.attach(ram)).rejects.toMatchObject({ code: "gone" });
});
