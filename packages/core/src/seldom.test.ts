import { expect, test } from "vitest";
import { Seldom } from "./seldom.ts";

test("H11: the same is let through once in its time, whatever else comes in between", () => {
  const seldom = new Seldom({ everyMs: 60, most: 10 });
  expect([0, 1, 59].map((now) => seldom.lets("a", now))).toEqual([true, false, false]);
  expect(seldom.lets("b", 59)).toBe(true);
  expect([60, 61].map((now) => seldom.lets("a", now))).toEqual([true, false]);
  expect([118, 119].map((now) => seldom.lets("b", now))).toEqual([false, true]);
  expect([119, 120].map((now) => seldom.lets("a", now))).toEqual([false, true]);
});

test("H11: made-up names take no more room than is allowed, and get no further than that", () => {
  const seldom = new Seldom({ everyMs: 60, most: 10 });
  const through = Array.from({ length: 1_000 }, (_, index) => seldom.lets(`name ${index}`, 1)).filter(Boolean);
  expect(through.length).toBe(10);
  expect(seldom.lets("another", 61)).toBe(true);
});
