import { expect, test } from "vitest";
import { GiB } from "../bytes.ts";
import { outcomeOf } from "../support/outcome-of.ts";
import { saturating } from "../support/plain.ts";

/** What is allowed goes by the size of the RAM, which may be all but unused. */
const ramBytes = 2 * GiB;

test("KubeVirt with VEP 248 keeps to 300 ms until it has stalled, then takes the whole limit", () => {
  const outcome = outcomeOf("kubevirt + VEP 248", { ramBytes, regions: saturating(600) });
  expect(outcome.outcome).toBe("ok");
  expect(outcome.predictedMs).toBeGreaterThan(300);
  expect(outcome.atMs).toBeGreaterThan(40_000);
  expect(outcome.atMs).toBeLessThan(50_000);
  expect(outcomeOf("kubevirt + VEP 248", { ramBytes, regions: saturating(200) }).atMs).toBeLessThan(10_000);
});

test("KubeVirt with VEP 248 gives up a stalled guest that would take more than 1.5 times the limit", () => {
  const outcome = outcomeOf("kubevirt + VEP 248", { ramBytes, regions: saturating(1700) });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "stalled" });
  expect(outcome.atMs).toBeGreaterThan(40_000);
  expect(outcome.atMs).toBeLessThan(50_000);
});

test("KubeVirt with VEP 248 gives up a minute after the whole limit did not help", () => {
  const outcome = outcomeOf("kubevirt + VEP 248", { ramBytes, regions: saturating(1300) });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "completion-timeout" });
  expect(outcome.atMs).toBeGreaterThan(100_000);
  expect(outcome.atMs).toBeLessThan(160_000);
});
