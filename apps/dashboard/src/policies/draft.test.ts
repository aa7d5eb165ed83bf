import type { PolicySettings } from "@godwit/contract";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { draftOf, percentOf, settingsOf } from "./draft.ts";

const usual: PolicySettings = { downtimeLimitMs: 300, deadlineMs: 60_000, patience: "normal", ladder: [], hold: false };

const settings: fc.Arbitrary<PolicySettings> = fc
  .record({
    downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
    deadlineMs: fc.integer({ min: 1_000, max: 86_400_000 }),
    bandwidthBytesPerSec: fc.integer({ min: 1, max: 100_000_000_000 }),
    perMille: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(({ perMille, ...limits }) => ({
    ...usual,
    ...limits,
    ladder: [{ remedy: "throttle", maxShare: perMille / 1_000 }],
  }));

test("A5: what is in the fields of a policy and was not touched is sent back to the API as it came", () => {
  const untouched = fc.property(settings, (given) => {
    expect(settingsOf(draftOf("mine", given))).toEqual(given);
  });
  fc.assert(untouched);
});

test("a share is shown in per cent as it was meant", () => {
  expect([0.29, 0.285, 0.57, 0.001, 1].map(percentOf)).toEqual([29, 28.5, 57, 0.1, 100]);
});
