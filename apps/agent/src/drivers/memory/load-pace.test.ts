import { expect, test } from "vitest";
import { LoadPace, parsePhases, parseRate } from "./load-pace.ts";

test("phases follow each other at their rates, over and over", () => {
  const pace = new LoadPace(0, parsePhases("200x10,24000x5"));
  const due: number[] = [];
  for (let second = 0; second < 30; second += 1) due.push(pace.pass(1));
  const [calm, busy] = [Array(10).fill(200), Array(5).fill(24_000)];
  expect(due).toEqual([...calm, ...busy, ...calm, ...busy]);
});

test("a step over the border of two phases takes of each its share, however long it is", () => {
  const pace = new LoadPace(0, parsePhases("100x0.5,1000x0.5"));
  expect(pace.pass(0.75)).toBeCloseTo(50 + 250);
  expect(pace.writesPerSecond).toBe(1000);
  expect(pace.pass(10)).toBeCloseTo(10 * 550);
});

test("a rate that is told ends the phases", () => {
  const pace = new LoadPace(0, parsePhases("100x1,200x1"));
  pace.setRate(7);
  expect([pace.pass(1), pace.pass(100)]).toEqual([7, 700]);
});

test("without phases there is one rate", () => {
  expect(new LoadPace(50).pass(3600)).toBe(180_000);
});

test("what is no phase is refused and named, and what is no rate is none", () => {
  for (const wrong of ["", "200", "200x", "x5", "200x0", "-1x5", "200x5,", "2e3x5"])
    expect(() => parsePhases(wrong)).toThrow("No phase of a load");
  expect(parsePhases("0x2.5")).toEqual([{ writesPerSecond: 0, seconds: 2.5 }]);
  expect(["rate 12000", "rate 0.5\n", "rate", "rate -1", "faster"].map(parseRate)).toEqual([
    12_000,
    0.5,
    undefined,
    undefined,
    undefined,
  ]);
});
