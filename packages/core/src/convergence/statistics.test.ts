import * as fc from "fast-check";
import { expect, test } from "vitest";
import { clamp, lineThrough, median, quantile, rootMeanSquare } from "./statistics.ts";

test("a quantile is the nearest value that there is, in any order of the values", () => {
  const values = [50, 10, 40, 20, 30];
  expect([0, 0.05, 0.25, 0.5, 0.9, 1].map((p) => quantile(values, p))).toEqual([10, 10, 20, 30, 50, 50]);
  expect(quantile([7], 0.05)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
  // As numbers, not as text.
  expect(quantile([9, 10, 100], 1)).toBe(100);
});

test("the median is the middle value, and of two the upper one", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(3);
  expect(median([])).toBeNaN();
});

test("the root of the mean square, and nothing of nothing", () => {
  expect(rootMeanSquare([3, -4, 0, 5])).toBeCloseTo(Math.sqrt(50 / 4), 12);
  expect(rootMeanSquare([])).toBe(0);
});

test("a value is held between its bounds, and the upper one wins where they cross", () => {
  expect([clamp(5, 1, 9), clamp(0, 1, 9), clamp(10, 1, 9), clamp(5, 9, 1)]).toEqual([5, 1, 9, 1]);
});

test("a line through points that lie on one is that line, with no error", () => {
  const whole = fc.integer({ min: -1_000, max: 1_000 });
  fc.assert(
    fc.property(whole, whole, fc.uniqueArray(fc.nat(100_000), { minLength: 2, maxLength: 30 }), (end, slope, times) => {
      const nowMs = 50_000;
      const line = lineThrough(
        times.map((atMs) => ({ atMs, value: end + (slope * (atMs - nowMs)) / 1000 })),
        nowMs,
      );
      expect(line.count).toBe(times.length);
      expect(line.end).toBeCloseTo(end, 3);
      expect(line.slope).toBeCloseTo(slope, 3);
      expect(line.sd).toBeCloseTo(0, 3);
    }),
  );
});

test("the error of a slope is half as large again as for points that do not depend on each other", () => {
  // Residuals -1, 2, -1 about the mean: ss = 6 with one degree of freedom; the times spread by 2 s².
  const line = lineThrough(
    [
      { atMs: 0, value: -1 },
      { atMs: 1_000, value: 2 },
      { atMs: 2_000, value: -1 },
    ],
    2_000,
  );
  expect(line).toMatchObject({ end: 0, slope: 0 });
  expect(line.sd).toBeCloseTo(Math.sqrt(6), 12);
  expect(line.slopeError).toBeCloseTo((1.5 * Math.sqrt(6)) / Math.sqrt(2), 12);
});

test("points of one moment say nothing of a slope", () => {
  const line = lineThrough(
    [
      { atMs: 5, value: 1 },
      { atMs: 5, value: 3 },
    ],
    5,
  );
  expect(line).toMatchObject({ end: 2, slope: 0, slopeError: Infinity });
});
