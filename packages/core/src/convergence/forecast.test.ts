import { describe, expect, test } from "vitest";
import { GB, MB, device, seen } from "../../test/figures.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { BandwidthRange } from "./bandwidth.ts";
import { fittingBytes, type Forecast, forecast, leastDowntimeMs } from "./forecast.ts";
import type { DeviceObservation } from "./observation.ts";
import type { Policy } from "./policy.ts";

const policy: Policy = { ...gigabyteLink, stopResumeMs: 30, stopResumeSdMs: 12 };
const range: BandwidthRange = { low: 0.8 * GB, mid: GB, high: 1.25 * GB, sd: 0.05 };
const syncMs = 10;

function predicted(devices: DeviceObservation[], moving = { bytes: 0, sdBytes: 0 }, rules = policy): Forecast {
  return forecast(seen({ rttMs: 2, devices }), moving, range, rules, syncMs);
}

describe("the predicted downtime", () => {
  test("of a guest with nothing to move is its fixed costs: stop and resume, sync, three round trips, the devices' own times", () => {
    const idle = predicted([device("gpu", { fixedMs: 40 })]);
    expect(idle).toMatchObject({ fixedMs: 86, midMs: 86, transferMs: 0, deviceMs: 0 });
    const sdMs = Math.hypot(12, 0.1 * syncMs, 0.15 * 40);
    expect(idle.sdMs).toBeCloseTo(sdMs, 12);
    expect(idle.lowMs).toBeCloseTo(86 - 2 * sdMs, 12);
    expect(idle.highMs).toBeCloseTo(86 + 2 * sdMs, 12);
    expect(idle.bestMs).toBeCloseTo(86 - 2 * sdMs, 12);
  });

  test("counts the longest of the devices' own times where they load side by side, and their sum where they do not", () => {
    const devices = [device("a", { fixedMs: 100 }), device("b", { fixedMs: 60 }), device("c", { fixedMs: 20 })];
    const together = predicted(devices);
    expect(together.fixedMs).toBe(46 + 100);
    expect(together.sdMs).toBeCloseTo(Math.hypot(12, 1, 15), 12);
    const inTurn = predicted(devices, undefined, { ...policy, parallelLoad: false });
    expect(inTurn.fixedMs).toBe(46 + 180);
    expect(inTurn.sdMs).toBeCloseTo(Math.hypot(12, 1, 15, 9, 3), 12);
  });

  test("Q7: counts what a device takes that another carries on top of what that one takes, side by side or not", () => {
    const devices = [
      device("machine", { fixedMs: 30 }),
      device("files", { fixedMs: 160, carried: true }),
      device("gpu", { fixedMs: 20 }),
    ];
    const together = predicted(devices);
    expect(together.fixedMs).toBe(46 + 190);
    expect(together.sdMs).toBeCloseTo(Math.hypot(12, 1, 0.15 * 30, 0.15 * 160), 12);
    expect(predicted(devices, undefined, { ...policy, parallelLoad: false }).fixedMs).toBe(46 + 210);
  });

  test("counts the bytes of all devices over the one link", () => {
    const devices = [device("gpu", { stopcopyBytes: 100 * MB }), device("net", { stopcopyBytes: 50 * MB })];
    const { transferMs, midMs, fixedMs } = predicted(devices, { bytes: 250 * MB, sdBytes: 0 });
    expect(transferMs).toBeCloseTo(400, 9);
    expect(midMs).toBeCloseTo(fixedMs + 400, 9);
  });

  test("is off by what the bandwidth may be, what is hidden, and what only the stop can tell", () => {
    const devices = [device("gpu", { stopcopyBytes: 100 * MB })];
    const { sdMs } = predicted(devices, { bytes: 300 * MB, sdBytes: 20 * MB });
    expect(sdMs).toBeCloseTo(Math.hypot(12, 1, 400 * 0.05, 20, 1.5), 9);
  });

  test("is that of the slowest device where the link is faster, with the device's error", () => {
    const devices = [
      device("gpu", { stopcopyBytes: 40 * MB, precopyBytes: 10 * MB, saveMs: 30, bytesPerSec: 100 * MB }),
      device("net", { stopcopyBytes: 20 * MB, bytesPerSec: 100 * MB }),
    ];
    const { deviceMs, midMs, fixedMs, sdMs, bestMs } = predicted(devices, { bytes: 10 * MB, sdBytes: 0 });
    expect(deviceMs).toBeCloseTo(530, 9);
    expect(midMs).toBeCloseTo(fixedMs + 530, 9);
    expect(sdMs).toBeCloseTo(Math.hypot(12, 1, 0.12 * 530), 9);
    expect(bestMs).toBeCloseTo(fixedMs - 2 * Math.hypot(12, 1) + 530 * 0.76, 9);
  });

  test("is at its best with the best bandwidth, fixed costs at their lower end and three per cent fewer stop-only bytes", () => {
    const { bestMs, fixedMs } = predicted([device("gpu", { stopcopyBytes: 100 * MB })], {
      bytes: 400 * MB,
      sdBytes: 0,
    });
    expect(bestMs).toBeCloseTo(fixedMs - 2 * Math.hypot(12, 1) + 497 / 1.25, 9);
  });

  test("never is less than nothing, whatever the errors", () => {
    const { lowMs, bestMs } = forecast(
      seen({ rttMs: 0, devices: [device("a")] }),
      { bytes: 0, sdBytes: 0 },
      range,
      { ...policy, stopResumeMs: 1 },
      0,
    );
    expect([lowMs, bestMs]).toEqual([0, 0]);
  });
});

describe("C1: the least that the stop can cost", () => {
  const gpu = device("gpu", { stopcopyBytes: 200 * MB, precopyBytes: 5 * GB, fixedMs: 20, bytesPerSec: GB });

  test("leaves out what could have moved before", () => {
    const { totalMs, fixedMs } = leastDowntimeMs(seen({ rttMs: 2, devices: [gpu] }), 2 * GB, policy, syncMs);
    expect(fixedMs).toBeCloseTo(66 - 2 * Math.hypot(12, 1, 3), 9);
    // 194 MB at 2 GB/s are 97 ms; the device's own 200 ms are more, even at their best.
    expect(totalMs).toBeCloseTo(fixedMs + 200 * 0.76, 9);
  });

  test("without a limit of the link is what no bandwidth shortens", () => {
    const { totalMs, fixedMs } = leastDowntimeMs(
      seen({ devices: [device("net", { stopcopyBytes: 200 * MB })] }),
      Infinity,
      policy,
      syncMs,
    );
    expect(totalMs).toBe(fixedMs);
  });

  test("never is more than the downtime that is predicted", () => {
    const observation = seen({ rttMs: 2, devices: [gpu] });
    const whole = forecast(observation, { bytes: 5 * GB, sdBytes: 0 }, range, policy, syncMs);
    expect(leastDowntimeMs(observation, range.high, policy, syncMs).totalMs).toBeLessThanOrEqual(whole.bestMs);
  });
});

describe("what fits a limit", () => {
  test("A8: as many bytes pending as make the predicted downtime the limit, and none where the fixed costs exceed it", () => {
    const { fixedMs } = predicted([device("net", {})]);
    const bytes = fittingBytes({ fixedMs }, 300, range.mid);
    expect(predicted([device("net", {})], { bytes, sdBytes: 0 }).midMs).toBeCloseTo(300, 9);
    expect(fittingBytes({ fixedMs }, fixedMs - 1, range.mid)).toBe(0);
  });
});
