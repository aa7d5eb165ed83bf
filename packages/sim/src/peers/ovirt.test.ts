import { expect, test } from "vitest";
import { outcomeOf } from "../support/outcome-of.ts";
import { saturating } from "../support/plain.ts";

test("oVirt takes a step at every poll and gives up at the end of its ladder", () => {
  const outcome = outcomeOf("ovirt", { regions: saturating(2000) });
  expect(outcome).toMatchObject({ outcome: "abort", reason: "schedule-exhausted" });
  // Passes of 2 s: five polls for the five steps, and the sixth gives up.
  expect(Math.round(outcome.atMs / 1000)).toBe(60);
  const settled = outcomeOf("ovirt", { regions: saturating(700) });
  expect(settled.outcome).toBe("ok");
  expect(Math.round(settled.atMs / 1000)).toBe(40);
});
