import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { endMigration, isRunning, noticedMs, Qemu, Virtiofsd } from "@godwit/qemu";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { findTestGuest } from "../support/test-guest.ts";
import { isDeaf } from "./support/deaf.ts";
import { Guests, type Side } from "./support/guests.ts";
import { expectGapless, Move } from "./support/move.ts";

const qemu = need("qemu");
const mib = 1024 * 1024;

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
    await guests.end(side);
  });

  test("B6: outlives whoever started it, and is found again by its folder", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const left = await guests.receiver("found", await guests.share("found-share"));
    left[Symbol.dispose]();
    const found = await Qemu.find(left.spec);
    const share = await Virtiofsd.find(left.share);
    expect([found?.process, share?.process]).toEqual([left.qemu.process, left.virtiofsd.process]);
    expect(await found?.qmp.execute("query-status")).toMatchObject({ status: "inmigrate" });
    await Promise.all([found?.end(), share?.end()]);
    expect([await Qemu.find(left.spec), await Virtiofsd.find(left.share)]).toEqual([undefined, undefined]);
  });

  test("Q6: is told of as lost when a process that serves its share ends", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    using side = await guests.receiver("bereft", await guests.share("bereft-share"));
    process.kill(side.virtiofsd.process.pid, "SIGKILL");
    expect(await side.virtiofsd.lost).toContain("virtiofsd for bereft has ended");
    await guests.end(side);
  });

  test("Q1, Q2, Q5: moves between two hosts' processes when it is told to, with its open file, and loses nothing", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("moved-share");
    using source = await guests.restore("source", share);
    using destination = await guests.receiver("destination", share);
    await source.console.tell("mib 16");
    await source.console.tell("rate 8");
    await source.console.more(5);

    const from = performance.now();
    await using move = await Move.begin(source, destination);
    await move.toBrink();
    const held = performance.now();
    const [heldFrom, passes] = [source.console.last, move.out.passes];
    await source.console.more(20);
    const { status, sentBytes: heldBytes } = await move.out.look();
    expect(status).toBe("active");
    expect(source.console.last.file).toBeGreaterThan(heldFrom.file);
    const heldMs = performance.now() - held;
    const passesPerSec = ((move.out.passes - passes) / heldMs) * 1000;
    expect(passesPerSec).toBeLessThan(100);

    await move.out.brace();
    await setTimeout(noticedMs);
    const released = performance.now();
    const { stoppedMs, stopMs } = await move.switchOver();
    const ended = await move.out.look();
    const report = [
      `to the brink in ${Math.round(held - from)} ms with ${Math.round(heldBytes / mib)} MiB`,
      `held there for ${Math.round(heldMs)} ms at ${passesPerSec.toFixed(1)} passes/s`,
      `stopped within ${Math.round(stopMs)} ms`,
      `from the release to the guest's going on ${Math.round(performance.now() - released)} ms`,
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
    await Promise.all([source, destination].map((side) => guests.end(side)));
  });

  test("Q5, Q17: that is throttled moves and loses nothing", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("slow-share");
    using source = await guests.restore("slow", share);
    using destination = await guests.receiver("slow-destination", share);
    await using move = await throttled(source, destination);
    const { stoppedMs, stopMs } = await move.switchOver();
    console.log(`stopped within ${Math.round(stopMs)} ms, for ${Math.round(stoppedMs)} ms`);
    const later = await destination.console.more(10);
    expectGapless([...source.console.beats, ...destination.console.beats]);
    expect(later).toMatchObject({ errors: 0, bad: 0 });
    await Promise.all([source, destination].map((side) => guests.end(side)));
  });

  test("Q17: that is throttled is stopped by hand, stands still also when whoever moves it is gone, and goes on when it is found", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("left-share");
    using source = await guests.restore("left", share);
    using destination = await guests.receiver("left-destination", share);
    await using move = await throttled(source, destination);
    expect(move.out.stopsByHand).toBe(true);
    await move.stop();
    move.out.close();
    await until("QEMU's waiting, or its failure", async () =>
      ["pre-switchover", "failed"].includes((await move.out.look()).status),
    );
    expect(await isRunning(source.qemu.qmp)).toBe(false);
    await endMigration(source.qemu);
    expect(await source.console.more(5)).toMatchObject({ errors: 0, bad: 0 });
    expectGapless(source.console.beats);
    expect(await isRunning(destination.qemu.qmp)).toBe(false);
    await Promise.all([source, destination].map((side) => guests.end(side)));
  });

  test("N8: sends no faster than its cap, spreads its passes all the same, and at full speed for the stop", async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("capped-share");
    using source = await guests.restore("capped", share);
    using destination = await guests.receiver("capped-destination", share);
    const maxBytesPerSec = async () =>
      z.object({ "max-bandwidth": z.number() }).parse(await source.qemu.qmp.execute("query-migrate-parameters"))[
        "max-bandwidth"
      ];
    await using move = await Move.begin(source, destination);
    const from = performance.now();
    await move.out.cap(16 * mib);
    expect(await maxBytesPerSec()).toBe(16 * mib);
    await until("so much", async () => (await move.out.look()).sentBytes > 24 * mib);
    const { sentBytes } = await move.out.look();
    const bytesPerSec = (sentBytes * 1000) / (performance.now() - from);
    console.log(`sent at ${Math.round(bytesPerSec / mib)} MiB/s under a cap of 16`);
    expect(bytesPerSec).toBeLessThan(1.2 * 16 * mib);
    await move.out.cap(undefined);
    expect(await maxBytesPerSec()).toBe(0);
    await move.toBrink();
    await until("spread passes", async () => (await maxBytesPerSec()) > 0);
    await move.out.cap(16 * mib);
    expect(await maxBytesPerSec()).toBeLessThanOrEqual(16 * mib);
    await move.out.cap(20_000);
    expect(await maxBytesPerSec()).toBeLessThanOrEqual(20_000);
    await move.out.brace();
    await move.out.cap(20_000);
    expect(await maxBytesPerSec()).toBe(0);
    await move.out.undo();
    await Promise.all([source, destination].map((side) => guests.end(side)));
  });

  test.for(["running", "stopped", "sending the rest", "all sent"] as const)(
    "Q3: goes on where it was when the migration is undone, %s",
    async (stage, context) => {
      if (qemu.path === undefined) return context.skip(qemu.missing);
      const share = await guests.share(`stayed-share-${stage}`);
      using source = await guests.restore(`stayed-${stage}`, share);
      using destination = await guests.receiver(`in-vain-${stage}`, share);
      await source.console.tell("mib 16");
      await source.console.more(5);
      await using move = await Move.begin(source, destination);
      await move.toBrink();
      if (stage !== "running") await move.stop();
      // Nobody reads any further, so that QEMU waits in the middle of it, and may not even answer.
      if (stage === "sending the rest") await move.out.finish().catch(isDeaf);
      if (stage === "all sent") await move.sendRest();
      const from = performance.now();
      await move.out.undo();
      console.log(`undone in ${Math.round(performance.now() - from)} ms`);

      expect(await source.console.more(5)).toMatchObject({ errors: 0, bad: 0 });
      expectGapless(source.console.beats);
      expect(await isRunning(destination.qemu.qmp)).toBe(false);
      await Promise.all([source, destination].map((side) => guests.end(side)));
    },
  );
});

/** On its way, at the brink, with a guest that has lost most of its time. */
async function throttled(source: Side, destination: Side): Promise<Move> {
  await source.console.tell("mib 16");
  await source.console.more(5);
  const move = await Move.begin(source, destination);
  await move.toBrink();
  await move.out.throttle(0.99);
  await until("the throttle", async () => (await move.out.look()).throttledPercent === 99);
  await until("a pause of the throttle's", async () => {
    await move.out.lookAnew();
    return move.out.isLooking;
  });
  return move;
}
