import { describe, expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import { type WorkingSet, needOfPlateau, needOfStop, workingSetOf } from "./advice.ts";
import type { BandwidthRange } from "./bandwidth.ts";
import type { Forecast } from "./forecast.ts";
import type { Sample } from "./plateau.ts";

const range: BandwidthRange = { low: 0.9 * GB, mid: GB, high: 1.1 * GB, sd: 0.05 };
const forecast: Forecast = {
  lowMs: 0,
  midMs: 2_000,
  highMs: 0,
  sdMs: 0,
  bestMs: 0,
  fixedMs: 50,
  deviceMs: 0,
  transferMs: 1_950,
};

function samples(...midMs: number[]): Sample[] {
  return midMs.map((ms, index) => ({ atMs: index, best: 0, mid: Math.log(ms), stopOnly: 0 }));
}

describe("C1: what would have done where the stop alone takes too long", () => {
  test("C1: a limit of the fixed costs and the bytes, with 15 % and 10 ms to spare, or the bandwidth for them", () => {
    const need = needOfStop(forecast, 500 * MB, 300, range);
    expect(need).toEqual({ limitMs: Math.ceil(1.15 * 550 + 10), bytesPerSec: Math.ceil((1.15 * 500 * MB) / 0.25) });
  });

  test("C1: a faster device where it is the device that is slow, and not the link", () => {
    const slow = { ...forecast, deviceMs: 800 };
    expect(needOfStop(slow, 500 * MB, 300, range)).toMatchObject({
      limitMs: Math.ceil(1.15 * 850 + 10),
      deviceFaster: (1.25 * 800) / 250,
    });
    expect(needOfStop({ ...forecast, deviceMs: 200 }, 500 * MB, 300, range)).not.toHaveProperty("deviceFaster");
  });

  test("C1: no bandwidth where fixed costs take more than 0.7 of the limit", () => {
    const need = needOfStop({ ...forecast, fixedMs: 211 }, 500 * MB, 300, range);
    expect(need).toEqual({ limitMs: Math.ceil(1.15 * 711 + 10), fixedMs: 211 });
    expect(needOfStop({ ...forecast, fixedMs: 210 }, 500 * MB, 300, range)).toHaveProperty("bytesPerSec");
  });
});

describe("C6: what would have done on a plateau", () => {
  const unseen = { stopcopyBytes: 0, workingSet: undefined };
  const workingSet: WorkingSet = { bytes: 2 * GB, perSec: 2 };

  test("C6: a limit that the median of the last twelve forecasts fits, with 15 % and 10 ms to spare", () => {
    const early = samples(...Array.from({ length: 30 }, () => 9_000));
    const late = samples(900, 1_100, 1_000, 5_000, 800, 1_050, 990, 1_010, 1_020, 980, 970, 3_000);
    expect(needOfPlateau(forecast, [...early, ...late], 300, range, unseen)).toEqual({
      limitMs: Math.ceil(1.15 * 1_010 + 10),
    });
    expect(needOfPlateau(forecast, [], 300, range, unseen)).toEqual({ limitMs: 2_310 });
  });

  test("C6: once the working set is known, bandwidth of 1.2 (W + S) / (L' + 1/r) and a throttle of 1 - 0.9 / (r ((W + S) / B - 0.8 L'))", () => {
    const need = needOfPlateau(forecast, [], 300, range, { stopcopyBytes: 100 * MB, workingSet });
    const roomSec = 0.25;
    expect(need.bytesPerSec).toBe(Math.ceil((1.2 * 2.1 * GB) / (roomSec + 0.5)));
    expect(need.throttle).toBeCloseTo(1 - 0.9 / (2 * (2.1 / 0.9 - 0.8 * roomSec)), 3);
    expect(need).toMatchObject({ workingSetBytes: 2 * GB, writtenBytesPerSec: 4 * GB });
  });

  test("C6: no throttle where the working set fits, and none beyond 0.99", () => {
    const small = { stopcopyBytes: 0, workingSet: { bytes: 100 * MB, perSec: 2 } };
    expect(needOfPlateau(forecast, [], 300, range, small).throttle).toBe(0);
    const fast = { stopcopyBytes: 0, workingSet: { bytes: 2 * GB, perSec: 1_000 } };
    expect(needOfPlateau(forecast, [], 300, range, fast).throttle).toBe(0.99);
  });

  test("C6: nothing but a limit where fixed costs take more than 0.7 of it", () => {
    const need = needOfPlateau({ ...forecast, fixedMs: 250 }, [], 300, range, { stopcopyBytes: 0, workingSet });
    expect(need).toEqual({ limitMs: 2_310, fixedMs: 250 });
  });
});

describe("C10: the working set from how it refills", () => {
  /** Three spans of `dtSec` without sending: of W bytes `dirty` are dirty at first, each page is written r times a second. */
  function refill(bytes: number, perSec: number, dirty: number, dtSec: number, coldBytesPerSec = 0) {
    let pending = dirty;
    let cold = 0;
    const spans = [0, 1, 2].map(() => {
      const hot = (bytes - pending) * (1 - Math.exp(-perSec * dtSec));
      pending += hot;
      cold += coldBytesPerSec * dtSec;
      return { writtenBytes: hot + coldBytesPerSec * dtSec, overMs: 1_000 * dtSec };
    });
    return { spans, pendingBytes: pending + cold };
  }

  test("C10: is exact where all of it is written alike", () => {
    for (const [bytes, perSec] of [
      [2 * GB, 2],
      [500 * MB, 0.8],
      [8 * GB, 1.5],
    ] as const) {
      const { spans, pendingBytes } = refill(bytes, perSec, 0.3 * bytes, 0.5);
      const found = workingSetOf(spans, pendingBytes);
      expect((found?.bytes ?? 0) / bytes).toBeCloseTo(1, 6);
      expect((found?.perSec ?? 0) / perSec).toBeCloseTo(1, 6);
    }
  });

  test("C10: leaves out most of what is written to ever new places", () => {
    const { spans, pendingBytes } = refill(2 * GB, 6, 0.2 * GB, 0.5, 300 * MB);
    const { bytes = 0, perSec = 0 } = workingSetOf(spans, pendingBytes) ?? {};
    expect(Math.abs(bytes / (2 * GB) - 1)).toBeLessThan(0.2);
    expect(Math.abs(perSec / 6 - 1)).toBeLessThan(0.34);
  });

  test("C10: needs three spans, and says something of a guest that writes nothing", () => {
    const span = { writtenBytes: 0, overMs: 500 };
    expect(workingSetOf([span, span], GB)).toBeUndefined();
    const idle = workingSetOf([span, span, span], 0);
    expect(idle?.bytes).toBeGreaterThan(0);
    expect(idle?.bytes).toBeLessThan(1_000);
    expect(Number.isFinite(idle?.perSec)).toBe(true);
  });

  test("C10: tells nothing where all of it was dirty already, so that nothing more gets dirty while nothing is sent", () => {
    const { spans, pendingBytes } = refill(2 * GB, 2, 1.99 * GB, 0.5);
    expect(workingSetOf(spans, pendingBytes)).toBeUndefined();
  });
});
