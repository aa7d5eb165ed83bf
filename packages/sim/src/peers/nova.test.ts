import { expect, test } from "vitest";
import { GiB } from "../bytes.ts";
import { outcomeOf } from "../support/outcome-of.ts";
import { saturating } from "../support/plain.ts";

/** What is allowed goes by the size of the RAM, which may be all but unused. */
const ramBytes = 2 * GiB;

test("Nova's limit climbs in ten steps of 75 s per GiB", () => {
  const times = [300, 1750, 2750, 4250].map((settledMs) =>
    outcomeOf("nova", { limitMs: 5000, ramBytes, regions: saturating(settledMs) }),
  );
  expect(times.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok", "ok"]);
  // 500 ms to begin with, and 450 ms more every 150 s.
  expect(times.map(({ atMs }) => Math.floor(atMs / 150_000))).toEqual([0, 3, 5, 9]);
});

test("Nova gives up after 800 s per GiB", () => {
  const outcome = outcomeOf("nova", { ramBytes, regions: saturating(2000) });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "completion-timeout" });
  expect(outcome.atMs / 1_600_000).toBeCloseTo(1, 2);
});
