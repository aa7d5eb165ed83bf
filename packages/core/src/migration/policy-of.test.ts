import { expect, test } from "vitest";
import { facts, precopy } from "../../test/facts.ts";
import { GB, MB } from "../../test/figures.ts";
import { plainLimits } from "../../test/policies.ts";
import { policyOf } from "./policy-of.ts";

test("M4: what is left of the deadline is so on the judge's clock too, however much silence that has not counted", () => {
  const late = { ...precopy, course: { ...precopy.course, startedAt: 1_000, precopyAt: 31_000 } };
  const at = (nowMs: number) => {
    const { convergence, conduct } = late.consideration;
    const heard = {
      ...late,
      consideration: { conduct, convergence: { ...convergence, clock: { ...convergence.clock, nowMs } } },
    };
    const { endsAtMs = NaN, deadlineMs } = policyOf(heard, 31_000);
    return [endsAtMs - nowMs, deadlineMs];
  };
  expect(at(0)).toEqual([plainLimits.deadlineMs - 30_000, plainLimits.deadlineMs]);
  expect(at(7_000)).toEqual(at(0));
});

test("M15: limits, hold and window are those of the moment", () => {
  const limits = {
    ...plainLimits,
    downtimeLimitMs: 77,
    patience: "patient" as const,
    window: { from: "00:01", to: "00:02" },
  };
  const state = { ...precopy, limits };
  expect(policyOf(state, 59_999)).toMatchObject({ downtimeLimitMs: 77, patience: "patient", maySwitchOver: false });
  expect(policyOf(state, 60_000).maySwitchOver).toBe(true);
  expect(policyOf({ ...state, limits: { ...limits, hold: true } }, 60_000).maySwitchOver).toBe(false);
});

test("L2: what was learnt of the pair of hosts takes the place of what is taken for granted", () => {
  expect(policyOf(precopy, 0)).toMatchObject({ stopResumeMs: 12, stopResumeSdMs: 8, priorBytesPerSec: undefined });
  const learned = {
    migrations: 9,
    costFactors: {},
    bandwidthBytesPerSec: 700 * MB,
    stopResumeMs: 41,
    stopResumeSdMs: 5,
  };
  const taught = { ...precopy, facts: { ...facts, learned } };
  expect(policyOf(taught, 0)).toMatchObject({ stopResumeMs: 41, stopResumeSdMs: 5, priorBytesPerSec: 700 * MB });
});

test("C4: under a cap the link counts for the switchover, or what it was seen to give", () => {
  const capped = { ...precopy, limits: { ...plainLimits, bandwidthBytesPerSec: MB } };
  expect(policyOf(precopy, 0).reservedBytesPerSec).toBeUndefined();
  expect(policyOf(capped, 0)).toMatchObject({ capBytesPerSec: MB, reservedBytesPerSec: GB });
  const learned = { migrations: 1, costFactors: {}, bandwidthBytesPerSec: 700 * MB };
  expect(policyOf({ ...capped, facts: { ...facts, learned } }, 0).reservedBytesPerSec).toBe(700 * MB);
});
