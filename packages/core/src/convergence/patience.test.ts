import { expect, test } from "vitest";
import type { FirstPass } from "./first-pass.ts";
import { patienceMs, plateauWindowMs } from "./patience.ts";
import { patiences } from "./policy.ts";

function passOf(seconds: number, activity: number[] = []): FirstPass {
  return { sizeBytes: 1, sentBytes: 1, counted: { epoch: 0, sentBytes: 1 }, doneMs: 1_000 * seconds, activity };
}

test("C6: the window is 0.75 of the first pass, 8 s to 60 s, and a shorter one for who is impatient", () => {
  const windows = (seconds: number) => patiences.map((patience) => plateauWindowMs(patience, passOf(seconds)) / 1_000);
  expect(windows(1)).toEqual([3, 8, 8, 8]);
  expect(windows(40)).toEqual([10, 30, 30, 30]);
  expect(windows(4_000)).toEqual([15, 60, 60, 60]);
});

test("C9: beyond the window nobody waits who is normal or impatient; patience is 60 s to 240 s in all, and may be without end", () => {
  const waits = (seconds: number) => patiences.map((patience) => patienceMs(patience, passOf(seconds)) / 1_000);
  expect(waits(1)).toEqual([0, 0, 52, Infinity]);
  expect(waits(100)).toEqual([0, 0, 90, Infinity]);
  expect(waits(4_000)).toEqual([0, 0, 180, Infinity]);
});

test("C6: a guest that is written in bursts is watched for three times as long", () => {
  const bursts = passOf(40, [100, 1, 100, 1, 100, 100]);
  expect(plateauWindowMs("normal", bursts)).toBe(90_000);
  expect(plateauWindowMs("impatient", bursts)).toBe(30_000);
  expect(patienceMs("patient", bursts)).toBe(90_000);
});

test("C9: while the first pass is not over its length is not known, and the shortest window counts", () => {
  const running = { ...passOf(0), doneMs: undefined };
  expect(patiences.map((patience) => plateauWindowMs(patience, running))).toEqual([3_000, 8_000, 8_000, 8_000]);
  expect(patiences.map((patience) => patienceMs(patience, running))).toEqual([0, 0, 52_000, Infinity]);
});
