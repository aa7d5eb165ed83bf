import { copyFile, rm, writeFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { join } from "node:path";
import { ApiError } from "@godwit/client";
import type { Guest, PlanCheck, Problem } from "@godwit/contract";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { findTestGuest } from "../support/test-guest.ts";
import { commandLine } from "./support/guests.ts";
import { Machines } from "./support/machines.ts";
import { PretendedQemu } from "./support/pretended-qemu.ts";

const qemu = need("qemu");
let machines: Machines;
/** The QEMUs of alpha and of beta, which are what they are told to be. */
let here: PretendedQemu;
let there: PretendedQemu;
/** A guest that is asked to move again and again, and runs on alpha all the while. */
let guest: Guest;

beforeAll(async () => {
  if (qemu.path === undefined) return;
  [here, there] = await Promise.all([PretendedQemu.make(), PretendedQemu.make()]);
  machines = await Machines.start({}, { alpha: here.folder, beta: there.folder });
  await machines.guests.fillShare(join(machines.cluster.host("alpha").directories, "shared"));
  guest = await machines.create("wanted");
}, 300_000);

afterEach(async () => await Promise.all([here?.pretend({}), there?.pretend({})]));

afterAll(async () => {
  await machines?.[Symbol.asyncDispose]();
  await Promise.all([here, there].map((each) => each?.[Symbol.asyncDispose]()));
}, 120_000);

/** Why it is refused to move to beta, by a plan and by an attempt; nothing was started there, and it runs on. */
async function refused(wanted: Guest): Promise<{ problem: Problem; checks: PlanCheck[] }> {
  const { client } = machines.cluster;
  const order = { guest: wanted.id, destination: "beta" };
  const plan = await client.plans.create(order);
  const problem = await client.migrations.create(order).then(
    () => undefined,
    (error: unknown) => (error instanceof ApiError ? error.problem : undefined),
  );
  if (problem === undefined) throw new Error("it was not refused");
  console.log(`${problem.code}: ${problem.detail}`);
  expect(plan.possible).toBe(false);
  const checks = plan.checks.filter(({ ok }) => !ok);
  expect(checks[0]?.code).toBe(problem.code);
  // The figures of what is free are of the moment.
  expect(inN(problem.detail)).toContain(inN(checks[0]?.detail ?? "nothing"));
  expect(await there.started()).toEqual([]);
  expect(await machines.cluster.devicesOn("beta")).toEqual([]);
  expect(await client.guests.get(wanted.id)).toMatchObject({ state: "running", host: "alpha" });
  return { problem, checks };
}

function inN(text: string): string {
  return text.replace(/\d+ MiB/g, "n MiB");
}

async function runsOn(wanted: Guest): Promise<void> {
  using console = await machines.console(wanted, "alpha");
  expect(await console.more(2)).toMatchObject({ errors: 0, bad: 0 });
}

describe("what the destination's QEMU lacks", () => {
  test.for([
    ["a machine type", "s/pc-q35-10.0/pc-q35-9.999/", "/machine", "pc-q35-10.0"],
    ["CPU flags", 's/"sse2": true/"sse2": false/; s/"cx16": true/"cx16": false/', "/cpu", "2 CPU flags"],
    ["a device model", "s/vhost-user-fs-pci/other-fs-pci/", undefined, "vhost-user-fs-pci"],
    ["a capability of migration", "s/switchover-ack/other-ack/", undefined, "switchover-ack"],
  ] as const)("Q8: %s is named, and nothing is started there", async ([, says, pointer, name], context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    await there.pretend({ says });
    const { problem, checks } = await refused(guest);
    expect(problem.code).toBe("missing-feature");
    expect(problem.detail).toContain(name);
    expect(checks).toMatchObject([{ name: "needs", device: "machine", fix: expect.any(String) }]);
    expect(checks[0]?.pointer).toBe(pointer);
    await runsOn(guest);
  });

  test("Q8: a CPU model is named, and nothing is started there", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const modelled = await machines.create("modelled", "alpha", { machine: { cpu: "qemu64" } });
    await there.pretend({ says: 's/"name": "qemu64"/"name": "qemu65"/' });
    const { problem, checks } = await refused(modelled);
    expect(problem).toMatchObject({ code: "missing-feature", detail: expect.stringContaining("CPU model qemu64,") });
    expect(checks).toMatchObject([{ name: "needs", device: "machine", pointer: "/cpu" }]);
    await runsOn(modelled);
    await machines.cluster.client.guests.remove(modelled.id);
  });

  test("Q8: a guest that runs under KVM does not come to where there is none", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    await here.pretend({ insteadOfKvm: "tcg" });
    const fast = await machines.create("fast", "alpha", { machine: { accelerator: "kvm" } });
    await there.pretend({ without: "kvm" });
    const { problem, checks } = await refused(fast);
    expect(problem).toMatchObject({ code: "missing-feature", detail: expect.stringContaining("Could not access kvm") });
    expect(checks).toMatchObject([{ pointer: "/accelerator" }]);
    await runsOn(fast);
    await machines.cluster.client.guests.remove(fast.id);
  });

  test("M13: one that is too old is no back end, and its release is named", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    await restartBeta("s/version [0-9.]*/version 7.2.11/");
    const { problem } = await refused(guest);
    expect(problem).toMatchObject({
      code: "missing-back-end",
      detail: expect.stringContaining("QEMU 7.2.11, older than 8.2"),
    });
    await restartBeta("");
    await runsOn(guest);
  });
});

async function restartBeta(says: string): Promise<void> {
  await machines.cluster.kill("beta", "SIGTERM");
  await machines.cluster.ended("beta");
  await there.pretend({ says });
  await machines.cluster.restart("beta");
  await machines.cluster.connected();
}

describe("what the destination lacks", () => {
  test("Q8: the folder of a share", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    // Relative to the folder that each host has for such.
    const shared = await machines.create("shared", "alpha", { share: "shared" });
    const { problem, checks } = await refused(shared);
    expect(problem.code).toBe("missing-file");
    expect(checks).toMatchObject([{ device: "files", pointer: "/path", fix: expect.stringContaining("same content") }]);
    expect(problem.detail).toContain(join(machines.cluster.host("beta").directories, "shared"));
    await runsOn(shared);
    await machines.cluster.client.guests.remove(shared.id);
  });

  test("Q8: the kernel and a disk that the guest was started with, both told at once", async (context) => {
    const found = findTestGuest();
    if (found.missing !== undefined) return context.skip(found.missing);
    const [image, disk] = ["vmlinuz", "disk.raw"].map((name) => join(machines.guests.folder, name));
    if (image === undefined || disk === undefined) throw new Error("no paths");
    await Promise.all([copyFile(found.kernel, image), writeFile(disk, Buffer.alloc(1024 * 1024))]);
    const kernel = { image, initramfs: found.initramfs, commandLine };
    const words = ["-drive", `if=none,id=disk,format=raw,read-only=on,file=${disk}`];
    const bare = await machines.create("bare", "alpha", { machine: { kernel, arguments: words } });
    await Promise.all([rm(image), rm(disk)]);
    const { problem, checks } = await refused(bare);
    expect(problem.code).toBe("missing-file");
    expect(checks.map(({ pointer }) => pointer)).toEqual(["/kernel/image", "/arguments/1"]);
    expect(checks.map(({ detail }) => detail).join()).toContain(disk);
    await runsOn(bare);
    await machines.cluster.client.guests.remove(bare.id);
  });

  test("Q8: memory, with what is needed and what there is", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    // It never touches most of it, so that the source can promise it.
    const memoryMib = Math.floor(totalmem() / 1024 ** 2) - 100;
    const machine = { accelerator: "tcg", memoryMib };
    const devices = [{ name: "machine", kind: "qemu", config: machine }];
    const large = await machines.cluster.client.guests.create({ name: "large", host: "alpha", devices });
    const { problem, checks } = await refused(large);
    expect(problem).toMatchObject({
      code: "no-room",
      detail: expect.stringMatching(/\d+ MiB are needed, \d+ MiB available/),
    });
    expect(checks).toMatchObject([{ name: "room", device: "machine", pointer: "/memoryMib" }]);
    await machines.cluster.client.guests.remove(large.id);
  });
});

test("Q8: memory that the destination's QEMU does not get ends it with the cause, and the guest runs on", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  await there.pretend({ mapLimitKib: 1_300_000 });
  const { phase, reason, ...ended } = await machines.migrate(guest, "beta");
  console.log(reason?.sentence);
  expect(phase).toBe("aborted");
  expect(reason).toMatchObject({ code: "no-room", sentence: expect.stringContaining("Cannot allocate memory") });
  expect(ended.devices.every(({ sentBytes }) => sentBytes === 0)).toBe(true);
  await runsOn(guest);
  await until("nothing is left on beta", async () => (await machines.cluster.devicesOn("beta")).length === 0);
});

test("Q8, Q9: where nothing is lacking the plan says what was looked at, and the guest moves, as the machine type that it is", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const { checks } = await machines.cluster.client.plans.create({ guest: guest.id, destination: "beta" });
  const looked = checks.find(({ name }) => name === "needs");
  console.log(looked?.detail);
  expect(looked).toMatchObject({ ok: true, device: "machine" });
  expect(looked?.detail).toMatch(/machine type pc-q35-\d+\.\d+; accelerator tcg; \d+ CPU flags; \d+ device models/);
  expect((await machines.migrate(guest, "beta")).phase).toBe("completed");
  expect((await machines.cluster.devicesOn("beta")).join("; ")).toMatch(/-machine pc-q35-\d+\.\d+,/);
});
