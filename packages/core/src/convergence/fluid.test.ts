import { expect, test } from "vitest";
import { GB, seeded } from "../../test/figures.ts";
import { type FluidGuest, type Outcome, move } from "../../test/fluid.ts";

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);
const device = "ram";

/** A first pass of 1 s to 30 s over a link of 0.1 to 10 GB/s; every second guest's estimates overlook what was written. */
function guestOf(
  seed: number,
  shape: (random: () => number, passSec: number) => { hotShare: number; loadOfLink: number },
) {
  const random = seeded(seed);
  const bytesPerSec = 0.1 * GB * 100 ** random();
  const passSec = 30 ** random();
  const { hotShare, loadOfLink } = shape(random, passSec);
  const totalBytes = bytesPerSec * passSec;
  const hotBytes = totalBytes * hotShare;
  const guest: FluidGuest = {
    totalBytes,
    hotBytes,
    ratePerSec: (loadOfLink * bytesPerSec) / hotBytes,
    bytesPerSec,
    hidesWrites: seed % 2 === 0,
    seed,
  };
  return { guest, random, passMs: passSec * 1000 };
}

/** A link known to carry what it carries, or one of which nothing is known. */
function policyOf(seed: number, guest: FluidGuest, downtimeLimitMs: number) {
  return { downtimeLimitMs, linkBytesPerSec: seed % 3 === 0 ? guest.bytesPerSec * 1.06 : undefined };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test("C4, C6: a guest written at less than 0.9 of the link converges and is never called hopeless", () => {
  const outcomes = seeds.map((seed) => {
    const { guest, random, passMs } = guestOf(seed, (draw) => ({
      hotShare: 0.05 + 0.95 * draw(),
      loadOfLink: 0.9 * draw(),
    }));
    const downtimeLimitMs = 100 + 900 * random();
    return { seed, downtimeLimitMs, ...move(guest, policyOf(seed, guest, downtimeLimitMs), 40 * passMs + 60_000) };
  });
  expect(outcomes.filter((outcome) => outcome.verdict.kind !== "ready")).toEqual([]);
  expect(outcomes.filter((outcome) => outcome.trueDowntimeMs > outcome.downtimeLimitMs)).toEqual([]);
});

test("C6: a guest that settles well above the limit is called hopeless within a few first passes, with device, rates and limit", () => {
  const outcomes = seeds.map((seed) => {
    const { guest, random, passMs } = guestOf(seed, (draw) => ({
      hotShare: 0.3 + 0.7 * draw(),
      loadOfLink: 1.2 + 4 * draw(),
    }));
    const settledMs = (guest.hotBytes / guest.bytesPerSec - 1 / guest.ratePerSec) * 1000;
    const downtimeLimitMs = settledMs / (2 + 4 * random());
    const outcome = move(guest, policyOf(seed, guest, downtimeLimitMs), 60 * passMs + 60_000);
    return { seed, guest, inPasses: outcome.atMs / passMs, inPassesAfter: (outcome.atMs - 3_000) / passMs, ...outcome };
  });
  expect(outcomes.filter((outcome) => outcome.verdict.kind !== "hopeless")).toEqual([]);
  expect(outcomes.filter((outcome) => outcome.inPassesAfter > 12)).toEqual([]);
  expect(median(outcomes.map((outcome) => outcome.inPasses))).toBeLessThan(8);
  for (const { verdict } of outcomes) expect(verdict.sentence).toMatch(sentenceOfOutrun);
});

test("C4: a hot set that fits the limit is switched over, however fast it is written", () => {
  const outcomes = seeds.map((seed) => {
    const random = seeded(seed + 10_000);
    const downtimeLimitMs = 200 + 800 * random();
    const { guest, passMs } = guestOf(seed, (draw, passSec) => ({
      hotShare: Math.min(1, (0.6 * downtimeLimitMs - 30) / 1000 / passSec),
      loadOfLink: 1.5 + 5 * draw(),
    }));
    return { seed, downtimeLimitMs, ...move(guest, policyOf(seed, guest, downtimeLimitMs), 10 * passMs + 60_000) };
  });
  expect(outcomes.filter((outcome: Outcome) => outcome.verdict.kind !== "ready")).toEqual([]);
  expect(outcomes.filter((outcome) => outcome.trueDowntimeMs > outcome.downtimeLimitMs)).toEqual([]);
});

const sentenceOfOutrun = new RegExp(
  `^${device} is written at [\\d.]+ .?B/s and the link gives [\\d.]+ .?B/s: after \\d+ more rounds .* limit [\\d.]+ (ms|s|min)\\.$`,
);
