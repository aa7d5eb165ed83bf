import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiError } from "@godwit/client";
import { isAlive } from "@godwit/launch";
import type { Guest, Problem } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";
import { type Definition, OwnGuest } from "./support/own-guest.ts";

const qemu = need("qemu");
/** How long it stands still is tested elsewhere, and a busy machine is no reason to refuse it. */
const unhurried = { limits: { downtimeLimitMs: 5_000 } };
let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start();
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

async function adopt(name: string, own: OwnGuest, devices: Definition[] = own.devices): Promise<Guest> {
  return await machines.cluster.client.guests.create({ name, host: "alpha", devices });
}

/** Why it is not taken over; whatever was there runs on. */
async function refused(name: string, own: OwnGuest, devices: Definition[] = own.devices): Promise<Problem> {
  const problem = await adopt(name, own, devices).then(
    () => undefined,
    (error: unknown) => (error instanceof ApiError ? error.problem : undefined),
  );
  if (problem === undefined) throw new Error("it was not refused");
  console.log(`${problem.code}: ${problem.detail}`);
  expect(await own.isUntouched()).toBe(true);
  expect(await machines.cluster.devicesOn("alpha")).toEqual([]);
  return problem;
}

test("Q10: a running QEMU is taken over, found by a new agent, moved there and back, and its own processes end with the first move", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  await using own = await OwnGuest.start(machines.guests, "theirs");
  await own.more(3);
  const guest = await adopt("theirs", own);
  expect(guest.state).toBe("running");
  const machine = guest.definitions.find(({ name }) => name === "machine")?.config;
  expect(machine).toMatchObject({
    memoryMib: 256,
    cpus: 1,
    accelerator: "tcg",
    machine: expect.stringMatching(/^pc-q35-\d/),
    shares: [{ device: "files", tag: "share", chardev: "share0" }],
    whole: true,
  });
  expect(guest.definitions[0]?.config).toEqual({ path: own.directory, sandbox: "none", options: [] });
  expect(await own.isUntouched()).toBe(true);
  expect((await refusedTwice(own)).detail).toContain("already");

  const { cluster } = machines;
  await cluster.kill("alpha");
  await cluster.ended("alpha");
  await cluster.restart("alpha");
  await cluster.connected();
  expect(await own.isUntouched()).toBe(true);
  for (const to of ["beta", "alpha", "beta"]) {
    const { phase, reason } = await machines.migrate(guest, to, unhurried);
    expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
    await until(
      "its own processes have ended",
      async () => !(await isAlive(own.qemu)) && !(await isAlive(own.virtiofsd)),
    );
    await own.more(3);
  }
  const beats = await own.beats();
  expect(beats.at(-1)).toMatchObject({ errors: 0, bad: 0 });
  const [first, last] = [beats[0]?.n ?? 0, beats.at(-1)?.n ?? 0];
  const seen = new Set(beats.map(({ n }) => n));
  const gaps = Array.from({ length: last - first + 1 }, (_, index) => first + index).filter((n) => !seen.has(n));
  // A line that was cut between two processes' writes is none that was not said: at most one for each move.
  console.log(`${seen.size} heartbeats, not read whole: ${gaps.join() || "none"}`);
  expect(gaps.length).toBeLessThanOrEqual(3);
  await cluster.client.guests.remove(guest.id);
  expect(await cluster.devicesOn("beta")).toEqual([]);
}, 240_000);

function machineOf(own: OwnGuest, config: object = { adopt: { qmp: own.qmp } }): Definition {
  return { name: "machine", kind: "qemu", config: { ...config } };
}

async function refusedTwice(own: OwnGuest): Promise<Problem> {
  try {
    await adopt("twice", own, [machineOf(own)]);
  } catch (error) {
    if (error instanceof ApiError) return error.problem;
  }
  throw new Error("it was taken over twice");
}

test("Q11: what is removed before it has moved runs on as it was, and may be taken over again", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  await using own = await OwnGuest.start(machines.guests, "lent");
  await own.more(3);
  for (const name of ["lent", "lent-again"]) {
    const guest = await adopt(name, own);
    await machines.cluster.client.guests.remove(guest.id);
    expect(await own.isUntouched()).toBe(true);
    expect((await own.more(3)).at(-1)).toMatchObject({ errors: 0, bad: 0 });
  }
  using qmp = await own.connect();
  expect(await qmp.execute("query-status")).toMatchObject({ running: true });
  const capabilities = JSON.stringify(await qmp.execute("query-migrate-capabilities"));
  expect(capabilities).toContain('{"state":false,"capability":"switchover-ack"}');
}, 240_000);

test("Q10: what cannot be taken over is refused with the reason, and left as it is", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  await using own = await OwnGuest.start(machines.guests, "kept");
  {
    using _busy = await own.connect();
    const busy = await refused("busy", own);
    expect(busy.detail).toContain("another client");
    expect(busy.errors).toMatchObject([{ pointer: "/devices/1/config/adopt/qmp" }]);
  }
  {
    using qmp = await own.connect();
    await qmp.execute("stop");
  }
  expect((await refused("paused", own)).detail).toContain("it is paused");
  {
    using qmp = await own.connect();
    await qmp.execute("cont");
  }
  expect((await refused("half", own, [machineOf(own)])).detail).toContain("the guest mounts share, served at");
  const missing = { name: "files", kind: "virtiofs", config: { adopt: { socket: "/nowhere.sock" } } };
  expect((await refused("nobody", own, [missing, machineOf(own)])).errors).toMatchObject([
    { pointer: "/devices/0/config/adopt/socket" },
  ]);
  expect((await refused("odd", own, [machineOf(own, { adopt: {} })])).errors).toMatchObject([
    { pointer: "/devices/0/config/adopt/qmp" },
  ]);
}, 240_000);

test("Q10: a disk that this host alone has is refused by name", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const disk = join(machines.guests.folder, "local.raw");
  await writeFile(disk, Buffer.alloc(1024 * 1024));
  // Without a device of the guest's, so that it is like the saved one.
  await using own = await OwnGuest.start(machines.guests, "disky", [
    "-drive",
    `if=none,id=data,format=raw,file=${disk}`,
  ]);
  const { detail } = await refused("disky", own);
  expect(detail).toContain(`its disk data is written to ${disk}`);
}, 240_000);
