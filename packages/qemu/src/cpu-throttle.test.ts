import { expect, test } from "vitest";
import { percentOf } from "./cpu-throttle.ts";

test("Q17: a throttle is in whole per cent, never more than was asked for, and never less than QEMU's least", () => {
  expect([0.29, 0.999, 0.307, 0.5].map(percentOf)).toEqual([29, 99, 30, 50]);
  expect(percentOf(0)).toBe(1);
  expect(percentOf(0.005)).toBe(1);
});
