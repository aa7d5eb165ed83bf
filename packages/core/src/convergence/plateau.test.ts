import { describe, expect, test } from "vitest";
import { gigabyteLink } from "../../test/policies.ts";
import type { FirstPass } from "./first-pass.ts";
import type { Forecast } from "./forecast.ts";
import { type Sample, isLow, plateauOf, trendOf, withSample } from "./plateau.ts";
import type { Policy } from "./policy.ts";

/** A first pass of 8 s: the window is the shortest, 8 s. */
const pass: FirstPass = {
  sizeBytes: 8e9,
  sentBytes: 8e9,
  counted: { epoch: 0, sentBytes: 8e9 },
  doneMs: 8_000,
  activity: [],
};
const predicted: Forecast = {
  lowMs: 0,
  midMs: 0,
  highMs: 0,
  sdMs: 0,
  bestMs: 0,
  fixedMs: 0,
  deviceMs: 0,
  transferMs: 0,
};

/** Once a second from the end of the first pass on: the most favourable downtime, the middle a tenth above it. */
function samplesOf(bestMs: readonly number[], stopOnlyMs: (index: number) => number = () => 1): readonly Sample[] {
  return bestMs.reduce<readonly Sample[]>(
    (samples, ms, index) =>
      withSample(samples, 8_000 + 1_000 * index, { ...predicted, bestMs: ms, midMs: 1.1 * ms }, stopOnlyMs(index)),
    [],
  );
}

function seconds(count: number, bestMs: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => bestMs(index));
}

function plateauAfter(
  bestMs: number[],
  policy: Policy = gigabyteLink,
  shrinks = false,
  stopOnlyMs?: (index: number) => number,
) {
  const nowMs = 8_000 + 1_000 * (bestMs.length - 1);
  return plateauOf(samplesOf(bestMs, stopOnlyMs), nowMs, 8_000, pass, policy, shrinks);
}

describe("C6: a plateau", () => {
  test("C6: shows only over a whole window of six figures or more", () => {
    const steady = () => 600;
    expect(plateauAfter(seconds(8, steady))).toBeUndefined();
    expect(plateauAfter(seconds(9, steady))).toMatchObject({ never: true, windowMs: 8_000, count: 9 });
    const few = samplesOf([600, 600, 600, 600, 600]);
    expect(plateauOf(few, 60_000, 8_000, pass, gigabyteLink, false)).toBeUndefined();
  });

  test("C6: figures from before the last change do not count", () => {
    const samples = samplesOf(seconds(30, () => 600));
    expect(plateauOf(samples, 37_000, 8_000, pass, gigabyteLink, false)?.never).toBe(true);
    expect(plateauOf(samples, 37_000, 30_000, pass, gigabyteLink, false)).toBeUndefined();
  });

  test("C6: it never comes below the limit where it stays above, and is not said to where one figure of the window fitted", () => {
    expect(plateauAfter(seconds(12, () => 301))?.never).toBe(true);
    expect(plateauAfter(seconds(12, () => 299))?.never).toBe(false);
    expect(plateauAfter(seconds(20, (index) => (index === 15 ? 299 : 600)))?.never).toBe(false);
    expect(plateauAfter(seconds(20, (index) => (index === 5 ? 299 : 600)))?.never).toBe(true);
  });

  test("C6: a trend that leads below the limit within six windows speaks for it, a slower one does not", () => {
    expect(plateauAfter(seconds(12, (index) => 600 * 0.98 ** index))?.never).toBe(false);
    expect(plateauAfter(seconds(12, (index) => 600 * 0.998 ** index))?.never).toBe(true);
    // Where the deadline comes before, it leads nowhere.
    const soon = { ...gigabyteLink, deadlineMs: 21_000 };
    expect(
      plateauAfter(
        seconds(12, (index) => 600 * 0.98 ** index),
        soon,
      )?.never,
    ).toBe(true);
  });

  test("C6: what luck may bring in the time that is left speaks for it", () => {
    const lucky = (index: number) => (index % 2 === 0 ? 400 : 650);
    expect(plateauAfter(seconds(20, lucky))?.never).toBe(false);
    expect(plateauAfter(seconds(20, lucky), { ...gigabyteLink, deadlineMs: 29_000 })?.never).toBe(true);
  });

  test("C1: nothing is said while what only the stop can move still falls", () => {
    const falling = (index: number) => 500 * 0.95 ** index;
    const best = seconds(12, () => 600);
    expect(plateauAfter(best, gigabyteLink, true, falling)).toBeUndefined();
    expect(plateauAfter(best, gigabyteLink, false, falling)?.never).toBe(true);
    expect(plateauAfter(best, gigabyteLink, true, () => 500)?.never).toBe(true);
  });

  test("C6: four windows long near the limit it is in limbo, and unfit where the middle is surely above", () => {
    const near = (count: number) => plateauAfter(seconds(count, () => 290));
    expect(near(33)?.limbo).toBeUndefined();
    expect(near(34)).toMatchObject({ never: false, limbo: { unfit: true } });
    expect(plateauAfter(seconds(40, () => 270))?.limbo).toEqual({ unfit: false });
    const uneven = (index: number) => 290 + (index % 2 === 0 ? 12 : -12);
    expect(plateauAfter(seconds(40, uneven))?.limbo).toEqual({ unfit: false });
    // As long as it gets better by 2 % a window it is on its way.
    expect(plateauAfter(seconds(40, (index) => 330 * 0.995 ** index))?.limbo).toBeUndefined();
  });

  test("C9: who is impatient looks at a shorter window, and nobody at a longer one", () => {
    const windows = (["impatient", "normal", "patient", "untilDeadline"] as const).map(
      (patience) =>
        plateauAfter(
          seconds(20, () => 600),
          { ...gigabyteLink, patience },
        )?.windowMs,
    );
    expect(windows).toEqual([3_000, 8_000, 8_000, 8_000]);
  });
});

describe("what is kept of the forecasts", () => {
  test("is their logarithm, so that what counts is by what factor the limit is missed; of nothing the least there is", () => {
    const [sample] = withSample([], 5, { ...predicted, bestMs: 300, midMs: 0 }, 1);
    expect(sample).toEqual({ atMs: 5, best: Math.log(300), mid: Math.log(1e-3), stopOnly: 0 });
  });

  test("is three minutes long, and no more than 257 however many come; where it is thinned the more hopeful stay", () => {
    const slow = samplesOf(seconds(400, () => 600));
    expect(slow.length).toBe(181);
    let samples: readonly Sample[] = [];
    for (let index = 0; index < 20_000; index += 1) {
      const bestMs = index % 2 === 0 ? 600 : 400;
      samples = withSample(samples, index, { ...predicted, bestMs }, 1);
      expect(samples.length).toBeLessThanOrEqual(257);
    }
    expect(samples.slice(0, 60).filter(({ best }) => best > Math.log(401))).toEqual([]);
  });
});

describe("how the expected downtime moves", () => {
  test("is told from four figures on that span most of the time asked for", () => {
    const falling = samplesOf(seconds(10, (index) => 600 * Math.exp(-0.1 * index)));
    expect(trendOf(falling, 17_000, 4_000)).toBeCloseTo(-0.1, 9);
    expect(trendOf(falling, 17_000, 2_000)).toBeUndefined();
    expect(trendOf(falling.slice(-4), 17_000, 10_000)).toBeUndefined();
  });

  test("M16: a low is near the lowest since it was asked for, not falling any more, and not before 2 s", () => {
    const rising = samplesOf([600, 400, 300, 301, 302, 303, 304]);
    expect(isLow(rising, 14_000, 8_000)).toBe(true);
    expect(isLow(rising, 14_000, 13_000)).toBe(false);
    expect(isLow([], 14_000, 8_000)).toBe(false);
    expect(isLow(samplesOf([300, 301, 302, 303, 600]), 12_000, 8_000)).toBe(false);
  });

  test("M16: while it still falls fast it is no low yet; the longer it takes, the less near is near enough", () => {
    const every = (count: number, ms: (index: number) => number) =>
      Array.from({ length: count }, (_, index) => index).reduce<readonly Sample[]>(
        (samples, index) => withSample(samples, 500 * index, { ...predicted, bestMs: ms(index), midMs: ms(index) }, 1),
        [],
      );
    expect(
      isLow(
        every(9, (index) => 600 * 0.9 ** index),
        4_000,
        0,
      ),
    ).toBe(false);
    const above = (count: number) => every(count, (index) => (index < 4 ? 300 : 345));
    expect(isLow(above(9), 4_000, 0)).toBe(false);
    expect(isLow(above(41), 20_000, 0)).toBe(true);
  });
});
