import { expect, test } from "vitest";
import { Random } from "./random.ts";

function drawn<Value>(seed: number, draw: (random: Random) => Value, count = 20_000): Value[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => draw(random));
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test("a seed gives the same stream on every machine", () => {
  expect(drawn(1, (random) => random.unit() * 2 ** 32, 3)).toEqual([2442144158, 3238099751, 3819917871]);
});

test("other seeds give other streams", () => {
  const firsts = Array.from({ length: 1000 }, (_, seed) => new Random(seed).unit());
  expect(new Set(firsts).size).toBe(1000);
});

test("numbers between two ends fill all of the room between them", () => {
  const values = drawn(2, (random) => random.between(3, 5));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(3);
  expect(Math.max(...values)).toBeLessThan(5);
  expect(mean(values)).toBeCloseTo(4, 1);
});

test("log-uniform numbers have their median at the geometric mean", () => {
  const values = drawn(3, (random) => random.logBetween(1, 100));
  expect(values.filter((value) => value < 10).length / values.length).toBeCloseTo(0.5, 1);
});

test("whole numbers include both ends", () => {
  expect(new Set(drawn(4, (random) => random.integer(2, 8)))).toEqual(new Set([2, 3, 4, 5, 6, 7, 8]));
});

test("normal, log-normal and exponential numbers have their means and spreads", () => {
  const normal = drawn(5, (random) => random.normal());
  expect(mean(normal)).toBeCloseTo(0, 1);
  expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
  expect(mean(drawn(6, (random) => random.logNormal(0.4)))).toBeCloseTo(1, 1);
  expect(mean(drawn(7, (random) => random.exponential(30))) / 30).toBeCloseTo(1, 1);
});

test("weighted choices come as often as their weights say", () => {
  const choices = [
    ["rare", 0.1],
    ["usual", 0.9],
  ] as const;
  const rare = drawn(8, (random) => random.pickWeighted(choices)).filter((name) => name === "rare").length;
  expect(rare / 20_000).toBeCloseTo(0.1, 1);
  expect(rare).toBeGreaterThan(1500);
});
