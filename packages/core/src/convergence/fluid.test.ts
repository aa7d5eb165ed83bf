import { expect, test } from "vitest";
import { GB, seeded } from "../../test/figures.ts";
import { type FluidGuest, fluidHosts, move } from "../../test/fluid.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { Policy } from "./policy.ts";

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

interface Shape {
  hotShare: number;
  loadOfLink: number;
}

/** A first pass of 1 s to 30 s over a link of 0.1 to 10 GB/s; every second guest's estimates overlook what was written. */
function guestOf(seed: number, shape: (random: () => number, passSec: number) => Shape) {
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
    syncMs: 1 + 20 * random(),
    seed,
  };
  return { guest, random, passMs: passSec * 1000 };
}

/** A link known to carry what it carries, or one of which nothing is known. */
function policyOf(seed: number, guest: FluidGuest, downtimeLimitMs: number): Policy {
  const linkBytesPerSec = seed % 3 === 0 ? guest.bytesPerSec * 1.06 : undefined;
  return { ...gigabyteLink, ...fluidHosts, downtimeLimitMs, linkBytesPerSec };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

test("C4, C6: a guest written at less than 0.9 of the link converges, is never called hopeless and fits its limit in truth", () => {
  const outcomes = seeds.map((seed) => {
    const { guest, random, passMs } = guestOf(seed, (draw) => ({
      hotShare: 0.05 + 0.95 * draw(),
      loadOfLink: 0.9 * draw(),
    }));
    const downtimeLimitMs = 100 + 900 * random();
    return { seed, downtimeLimitMs, ...move(guest, policyOf(seed, guest, downtimeLimitMs), 40 * passMs + 60_000) };
  });
  expect(outcomes.filter((outcome) => outcome.ended !== "switchOver")).toEqual([]);
  expect(outcomes.filter(({ verdicts }) => [...verdicts].some((kind) => /^(hopeless|needsMore)/.test(kind)))).toEqual(
    [],
  );
  expect(outcomes.filter((outcome) => outcome.trueDowntimeMs > outcome.downtimeLimitMs)).toEqual([]);
});

test("C6: a guest that settles well above the limit is given up within a few first passes, with device, rates and limit", () => {
  const outcomes = seeds.map((seed) => {
    const { guest, random, passMs } = guestOf(seed, (draw) => ({
      hotShare: 0.3 + 0.7 * draw(),
      loadOfLink: 1.2 + 4 * draw(),
    }));
    const settledMs = (guest.hotBytes / guest.bytesPerSec - 1 / guest.ratePerSec) * 1000;
    const downtimeLimitMs = settledMs / (2 + 4 * random());
    const outcome = move(guest, policyOf(seed, guest, downtimeLimitMs), 60 * passMs + 60_000);
    return { seed, passes: outcome.atMs / passMs, sentTimes: outcome.sentBytes / guest.totalBytes, passMs, ...outcome };
  });
  expect(outcomes.filter((outcome) => outcome.ended !== "giveUp")).toEqual([]);
  expect(outcomes.filter(({ atMs, passMs }) => atMs > Math.max(5 * passMs, passMs + 20_000))).toEqual([]);
  for (const { verdict } of outcomes) expect(verdict?.sentence).toMatch(sentenceOfBlocked);
});

test("C4: a hot set that fits the limit is switched over, however fast it is written", () => {
  const outcomes = seeds.map((seed) => {
    const random = seeded(seed + 10_000);
    const downtimeLimitMs = 200 + 800 * random();
    const { guest, passMs } = guestOf(seed, (draw, passSec) => ({
      hotShare: Math.min(1, (0.6 * downtimeLimitMs - 50) / 1000 / passSec),
      loadOfLink: 1.5 + 5 * draw(),
    }));
    return { seed, downtimeLimitMs, ...move(guest, policyOf(seed, guest, downtimeLimitMs), 10 * passMs + 60_000) };
  });
  expect(outcomes.filter((outcome) => outcome.ended !== "switchOver")).toEqual([]);
  expect(outcomes.filter((outcome) => outcome.trueDowntimeMs > outcome.downtimeLimitMs)).toEqual([]);
  const errors = outcomes.map(({ predictedMs = 0, trueDowntimeMs }) => Math.abs(predictedMs / trueDowntimeMs - 1));
  expect(median(errors)).toBeLessThan(0.02);
});

test("C6: of guests alike but for how much of them is written, none that is written more is switched over where one written less is given up", () => {
  const shares = [0.02, 0.06, 0.18, 0.54, 1];
  const ends = seeds.slice(0, 60).map((seed) => {
    const random = seeded(seed);
    const [bytesPerSec, passSec, ratePerSec] = [0.1 * GB * 100 ** random(), 4 + 16 * random(), 0.5 + 4 * random()];
    const downtimeLimitMs = 200 + 300 * random();
    return shares.map((share) => {
      const totalBytes = bytesPerSec * passSec;
      const guest = {
        totalBytes,
        hotBytes: share * totalBytes,
        ratePerSec,
        bytesPerSec,
        hidesWrites: seed % 2 === 0,
        syncMs: 5,
        seed,
      };
      return move(guest, policyOf(seed, guest, downtimeLimitMs), 300_000).ended;
    });
  });
  // In the order of the alphabet: given up, none of both, switched over.
  expect(ends.filter((each) => each.join() !== each.toSorted().toReversed().join())).toEqual([]);
  expect(new Set(ends.flat())).toEqual(new Set(["switchOver", "giveUp"]));
});

const sentenceOfBlocked =
  /^ram is written at [\d.]+ .?B\/s and the link gives [\d.]+ .?B\/s: .*; predicted downtime [\d.]+ (ms|s|min), limit [\d.]+ (ms|s|min)\..* A limit of [\d.]+ (ms|s|min) would do/;
