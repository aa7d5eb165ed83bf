import { expect, test } from "vitest";
import { bytesText, msText, rateText } from "./reason.ts";

test("sizes are written in decimal units with three significant digits", () => {
  expect([0, 999, 1_000, 31_240_000, 128_000_000_000, 1e21].map(bytesText)).toEqual([
    "0 B",
    "999 B",
    "1 kB",
    "31.2 MB",
    "128 GB",
    "1000000 PB",
  ]);
  expect(rateText(1_250_000_000)).toBe("1.25 GB/s");
});

test("times are written in ms, s or min, whichever reads best", () => {
  expect([0, 0.5, 84.4, 999, 1_900, 119_000, 210_000].map(msText)).toEqual([
    "0 ms",
    "0.5 ms",
    "84.4 ms",
    "999 ms",
    "1.9 s",
    "119 s",
    "3.5 min",
  ]);
});
