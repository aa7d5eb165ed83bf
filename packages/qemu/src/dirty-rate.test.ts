import { expect, test } from "vitest";
import { readRate, samplesPerGibOf } from "./dirty-rate.ts";

const mib = 1024 ** 2;
const gib = 1024 * mib;

test("Q14: about 2,048 pages are looked at, whatever the guest's size, as far as QEMU lets that be said for each GiB", () => {
  expect(samplesPerGibOf(256 * mib)).toBe(8192);
  expect(samplesPerGibOf(2 * gib)).toBe(1024);
  expect(samplesPerGibOf(64 * mib)).toBe(16_384);
  expect(samplesPerGibOf(64 * gib)).toBe(128);
});

test("Q14: a rate over a window is so many distinct bytes, and no more than there are", () => {
  const said = { status: "measured", "calc-time": 2_000 };
  expect(readRate({ ...said, "dirty-rate": 30 }, 256 * mib, 2048)?.bytes).toBe(60 * mib);
  expect(readRate({ ...said, "dirty-rate": 500 }, 256 * mib, 2048)?.bytes).toBe(256 * mib);
  expect(readRate({ ...said, "dirty-rate": -1 }, 256 * mib, 2048)).toBeUndefined();
  expect(readRate(said, 256 * mib, 2048)).toBeUndefined();
});

test("Q14: the error is that of a sample: 2.4 MiB where a quarter of 2,048 pages of 256 MiB was changed, and never none", () => {
  const of = (mibPerSec: number) =>
    readRate({ status: "measured", "calc-time": 1_000, "dirty-rate": mibPerSec }, 256 * mib, 2048)?.sdBytes ?? 0;
  expect(of(64) / mib).toBeCloseTo(2.45, 2);
  expect(of(0)).toBeGreaterThan(0);
  expect(of(256)).toBeGreaterThan(0);
});
