import { expect, test } from "vitest";
import { GiB } from "../bytes.ts";
import { outcomeOf } from "../support/outcome-of.ts";
import { saturating } from "../support/plain.ts";

/** What is allowed goes by the size of the RAM, which may be all but unused. */
const ramBytes = 2 * GiB;

test("KubeVirt gives up after 150 s without progress when nothing moves at all", () => {
  const outcome = outcomeOf("kubevirt", { hidden: { link: new Float32Array(100) }, ramBytes: 10 * GiB });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "progress-timeout" });
  expect(outcome.atMs / 150_000).toBeCloseTo(1, 1);
});

test("KubeVirt takes going up and down for progress: its mark is the last value, not the least", () => {
  const outcome = outcomeOf("kubevirt", { ramBytes, regions: saturating(2000) });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "completion-timeout" });
  expect(outcome.atMs / 300_000).toBeCloseTo(1, 2);
});

test("KubeVirt with VEP 291 steps from 150 ms to the limit, one of seven steps every 10 s", () => {
  const times = [100, 2500, 4000].map((settledMs) =>
    outcomeOf("kubevirt + VEP 291", { limitMs: 5000, ramBytes, regions: saturating(settledMs) }),
  );
  expect(times.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok"]);
  // Steps of 693 ms: 2500 ms fit after four of them, 4000 ms after six.
  expect(times.map(({ atMs }) => Math.round(atMs / 10_000))).toEqual([0, 4, 6]);
});

test("KubeVirt with VEP 291 takes no step in the first two passes, however long they last", () => {
  const outcome = outcomeOf("kubevirt + VEP 291", { limitMs: 5000, regions: [{ bytes: 60e9, writesPerSec: 0 }] });
  expect(outcome.atMs).toBeGreaterThan(59_000);
  expect(outcome.predictedMs).toBeLessThanOrEqual(150);
});
