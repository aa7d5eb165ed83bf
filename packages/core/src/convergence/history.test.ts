import { expect, test } from "vitest";
import { quietWaitMs } from "./history.ts";

function runs(...lengths: [rate: number, count: number][]): number[] {
  return lengths.flatMap(([rate, count]) => Array.from({ length: count }, () => rate));
}

test("C10: without a history, or one of less than 200 s, nothing is waited for", () => {
  expect(quietWaitMs({})).toBe(0);
  expect(quietWaitMs({ history: [] })).toBe(0);
  expect(quietWaitMs({ history: runs([100, 18], [1, 1]) })).toBe(0);
});

test("C10: a quiet period is waited for 1.5 times the longest busy stretch and 20 s", () => {
  expect(quietWaitMs({ history: runs([100, 12], [1, 3], [100, 20], [1, 2], [100, 3]) })).toBe(1.5 * 200_000 + 20_000);
  expect(quietWaitMs({ history: runs([100, 19], [1, 1]) })).toBe(1.5 * 190_000 + 20_000);
  expect(quietWaitMs({ history: runs([1, 1], [100, 19]) })).toBe(1.5 * 190_000 + 20_000);
});

test("C10: a steady guest has no quiet period: quiet is less than half of what three quarters of the samples stay below", () => {
  expect(quietWaitMs({ history: runs([100, 30], [51, 5]) })).toBe(0);
  expect(quietWaitMs({ history: runs([100, 30], [49, 5]) })).toBeGreaterThan(0);
  expect(quietWaitMs({ history: runs([0, 60]) })).toBe(0);
});
