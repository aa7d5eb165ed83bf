import { describe, expect, test } from "vitest";
import { GB, MB, device, seen } from "../../test/figures.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { BandwidthRange } from "./bandwidth.ts";
import { etaOf } from "./eta.ts";
import { forecast } from "./forecast.ts";
import type { DeviceObservation } from "./observation.ts";

const range: BandwidthRange = { low: 0.8 * GB, mid: GB, high: 1.2 * GB, sd: 0.05 };
const policy = { ...gigabyteLink, stopResumeMs: 50 };
const longMs = 3_600_000;

function eta(
  devices: DeviceObservation[],
  { dirtyBytesPerSec = 0, leftMs = longMs, hiddenBytes = 0, rules = policy } = {},
) {
  const observation = seen({ rttMs: 0, devices });
  const bytes = devices.reduce((sum, { pending }) => sum + pending.precopyBytes, hiddenBytes);
  const predicted = forecast(observation, { bytes, sdBytes: 0 }, range, rules, 0);
  return etaOf(observation, hiddenBytes, predicted, range, dirtyBytesPerSec, rules, leftMs);
}

describe("the time until it fits", () => {
  test("is over when it fits", () => {
    expect(eta([device("ram", { precopyBytes: 200 * MB })])).toEqual({ lowMs: 0, highMs: 0 });
  });

  test("is what is too much for the limit, from the best bandwidth over a calm guest to a poor one over a busy guest", () => {
    // 250 ms of the limit are left for bytes: 250 MB.
    const { lowMs = 0, highMs = 0 } = eta([device("ram", { precopyBytes: 10.25 * GB })]) ?? {};
    expect(lowMs).toBeCloseTo(10_000 / 1.2, 6);
    expect(highMs).toBeCloseTo(10_000 / 0.8, 6);
    const busy = eta([device("ram", { precopyBytes: 10.25 * GB })], { dirtyBytesPerSec: 400 * MB });
    expect(busy?.lowMs).toBeCloseTo(10_000 / (1.2 - 0.28), 6);
    expect(busy?.highMs).toBeCloseTo(10_000 / (0.8 - 0.52), 6);
    const hidden = eta([device("ram", { precopyBytes: 5.25 * GB })], { hiddenBytes: 5 * GB });
    expect(hidden?.lowMs).toBeCloseTo(10_000 / 1.2, 6);
  });

  test("is longer under a cap", () => {
    const capped = eta([device("ram", { precopyBytes: 10.25 * GB })], {
      rules: { ...policy, capBytesPerSec: 100 * MB },
    });
    expect(capped).toMatchObject({ lowMs: 100_000, highMs: 100_000 });
  });

  test("is no later than the deadline, and untold where not even the favourable case comes before it", () => {
    const ram = device("ram", { precopyBytes: 10.25 * GB });
    expect(eta([ram], { leftMs: 10_000 })).toMatchObject({ highMs: 10_000 });
    expect(eta([ram], { leftMs: 8_000 })).toBeUndefined();
    expect(eta([ram], { dirtyBytesPerSec: 2 * GB })).toBeUndefined();
    expect(eta([ram], { dirtyBytesPerSec: GB })).toMatchObject({ highMs: longMs });
  });

  test("is untold where what only the stop can move is what does not fit", () => {
    expect(eta([device("gpu", { stopcopyBytes: 300 * MB, precopyBytes: GB })])).toBeUndefined();
    expect(eta([device("gpu", { stopcopyBytes: 200 * MB, precopyBytes: GB })])?.lowMs).toBeGreaterThan(0);
  });

  test("is untold where a device needs too long by itself, however little there is to send", () => {
    expect(eta([device("gpu", { stopcopyBytes: MB, saveMs: 400 })])).toBeUndefined();
    expect(eta([device("gpu", { fixedMs: 400 })])).toBeUndefined();
  });
});
