import { describe, expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { nextRemedy } from "./ladder.ts";
import type { Policy, Rung } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

const tooMuch: Verdict = {
  kind: "hopeless",
  code: "WORKING_SET",
  sentence: "It does not converge.",
  inputs: { predictedDowntimeMs: 800, needLimitMs: 930, needBytesPerSec: 3 * GB, needThrottle: 0.6 },
  thresholds: {},
};
const ofTheStop: Verdict = {
  ...tooMuch,
  code: "STOP_ONLY",
  inputs: { leastDowntimeMs: 700, needLimitMs: 900, needBytesPerSec: 3 * GB },
};

function next(
  ladder: Rung[],
  { verdict = tooMuch, throttled = 0, ...over }: Partial<Policy> & { verdict?: Verdict; throttled?: number } = {},
) {
  return nextRemedy(verdict, { ...gigabyteLink, canThrottle: true, ladder, ...over }, throttled);
}

test("C10: a ladder without rungs has no remedy, and rungs are tried in their order", () => {
  expect(next([])).toBeUndefined();
  const slower: Rung = { remedy: "throttle", maxShare: 0.9 };
  const longer: Rung = { remedy: "downtimeLimit", maxMs: 2_000 };
  expect(next([slower, longer])?.rung).toBe("throttle");
  expect(next([longer, slower])?.rung).toBe("downtimeLimit");
});

describe("C10: more bandwidth", () => {
  const bandwidth = (maxBytesPerSec?: number): Rung[] => [{ remedy: "bandwidth", maxBytesPerSec }];

  test("C10: lifts the cap, or raises it as far as the policy says, and costs the guest nothing", () => {
    expect(next(bandwidth(), { capBytesPerSec: 100 * MB })).toEqual({
      rung: "bandwidth",
      change: { capBytesPerSec: "none" },
      sentence: "It may use any bandwidth that the link has from now on; it costs the guest nothing.",
      cost: {},
    });
    expect(next(bandwidth(4 * GB), { capBytesPerSec: 100 * MB })).toMatchObject({
      change: { capBytesPerSec: 4 * GB },
      sentence: "It may use 4 GB/s from now on; it costs the guest nothing.",
    });
  });

  test("C10: is passed over where there is no cap, or a higher one, or where it would still be far too little", () => {
    expect(next(bandwidth())).toBeUndefined();
    expect(next(bandwidth(100 * MB), { capBytesPerSec: 100 * MB })).toBeUndefined();
    expect(next(bandwidth(2 * GB), { capBytesPerSec: 100 * MB })?.change).toEqual({ capBytesPerSec: 2 * GB });
    expect(next(bandwidth(1.99 * GB), { capBytesPerSec: 100 * MB })).toBeUndefined();
  });

  test("C10: does not help what only the stop takes", () => {
    expect(next(bandwidth(), { capBytesPerSec: 100 * MB, verdict: ofTheStop })).toBeUndefined();
  });
});

describe("C10: a longer downtime", () => {
  const limit = (maxMs: number): Rung[] => [{ remedy: "downtimeLimit", maxMs }];

  test("C10: is as long as is said to do, no longer than the policy says, and costs the guest that pause", () => {
    expect(next(limit(2_000))).toEqual({
      rung: "downtimeLimit",
      change: { downtimeLimitMs: 930 },
      sentence: "The downtime may last 930 ms from now on; it costs the guest a pause of about 800 ms.",
      cost: { pauseMs: 800, overLimitMs: 500 },
    });
    expect(next(limit(850))?.change).toEqual({ downtimeLimitMs: 850 });
    expect(next(limit(2_000), { verdict: ofTheStop })?.cost).toEqual({ pauseMs: 700, overLimitMs: 400 });
  });

  test("C10: is passed over where the predicted downtime is beyond what the policy allows, or nothing would change", () => {
    expect(next(limit(799))).toBeUndefined();
    expect(next(limit(2_000), { downtimeLimitMs: 2_000 })).toBeUndefined();
    expect(next(limit(2_000), { verdict: { ...tooMuch, inputs: {} } })).toBeUndefined();
  });
});

test("C10: a downtime limit grows to at least twice what it was, step by step, up to the policy's", () => {
  const ladder: Rung[] = [{ remedy: "downtimeLimit", maxMs: 4_000 }];
  const limits = [930];
  for (;;) {
    const downtimeLimitMs = next(ladder, { downtimeLimitMs: limits.at(-1) ?? 0 })?.change.downtimeLimitMs;
    if (downtimeLimitMs === undefined) break;
    expect(limits.push(downtimeLimitMs)).toBeLessThan(10);
  }
  expect(limits).toEqual([930, 1_860, 3_720, 4_000]);
});

describe("C10: a slower guest", () => {
  const throttle = (maxShare: number): Rung[] => [{ remedy: "throttle", maxShare }];

  test("C10: is slowed by what is said to do, or by a guess, and further by three tenths of what is left", () => {
    expect(next(throttle(0.9))).toEqual({
      rung: "throttle",
      change: { throttle: 0.6 },
      sentence: "The guest runs at 40 % of its speed until the switchover.",
      cost: { lostShare: 0.6 },
    });
    expect(next(throttle(0.9), { verdict: { ...tooMuch, inputs: {} } })?.change).toEqual({ throttle: 0.3 });
    expect(next(throttle(0.9), { throttled: 0.6 })?.change).toEqual({ throttle: 0.72 });
    expect(next(throttle(0.5))?.change).toEqual({ throttle: 0.5 });
  });

  test("C10: comes to an end at the share that the policy allows", () => {
    const shares: number[] = [];
    for (let throttled = 0; ;) {
      const share = next(throttle(0.95), { throttled })?.change.throttle;
      if (share === undefined) break;
      expect(share).toBeGreaterThan(throttled);
      expect(shares.push(share)).toBeLessThan(100);
      throttled = share;
    }
    expect(shares.at(-1)).toBe(0.95);
  });

  test("C10: is passed over where no back end can slow it, and for what only the stop takes", () => {
    expect(next(throttle(0.9), { canThrottle: false })).toBeUndefined();
    expect(next(throttle(0.9), { verdict: ofTheStop })).toBeUndefined();
  });
});

test("C10: a switchover whatever the downtime costs the guest the predicted pause", () => {
  expect(next([{ remedy: "force" }])).toEqual({
    rung: "force",
    change: { force: true },
    sentence:
      "The move matters more than the limit: it is switched over at the next low. It costs the guest a pause of about 800 ms.",
    cost: { pauseMs: 800 },
  });
  expect(next([{ remedy: "force" }], { verdict: { ...tooMuch, inputs: {} } })?.cost).toEqual({});
});

test("C10: a switchover whatever the limit is passed over where the pause is predicted to be longer than the policy says, or is not known", () => {
  expect(next([{ remedy: "force", maxMs: 800 }])?.change).toEqual({ force: true });
  expect(next([{ remedy: "force", maxMs: 799 }])).toBeUndefined();
  expect(next([{ remedy: "force", maxMs: 800 }], { verdict: { ...tooMuch, inputs: {} } })).toBeUndefined();
});

test("C10: postcopy is allowed and passed over for the next rung", () => {
  expect(next([{ remedy: "postcopy" }])).toBeUndefined();
  expect(next([{ remedy: "postcopy" }, { remedy: "force" }])?.rung).toBe("force");
});
