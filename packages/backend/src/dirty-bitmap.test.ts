import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DirtyBitmap } from "./dirty-bitmap.ts";

const pageCount = 150;
const page = fc.nat(pageCount - 1);
const change = fc.oneof(
  fc.record({ do: fc.constant("set" as const), from: page, to: page }),
  fc.record({ do: fc.constant("clear" as const), from: page, to: page }),
  fc.record({ do: fc.constant("setRange" as const), from: page, to: fc.nat(pageCount) }),
  fc.record({ do: fc.constant("clearRange" as const), from: page, to: fc.nat(pageCount) }),
  fc.record({ do: fc.constant("clearAll" as const), from: page, to: page }),
);

function apply(changes: { do: "set" | "clear" | "setRange" | "clearRange" | "clearAll"; from: number; to: number }[]) {
  const bitmap = new DirtyBitmap(pageCount);
  const model = new Set<number>();
  for (const { do: what, from, to } of changes) {
    bitmap[what](from, to);
    const pages = what === "set" || what === "clear" ? [from] : Array.from({ length: pageCount }, (_, each) => each);
    for (const each of pages) {
      if (what.endsWith("Range") && (each < from || each >= to)) continue;
      if (what.startsWith("set")) model.add(each);
      else model.delete(each);
    }
  }
  return { bitmap, model };
}

test("a bitmap holds, counts and walks exactly what a set would", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), page, (changes, from) => {
      const { bitmap, model } = apply(changes);
      const sorted = [...model].toSorted((a, b) => a - b);
      expect(bitmap.count).toBe(model.size);
      for (let each = 0; each < pageCount; each += 1) expect(bitmap.test(each)).toBe(model.has(each));
      expect(bitmap.nextSet(from)).toBe(sorted.find((each) => each >= from) ?? -1);
      let clear = from;
      while (clear < pageCount && model.has(clear)) clear += 1;
      expect(bitmap.nextClear(from)).toBe(clear);
    }),
  );
});

test("the runs are the set pages from a position on, in order and none longer than the limit", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), page, fc.integer({ min: 1, max: 40 }), (changes, from, limit) => {
      const { bitmap, model } = apply(changes);
      const runs = [...bitmap.runs(from, limit)];
      for (const { start, end } of runs) expect(end - start).toBeLessThanOrEqual(limit);
      const walked = runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, at) => start + at));
      expect(walked).toEqual([...model].filter((each) => each >= from).toSorted((a, b) => a - b));
    }),
  );
});

test("merging is the union, and counts it", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), fc.array(change, { maxLength: 30 }), (one, other) => {
      const [first, second] = [apply(one), apply(other)];
      first.bitmap.merge(second.bitmap);
      const union = new Set([...first.model, ...second.model]);
      expect(first.bitmap.count).toBe(union.size);
      for (let each = 0; each < pageCount; each += 1) expect(first.bitmap.test(each)).toBe(union.has(each));
    }),
  );
});

test("pages outside of the bitmap are refused, and so is a bitmap of another size", () => {
  const bitmap = new DirtyBitmap(33);
  expect(() => bitmap.set(33)).toThrow("there is no page 33 of 33");
  expect(() => bitmap.test(-1)).toThrow("there is no page");
  expect(() => bitmap.merge(new DirtyBitmap(34))).toThrow("34 pages");
});

test("a bitmap of no pages has nothing to walk", () => {
  expect([...new DirtyBitmap(0).runs()]).toEqual([]);
  expect(new DirtyBitmap(0).nextSet(0)).toBe(-1);
});
