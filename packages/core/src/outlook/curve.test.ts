import * as fc from "fast-check";
import { expect, test } from "vitest";
import { curveOf } from "./curve.ts";

const dirty = {
  everyMs: 10_000,
  bytesPerSec: [],
  curve: [
    { overMs: 100, bytes: 1_000 },
    { overMs: 300, bytes: 2_000 },
    { overMs: 1_300, bytes: 4_000 },
  ],
};

test("L3: the curve goes through the windows that were watched, in straight lines, from nothing at first", () => {
  const curve = curveOf(dirty, 1e9);
  expect([-5, 0, 50, 100, 200, 300, 800, 1_300].map(curve)).toEqual([0, 0, 500, 1_000, 1_500, 2_000, 3_000, 4_000]);
});

test("L3: beyond the longest window its last slope goes on, and no more is ever dirty than there is", () => {
  expect(curveOf(dirty, 1e9)(2_300)).toBe(6_000);
  expect(curveOf(dirty, 5_000)(2_300)).toBe(5_000);
  expect(curveOf(dirty, 1e9)(Infinity)).toBe(1e9);
});

test("L3: without windows nothing is known to be written", () => {
  expect(curveOf({ ...dirty, curve: [] }, 1e9)(5_000)).toBe(0);
});

test("L3: whatever windows were watched, it never is negative nor more than there is, and of growing ones it never falls", () => {
  const growing = fc
    .array(fc.record({ ms: fc.integer({ min: 1, max: 5_000 }), bytes: fc.nat(1e9) }), { maxLength: 8 })
    .map((steps) => {
      let [overMs, bytes] = [0, 0];
      return steps.map((step) => ({ overMs: (overMs += step.ms), bytes: (bytes += step.bytes) }));
    });
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(growing, times, fc.nat(1e10), (windows, ms, size) => {
      const values = ms.toSorted((a, b) => a - b).map(curveOf({ ...dirty, curve: windows }, size));
      for (const [index, value] of values.entries()) {
        expect(value).toBeGreaterThanOrEqual(values[index - 1] ?? 0);
        expect(value).toBeLessThanOrEqual(size);
      }
    }),
  );
});
