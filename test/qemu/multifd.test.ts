import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "@godwit/qemu";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { findTestGuest } from "../support/test-guest.ts";
import { isDeaf } from "./support/deaf.ts";
import { Guests } from "./support/guests.ts";
import { expectGapless, Move } from "./support/move.ts";

const qemu = need("qemu");
const beside = 4;
const moves = 12;

let guests: Guests;

beforeAll(async () => {
  const found = findTestGuest();
  if (qemu.path === undefined || found.missing !== undefined) return;
  guests = await Guests.in(found);
  await guests.save();
}, 300_000);

afterAll(async () => await guests?.[Symbol.asyncDispose]());

describe(`a guest whose memory goes over ${beside} streams beside the one`, () => {
  test(`Q13, Q5: moves ${moves} times without a gap`, async (context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const share = await guests.share("many-share");
    let here = await guests.restore("many-0", share);
    await here.console.tell("mib 16");
    await here.console.tell("rate 8");
    await here.console.more(3);
    const beats = [];
    const stoppedMs: number[] = [];
    for (let number = 1; number <= moves; number += 1) {
      const there = await guests.receiver(`many-${number}`, share);
      await using move = await Move.begin(here, there, beside);
      expect(move.out.streams).toHaveLength(1 + beside);
      await move.toBrink();
      await move.out.brace();
      stoppedMs.push((await move.switchOver()).stoppedMs);
      await there.console.more(3);
      beats.push(...here.console.beats);
      await guests.end(here);
      here = there;
    }
    expect(await here.console.more(3)).toMatchObject({ errors: 0, bad: 0 });
    expectGapless([...beats, ...here.console.beats]);
    expect(Number(await readFile(join(share, "counter"), "utf8"))).toBeGreaterThanOrEqual(here.console.last.file);
    const sorted = stoppedMs.map(Math.round).toSorted((a, b) => a - b);
    console.log(`stopped for ${sorted[Math.floor(sorted.length / 2)]} ms in the median, of ${sorted.join(", ")}`);
    await guests.end(here);
  }, 400_000);

  test.for(["running", "stopped", "sending the rest", "all sent"] as const)(
    "Q3, Q13: goes on where it was when the migration is undone, %s",
    async (stage, context) => {
      if (qemu.path === undefined) return context.skip(qemu.missing);
      const share = await guests.share(`kept-share-${stage}`);
      using source = await guests.restore(`kept-${stage}`, share);
      using destination = await guests.receiver(`idle-${stage}`, share);
      await source.console.tell("mib 16");
      await source.console.more(5);
      await using move = await Move.begin(source, destination, beside);
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
      // As long as it waits for the rest of its streams it answers nothing, and may do so for ever where they are cut.
      await move[Symbol.asyncDispose]();
      expect(await isRunning(destination.qemu.qmp).catch(isDeaf)).not.toBe(true);
      await Promise.all([source, destination].map((side) => guests.end(side)));
    },
  );
});
