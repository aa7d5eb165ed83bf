import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bytes, duration, parseBytes, table } from "./format.ts";

test("figures have three digits and a unit", () => {
  expect([0, 1, 999, 1_000, 31_234_567, 2e15].map(bytes)).toEqual(["0 B", "1 B", "999 B", "1 kB", "31.2 MB", "2 PB"]);
  expect([0.25, 84.04, 1_900, 150_000].map(duration)).toEqual(["0.25 ms", "84 ms", "1.9 s", "2.5 min"]);
});

test("sizes are read with decimal and binary units, and nothing else is", () => {
  expect(["65536", "40MB", "1.5GiB", "1 kB"].map(parseBytes)).toEqual([65_536, 40_000_000, 1_610_612_736, 1_000]);
  expect(["", "MB", "-1", "1e3", "40mb", "1 GB/s"].map(parseBytes)).toEqual(Array.from({ length: 6 }, () => undefined));
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
