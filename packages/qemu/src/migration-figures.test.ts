import { describe, expect, test } from "vitest";
import { readMigration } from "./migration-answer.ts";
import {
  type Figures,
  follow,
  noFigures,
  noPasses,
  type PassFigures,
  type Passes,
  take,
  writtenSince,
} from "./migration-figures.ts";
import { type RecordedAnswer, recordedAnswers, recordedEnd, toldByQemu11 } from "./support/recorded-migration.ts";

const mib = 1024 * 1024;

/** The passes as they come out of the answers. */
function passesOf(answers: RecordedAnswer[]): PassFigures[] {
  const seen: PassFigures[] = [];
  let figures: Figures = noFigures;
  for (const { atMs, answer } of answers) {
    figures = take(figures, { atMs, answer: readMigration(answer) });
    if (figures.lastPass !== undefined && figures.lastPass !== seen.at(-1)) seen.push(figures.lastPass);
  }
  return seen;
}

describe("an answer of query-migrate", () => {
  test("before the first migration has no figures", () => {
    expect(readMigration({})).toMatchObject({ status: "none", passes: 0, sentBytes: 0, error: undefined });
  });

  test("on the destination is a status alone", () => {
    expect(readMigration({ status: "completed" })).toMatchObject({ status: "completed", downtimeMs: undefined });
  });

  test("tells what was dealt with, zero pages too", () => {
    expect(readMigration(recordedEnd)).toMatchObject({
      status: "completed",
      passes: 11,
      downtimeMs: 28,
      totalMs: 7434,
      stoppedBytes: 12_339,
      settledBytes: (33_620 + 66_919) * 4096,
      remainingDeviceBytes: undefined,
    });
  });

  test("has QEMU's words for a failure", () => {
    const said = { status: "failed", "error-desc": "Unable to write to socket: Broken pipe" };
    expect(readMigration(said)).toMatchObject({ status: "failed", error: "Unable to write to socket: Broken pipe" });
  });

  test("tells memory and the most that devices have left apart where QEMU 11.1 adds them up", () => {
    const [first] = toldByQemu11(5000);
    expect(readMigration(first?.answer)).toMatchObject({
      remainingRamBytes: 268_500_992,
      remainingDeviceBytes: 5000,
    });
    const [later] = toldByQemu11(5000, 4096);
    expect(readMigration(later?.answer)).toMatchObject({ remainingRamBytes: 268_500_992, remainingDeviceBytes: 9096 });
  });

  test("that is none is refused", () => {
    expect(() => readMigration({ status: "active", ram: { transferred: "much" } })).toThrow(/transferred/);
  });
});

describe("the figures of passes", () => {
  const passes = passesOf(recordedAnswers);

  test("are there for each pass, and for those that went by in one", () => {
    expect(passes.map(({ pass, passes: count }) => [pass, count])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
      [5, 1],
      [7, 2],
    ]);
  });

  test("find the limit of the stream", () => {
    const unhurried = passes.slice(1, 4).map(({ sentBytesPerSec = 0 }) => sentBytesPerSec / 1e6);
    for (const rate of unhurried) expect(rate).toBeCloseTo(40, -1);
  });

  test("find how fast the guest writes, once a pass is shorter than its working set", () => {
    const [whole, ...shorter] = passes.slice(0, 5).map(({ dirtiedBytesPerSec = 0 }) => dirtiedBytesPerSec / mib);
    // In the first four seconds it went round its 64 MiB more than once, and each page counts once.
    expect(whole).toBeLessThan(17);
    for (const rate of shorter) expect(Math.abs(rate - 20)).toBeLessThan(2.5);
  });

  test("end with what remains", () => {
    expect(passes.map(({ remainingBytes }) => remainingBytes)).toEqual([
      67_616_768, 35_504_128, 18_321_408, 9_584_640, 6_606_848, 512_000,
    ]);
  });

  test("are the same in the other dialect", () => {
    expect(passesOf(toldByQemu11(123_456))).toEqual(passes);
  });

  test("do not change by answers in between", () => {
    const doubled = recordedAnswers.flatMap(({ atMs, answer }) => [
      { atMs, answer },
      { atMs: atMs + 5, answer },
    ]);
    expect(passesOf(doubled)).toEqual(passes);
  });

  test("have no rate where no time has passed", () => {
    const [first, second] = recordedAnswers;
    if (first === undefined || second === undefined) throw new Error("nothing was recorded");
    expect(passesOf([first, { ...second, atMs: first.atMs }])).toMatchObject([{ sentBytesPerSec: undefined }]);
  });
});

describe("the steady rate of writing", () => {
  /** After so many looks, at a time, so much dealt with in all and so much left. */
  const sample = (looks: number, atMs: number, settledPages: number, leftPages: number) => ({
    atMs,
    answer: readMigration({
      status: "active",
      ram: {
        transferred: 4096 * settledPages,
        total: 0,
        duplicate: 0,
        normal: settledPages,
        remaining: 4096 * leftPages,
        "dirty-sync-count": looks,
      },
    }),
  });
  const after = (...samples: ReturnType<typeof sample>[]) => samples.reduce(take, noFigures);
  /** 1,000 pages a second are sent; they are written in one of four looks. */
  const bursts = Array.from({ length: 48 }, (_, look) =>
    sample(look + 1, 250 * look, 250 * look, 10_000 + 250 * (Math.floor(look / 4) * 8 - look)),
  );

  test("tells how much is written, whatever a single look has found", () => {
    for (const length of [40, 41, 42, 43, 44]) {
      const { steadyDirtiedBytesPerSec = 0, lastPass } = after(...bursts.slice(0, length));
      expect(Math.abs(steadyDirtiedBytesPerSec / 4096 - 2_000)).toBeLessThan(700);
      expect([0, 8_000]).toContain((lastPass?.dirtiedBytesPerSec ?? NaN) / 4096);
    }
  });

  test("foresees what QEMU has not looked for yet", () => {
    const looked = after(sample(1, 0, 0, 1_000), sample(2, 1_000, 500, 900));
    expect(writtenSince(looked)).toBe(0);
    expect(writtenSince(take(looked, sample(2, 1_500, 750, 650)))).toBe(4096 * 200);
  });
});

describe("a pass over the guest's memory", () => {
  /** After so many looks, so much dealt with in all and so much left. */
  const at = (looks: number, settledPages: number, leftPages: number) =>
    readMigration({
      status: "active",
      ram: {
        transferred: 0,
        total: 0,
        duplicate: 0,
        normal: settledPages,
        remaining: leftPages * 4096,
        "dirty-sync-count": looks,
      },
    });
  const after = (...answers: ReturnType<typeof at>[]) => answers.reduce<Passes>(follow, noPasses).number;

  test("begins with QEMU's first look, and ends with the one at which as much was dealt with as there was", () => {
    expect(after(at(0, 0, 100))).toBe(0);
    expect(after(at(1, 0, 100))).toBe(1);
    expect(after(at(1, 0, 100), at(1, 100, 0))).toBe(1);
    expect(after(at(1, 0, 100), at(2, 100, 40), at(3, 140, 10))).toBe(3);
  });

  test("does not end with a look in the midst of it, and a guest that is written as fast as it is sent has passes too", () => {
    expect(after(at(1, 0, 100), at(2, 30, 80), at(3, 60, 70))).toBe(1);
    expect(after(at(1, 0, 100), at(2, 30, 90), at(3, 60, 90), at(4, 110, 90), at(5, 150, 90), at(6, 200, 90))).toBe(3);
  });
});
