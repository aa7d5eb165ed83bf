import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  cutStream,
  holdAtBrink,
  Machine,
  type MigrationAnswer,
  migrationStatus,
  queryMigration,
  receive,
  send,
  sendRest,
  setCapabilities,
  setPace,
  setPaceBeforeBrink,
} from "@godwit/qemu";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { findTestGuest } from "../support/test-guest.ts";
import type { Beat } from "./support/guest-console.ts";
import { Guests, type Side } from "./support/guests.ts";

const qemu = need("qemu");
const mib = 1024 * 1024;
const limits = { deadlineMs: 60_000 };

let guests: Guests;

beforeAll(async () => {
  const found = findTestGuest();
  if (qemu.path === undefined || found.missing !== undefined) return;
  guests = await Guests.in(found);
  const { bootMs } = await guests.save();
  console.log(`the guest booted and began its work in ${Math.round(bootMs)} ms`);
}, 300_000);

afterAll(async () => await guests?.[Symbol.asyncDispose]());

describe("a guest of QEMU's", () => {
  test("starts from a saved state and goes on with its work", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const from = performance.now();
    using side = await guests.restore("restored", await guests.share("restored-share"));
    const first = await side.console.more(1);
    console.log(`restored, with a heartbeat, in ${Math.round(performance.now() - from)} ms`);
    const later = await side.console.more(10);
    expectGapless(side.console.beats);
    expect(later.file).toBeGreaterThan(first.file);
    expect(later).toMatchObject({ errors: 0, bad: 0 });
  });

  test("outlives whoever started it, and is found again by its folder", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const { machine, console: guestConsole } = await guests.receiver("found", await guests.share("found-share"));
    machine[Symbol.dispose]();
    guestConsole[Symbol.dispose]();
    const found = await Machine.find(machine.spec);
    expect(found?.process).toEqual(machine.process);
    expect(found?.shares).toEqual(machine.shares);
    expect(await found?.qmp.execute("query-status")).toMatchObject({ status: "inmigrate" });
    await found?.end();
    expect(await Machine.find(machine.spec)).toBeUndefined();
  });

  test("is told of as lost when a process that serves its share ends", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    using side = await guests.receiver("bereft", await guests.share("bereft-share"));
    process.kill(side.machine.shares[0]?.process.pid ?? 0, "SIGKILL");
    expect(await side.machine.lost).toContain("virtiofsd for share of bereft has ended");
  });

  test("moves between two hosts' processes with its open file, and loses nothing", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("moved-share");
    using source = await guests.restore("source", share);
    using destination = await guests.receiver("destination", share);
    await source.console.tell("mib 16");
    await source.console.tell("rate 8");
    await source.console.more(5);

    const from = performance.now();
    await moveToBrink(source, destination);
    const held = performance.now();
    const heldFrom = source.console.last;
    await source.console.more(10);
    expect((await queryMigration(source.machine.qmp)).status).toBe("active");
    expect(source.console.last.file).toBeGreaterThan(heldFrom.file);

    const released = performance.now();
    const { stoppedMs, ended } = await switchOver(source, destination);
    const arrived = performance.now();
    const report = [
      `to the brink in ${Math.round(held - from)} ms`,
      `from the release to the guest's going on ${Math.round(arrived - released)} ms`,
      `stopped for ${Math.round(stoppedMs)} ms`,
      `${Math.round(ended.sentBytes / mib)} MiB in ${ended.passes} passes, of which ${ended.stoppedBytes} bytes after the stop`,
    ];
    console.log(report.join(", "));

    const later = await destination.console.more(10);
    const [firstThere] = destination.console.beats;
    expectGapless([...source.console.beats, ...destination.console.beats]);
    expect(firstThere?.file).toBeGreaterThanOrEqual(source.console.last.file);
    expect(later.file).toBeGreaterThan(source.console.last.file);
    expect(later.pages).toBeGreaterThan(source.console.last.pages);
    expect(later).toMatchObject({ errors: 0, bad: 0 });
    expect(Number(await readFile(join(share, "counter"), "utf8"))).toBeGreaterThanOrEqual(later.file);
  });

  test("goes on where it was when the stream is cut from under it", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("stayed-share");
    using source = await guests.restore("stayed", share);
    using destination = await guests.receiver("in-vain", share);
    await source.console.tell("mib 16");
    await source.console.more(5);
    await moveToBrink(source, destination);

    const completed = migrationStatus(source.machine.qmp, "completed", limits);
    await Promise.all([expect(completed).rejects.toThrow(/migrate: /), cutStream(source.machine.qmp, limits)]);
    expect(await queryMigration(source.machine.qmp)).toMatchObject({ status: "failed" });
    expect(await source.console.more(5)).toMatchObject({ errors: 0, bad: 0 });
    expectGapless(source.console.beats);
    // What has arrived was not the whole, and nothing of it runs.
    expect(await destination.machine.qmp.execute("query-status")).toMatchObject({ running: false });
  });
});

/** Sends until the guest could be stopped, and holds it there. */
async function moveToBrink(source: Side, destination: Side): Promise<void> {
  const uri = `unix:${join(destination.machine.spec.folder, "stream.sock")}`;
  const { qmp } = source.machine;
  await Promise.all([setCapabilities(qmp), setCapabilities(destination.machine.qmp)]);
  await setPaceBeforeBrink(qmp, 64 * mib);
  await receive(destination.machine.qmp, uri);
  await send(qmp, uri);
  await until("the brink", async () => {
    const { status, remainingRamBytes } = await queryMigration(qmp);
    return status === "active" && remainingRamBytes < 32 * mib;
  });
  await holdAtBrink(qmp);
}

/** The handover: from the stop of the source to the destination's going on, after which the source is no more. */
async function switchOver(source: Side, destination: Side): Promise<{ stoppedMs: number; ended: MigrationAnswer }> {
  const [there, here] = [source.machine.qmp, destination.machine.qmp];
  const stopped = there.event("the guest's stop", ({ name }) => name === "STOP", limits);
  const before = migrationStatus(there, "pre-switchover", limits);
  await Promise.all([before, stopped, setPace(there, { maxBytesPerSec: 0, downtimeLimitMs: 1000 })]);
  expect(await there.execute("query-status")).toMatchObject({ running: false });

  const completed = [there, here].map(async (qmp) => await migrationStatus(qmp, "completed", limits));
  await Promise.all([...completed, sendRest(there)]);
  expect(await here.execute("query-status")).toMatchObject({ running: false });

  const resumed = here.event("the guest's going on", ({ name }) => name === "RESUME", limits);
  await here.execute("cont");
  const stoppedMs = (await resumed).atMs - (await stopped).atMs;
  const ended = await queryMigration(there);
  await source.machine.end();
  return { stoppedMs, ended };
}

/** Each heartbeat is the one after that before it, on whichever side it was seen. */
function expectGapless(beats: Beat[]): void {
  const seen = beats.map(({ n }) => n);
  const first = seen[0] ?? 0;
  expect(seen).toEqual(seen.map((_, index) => first + index));
}
