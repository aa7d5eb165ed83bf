import { expect, test } from "vitest";
import { switchover } from "../../test/facts.ts";
import { endedWith } from "../migration/ended.ts";
import { outcomeOf } from "./outcome.ts";

/** What a completed migration teaches of the way, where so much was measured under such a cap. */
function taught(measuredBytesPerSec: number, bandwidthBytesPerSec?: number): number | undefined {
  const state = switchover("freezing");
  const limits = { ...state.limits, bandwidthBytesPerSec };
  const course = { ...state.course, measuredBytesPerSec };
  const ending = { phase: "aborted" as const, reason: { code: "CANCELLED", sentence: "", inputs: {} } };
  const { state: ended } = endedWith({ ...state, limits, course }, ending, [], 0);
  const released = { stoppedMs: 5, rttMs: 1, stoppedBytes: 10 };
  return outcomeOf({ ...ended, phase: "completed", downtimeMs: 20, released })?.bandwidthBytesPerSec;
}

test("L2: a run under a cap of its own teaches no bandwidth, unless more than the cap was measured", () => {
  expect(taught(100_000_000)).toBe(100_000_000);
  expect(taught(12_000_000, 12_000_000)).toBeUndefined();
  expect(taught(9_000_000, 12_000_000)).toBeUndefined();
  expect(taught(14_000_000, 12_000_000)).toBeUndefined();
  expect(taught(100_000_000, 12_000_000)).toBe(100_000_000);
});
