import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, duration, parseBytes, percent, predicted, range, table, utc, wrapped } from "./format.ts";

test("figures have three digits and a unit", () => {
  expect([0, 1, 999, 1_000, 31_234_567, 2e15].map(bytes)).toEqual(["0 B", "1 B", "999 B", "1 kB", "31.2 MB", "2 PB"]);
  expect([0.25, 84.04, 1_900, 150_000].map(duration)).toEqual(["0.25 ms", "84 ms", "1.9 s", "2.5 min"]);
});

test("sizes are read with decimal and binary units, and nothing else is", () => {
  expect(["65536", "40MB", "1.5GiB", "1 kB"].map(parseBytes)).toEqual([65_536, 40_000_000, 1_610_612_736, 1_000]);
  expect(["", "MB", "-1", "1e3", "40mb", "1 GB/s"].map(parseBytes)).toEqual(Array.from({ length: 6 }, () => undefined));
});

test("a range has one unit where one does for both, and two where it does not", () => {
  const ranges: [number, number][] = [
    [3_000, 8_400],
    [0, 8_000],
    [84, 118],
    [840, 8_400],
    [3_000, 3_540_000],
    [8_010, 8_020],
    [150_000, 300_000],
  ];
  expect(ranges.map(range)).toEqual([
    "3 to 8.4 s",
    "0 to 8 s",
    "84 to 118 ms",
    "0.84 to 8.4 s",
    "3 s to 59 min",
    "8 s",
    "2.5 to 5 min",
  ]);
});

test("a predicted duration has its band in its own unit", () => {
  expect(predicted(84, [61, 118])).toBe("84 ms (61 to 118)");
  expect(predicted(1_400, [900, 2_120])).toBe("1.4 s (0.9 to 2.12)");
  expect(predicted(84, undefined)).toBe("84 ms");
});

test("shares are per cent, and times say that they are UTC", () => {
  expect([0, 0.041, 0.9966, 1].map(percent)).toEqual(["0 %", "4.1 %", "99.7 %", "100 %"]);
  expect(utc("2026-01-31T14:03:22.871Z")).toBe("2026-01-31 14:03:22 UTC");
});

test("what is wrapped keeps every word in its order, and no line is wider than it may be", () => {
  expect(wrapped("the link gives 380 MB/s", 12, "  ")).toEqual(["the link", "  gives 380", "  MB/s"]);
  expect(wrapped("", 10)).toEqual([""]);
  fc.assert(
    fc.property(
      fc.stringMatching(/^([a-z]{1,30}( [a-z]{1,30}){0,20})?$/),
      fc.integer({ min: 5, max: 80 }),
      (text, width) => {
        const lines = wrapped(text, width, "  ");
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
        expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
      },
    ),
  );
});

test("every row of a table has its cells below their headings", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.stringMatching(/^[a-z]{0,12}$/), fc.stringMatching(/^[a-z]{1,12}$/))), (rows) => {
      const [heading = "", ...lines] = table(["FIRST", "SECOND"], rows).split("\n");
      const column = heading.indexOf("SECOND");
      expect(lines.map((line) => line.slice(column))).toEqual(rows.map(([, second]) => second));
    }),
  );
});
