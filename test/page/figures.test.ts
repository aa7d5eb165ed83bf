import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  about,
  ago,
  bytes,
  duration,
  limit,
  named,
  range,
  rate,
  roughly,
  running,
  wait,
} from "../../apps/dashboard/src/figures.ts";

test("figures have three digits and a unit that they are never parted from", () => {
  expect([0, 999, 1_000, 9_995, 35_966_976, 999_600, 6e12].map((value) => bytes(value))).toEqual(
    ["0 B", "999 B", "1.00 kB", "10.0 kB", "36.0 MB", "1.00 MB", "6.00 TB"].map(unparted),
  );
  expect([0, 43.27, 300, 999.7, 1_421, 600_000].map((value) => duration(value))).toEqual(
    ["0 ms", "43.3 ms", "300 ms", "1.00 s", "1.42 s", "10.0 min"].map(unparted),
  );
  expect([300, 1_500, 90_000].map((value) => limit(value))).toEqual(["300 ms", "1.5 s", "90 s"].map(unparted));
  expect(range([506.3, 1_027.9])).toBe(unparted("0.51–1.03 s"));
  expect(rate(39_945_369)).toBe(unparted("39.9 MB/s"));
  expect([bytes(undefined), rate(undefined), duration(undefined), range(undefined)]).toEqual(["–", "–", "–", "–"]);
});

test("times run in whole seconds and are past in rough ones", () => {
  expect([0, 7_900, 760_000, 11_100_000].map((value) => parted(running(value)))).toEqual([
    "0 s",
    "7 s",
    "12 min 40 s",
    "3 h 05 min",
  ]);
  expect([59_999, 60_000, 7_200_000, 2 * 86_400_000].map((value) => roughly(value))).toEqual(
    ["59 s", "1 min", "2 h", "2 d"].map(unparted),
  );
  expect([0, 14_000, 3_599_000].map((value) => parted(ago(value)))).toEqual(["just now", "10 s ago", "59 min ago"]);
});

test("no figure is wider than the place that is kept for it", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
      expect(bytes(value)).toMatch(/^(\d{1,3}|\d\.\d\d|\d\d\.\d)\u00a0([kMGT]?B|PB)$/);
    }),
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3.6e6, noNaN: true }), (ms) => {
      expect(duration(ms)).toMatch(/^(0|\d\d\d|\d\.\d\d|\d\d\.\d)\u00a0(ms|s|min)$/);
    }),
  );
});

test("how long yet is told as roughly as it is known, and what is predicted as such", () => {
  expect(
    [
      [0, 0],
      [3_000, 8_400],
      [5_600, 3_600_000],
    ].map(([low = 0, high = 0]) => parted(wait([low, high]))),
  ).toEqual(["now", "3.0–8.4 s", "5.6 s–60 min"]);
  expect([41_200, 123.4].map((ms) => parted(about(ms)))).toEqual(["41 s", "120 ms"]);
});

test("a figure of the API is told in the unit that its name ends with", () => {
  const figures = { bandwidthBytesPerSec: 30e6, pendingBytes: 1_500, downtimeLimitMs: 300, rounds: 3, code: "READY" };
  expect(Object.entries(figures).map(([name, value]) => Object.values(named(name, value)).map(parted))).toEqual([
    ["bandwidth", "30.0 MB/s"],
    ["pending", "1.50 kB"],
    ["downtime limit", "300 ms"],
    ["rounds", "3"],
    ["code", "READY"],
  ]);
});

function unparted(text: string): string {
  return text.replace(/ (?=[a-zA-Z])/, "\u00a0");
}

function parted(text: string): string {
  return text.replaceAll("\u00a0", " ");
}
