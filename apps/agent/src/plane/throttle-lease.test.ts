import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ThrottleLease, throttleLeaseMs } from "./throttle-lease.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function leased(): { lease: ThrottleLease; applied: number[] } {
  const applied: number[] = [];
  return { lease: new ThrottleLease((share) => void applied.push(share)), applied };
}

test("B7: without a word of the orchestrator's for so long a guest has its speed back, and loses it again with the next one", () => {
  const { lease, applied } = leased();
  lease.set(0.5);
  for (let word = 0; word < 5; word += 1) {
    vi.advanceTimersByTime(throttleLeaseMs - 1);
    lease.renew();
  }
  expect(applied).toEqual([0.5]);
  vi.advanceTimersByTime(throttleLeaseMs);
  expect(applied).toEqual([0.5, 0]);
  vi.advanceTimersByTime(10 * throttleLeaseMs);
  lease.renew();
  expect(applied).toEqual([0.5, 0, 0.5]);
});

test("B7: what is not slowed down, or not any more, is left alone", () => {
  const { lease, applied } = leased();
  lease.renew();
  vi.advanceTimersByTime(throttleLeaseMs);
  lease.set(0.3);
  lease.set(0);
  vi.advanceTimersByTime(throttleLeaseMs);
  lease.set(0.4);
  lease.end();
  vi.advanceTimersByTime(throttleLeaseMs);
  lease.set(0.9);
  lease.renew();
  expect(applied).toEqual([0.3, 0, 0.4]);
});
