import { mkdir, open, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Guest } from "@godwit/contract";
import { isRunning, restore, save } from "@godwit/qemu";
import { afterAll, beforeAll, expect, test } from "vitest";
import { back, mortal, orderDeath, orderPause, struck } from "../e2e/support/mortal.ts";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start({}, {}, mortal);
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose]());

test("F1, Q5: a guest saved on one host and restored on another goes on with its open file, and neither a heartbeat nor a write has a gap", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { client } = machines.cluster;
  const share = await machines.guests.share("sleeper");
  const guest = await machines.create("sleeper", "alpha", { share });
  using heartbeats = await machines.heartbeats(guest, "alpha");
  const here = heartbeats.console;
  await here.tell("mib 64");
  await here.tell("rate 20");
  await here.more(5);
  const folder = folderOf("sleeper");
  const from = performance.now();
  await client.guests.save("sleeper", { folder });
  const saved = await client.guests.waitAtRest("sleeper");
  const savedMs = performance.now() - from;
  expect(saved).toMatchObject({ state: "saved", host: "alpha", epoch: 2, save: { folder } });
  await until("its processes have ended", async () => (await machines.cluster.devicesOn("alpha")).length === 0);
  expect((await readdir(folder)).toSorted()).toEqual(["files", "machine", "manifest.json"]);
  const { size, blocks } = await stat(join(folder, "machine", "mapped-ram"));
  const again = performance.now();
  await client.guests.restore("sleeper", { host: "beta" });
  expect(await client.guests.waitAtRest("sleeper")).toMatchObject({ state: "running", host: "beta", epoch: 3 });
  const restoredMs = performance.now() - again;
  await heartbeats.moved(machines.folderOf(guest, "beta"));
  await until("it writes on", async () => (await heartbeats.console.more(1)).file > here.last.file);
  const { gaps, last } = await heartbeats.summary();
  expect(last).toMatchObject({ errors: 0, bad: 0 });
  expect(last.pages).toBeGreaterThan(here.last.pages);
  expect(gaps).toEqual([]);
  expect(Number(await readFile(join(share, "counter"), "utf8"))).toBeGreaterThanOrEqual(last.file);
  const figures = `${Math.round(savedMs)} ms to save, ${Math.round(restoredMs)} ms to restore`;
  console.log(`${figures}; a file of ${size} bytes, ${blocks * 512} of them on disk`);
}, 120_000);

test("F4: a guest whose memory is damaged in its file is refused before anything starts, and comes back from the whole one", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { client } = machines.cluster;
  const guest = await machines.create("fragile");
  const folder = folderOf("fragile");
  await client.guests.save("fragile", { folder });
  const saved = await client.guests.waitAtRest("fragile");
  expect(saved).toMatchObject({ state: "saved" });
  const file = join(folder, "machine", "mapped-ram");
  const at = Math.floor((await stat(file)).size / 2);
  await flip(file, at);
  await client.guests.restore("fragile", { host: "beta" });
  expect(await client.guests.waitAtRest("fragile")).toMatchObject({
    state: "saved",
    save: { failure: { code: "save-damaged" } },
  });
  expect((await machines.cluster.devicesOn("beta")).filter((command) => command.includes(guest.id))).toEqual([]);
  await flip(file, at);
  await client.guests.restore("fragile", { host: "beta" });
  expect(await client.guests.waitAtRest("fragile")).toMatchObject({ state: "running", host: "beta" });
  await expectWell(guest, "beta");
}, 120_000);

test("F3: a guest that was written whole and could not be released goes on where it was, and still migrates", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { cluster } = machines;
  const guest = await machines.create("stayer");
  const folder = folderOf("stayer");
  await orderPause(cluster, "alpha", "plane tells confirmed");
  await cluster.client.guests.save("stayer", { folder });
  await struck(cluster, "alpha");
  await mkdir(folder);
  await writeFile(join(folder, "precious"), "data");
  process.kill(cluster.pid("alpha"), "SIGCONT");
  expect(await cluster.client.guests.waitAtRest("stayer")).toMatchObject({
    state: "running",
    host: "alpha",
    save: { state: "failed", failure: { code: "folder-taken" } },
  });
  await expectWell(guest, "alpha");
  expect(await machines.migrate(guest, "beta")).toMatchObject({ phase: "completed" });
  await expectWell(guest, "beta");
}, 120_000);

test("F3: its agent killed when QEMU has just written the guest: the guest goes on where it was, and still migrates", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { cluster } = machines;
  const guest = await machines.create("orphan");
  await orderDeath(cluster, "alpha", "plane tells confirmed", { devices: false });
  await cluster.client.guests.save("orphan", { folder: folderOf("orphan") });
  await struck(cluster, "alpha");
  await back(cluster, "alpha");
  expect(await cluster.client.guests.waitAtRest("orphan")).toMatchObject({
    state: "running",
    host: "alpha",
    save: { state: "failed", failure: { code: "RESTARTED" } },
  });
  expect((await readdir(machines.guests.folder)).filter((name) => /orphan|godwit-save/.test(name))).toEqual(["orphan"]);
  await expectWell(guest, "alpha");
  expect(await machines.migrate(guest, "beta")).toMatchObject({ phase: "completed" });
  await expectWell(guest, "beta");
}, 120_000);

test("F6: without mapped RAM the guest goes into its file as a stream, and comes out of it", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { guests } = machines;
  const share = await guests.share("streamed-share");
  const file = join(guests.folder, "streamed");
  const from = await guests.restore("streamed-from", share);
  const before = await from.console.more(3);
  await save(from.qemu.qmp, file, { limitMs: 60_000, form: "stream" });
  await guests.end(from);
  const to = await guests.receiver("streamed-to", share);
  await restore(to.qemu.qmp, file, 60_000, "stream");
  expect(await isRunning(to.qemu.qmp)).toBe(false);
  await to.qemu.qmp.execute("cont");
  const after = await to.console.more(3);
  expect(after).toMatchObject({ errors: 0, bad: 0 });
  expect(after.n).toBeGreaterThan(before.n);
  await guests.end(to);
}, 120_000);

function folderOf(name: string): string {
  return join(machines.guests.folder, `save-of-${name}`);
}

async function expectWell(guest: Guest, host: string): Promise<void> {
  using there = await machines.console(guest, host);
  expect(await there.more(3)).toMatchObject({ errors: 0, bad: 0 });
}

async function flip(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
}
