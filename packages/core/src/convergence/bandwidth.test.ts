import { describe, expect, test } from "vitest";
import { GB, MB, device, seen } from "../../test/figures.ts";
import { gigabyteLink, unknownLink } from "../../test/policies.ts";
import { type Bandwidth, degradedFrom, isSettled, measure, noBandwidth, rangeOf } from "./bandwidth.ts";

interface Step {
  ms: number;
  bytes: number;
  /** As long as the step, where nothing is said. */
  busyMs?: number;
  epoch?: number;
}

/** Reports one after the other, each so long and with so many bytes after the one before. */
function fed(steps: readonly Step[], first = { atMs: 0, wireBytes: 0, busyMs: 0 }, from = noBandwidth): Bandwidth {
  const total = { ...first };
  let bandwidth = from;
  for (const { ms, bytes, busyMs = ms, epoch } of steps) {
    total.atMs += ms;
    total.wireBytes += bytes;
    total.busyMs += busyMs;
    const devices = [device("ram", { precopyBytes: 50 * GB })];
    bandwidth = measure(bandwidth, seen({ ...total, epoch, devices }), total.atMs);
  }
  return bandwidth;
}

function steps(count: number, step: Step): Step[] {
  return Array.from({ length: count }, () => step);
}

const usual: Step = { ms: 200, bytes: 200 * MB };

describe("what is measured", () => {
  test("bandwidth is bytes over the time in which channels had data queued", () => {
    const idling = fed(steps(10, { ms: 1_000, bytes: 250 * MB, busyMs: 250 }));
    expect(idling.slices.map(({ bytesPerSec }) => bytesPerSec)).toEqual(Array.from({ length: 10 }, () => GB));
    expect(idling.smoothedBytesPerSec).toBe(GB);
  });

  test("a slice is whole after 0.2 s of busy time, and what came is smoothed over 1.5 s", () => {
    const part = fed([{ ms: 100, bytes: 100 * MB }]);
    expect(part.slices).toEqual([]);
    const two = fed([usual, { ms: 300, bytes: 600 * MB }]);
    expect(two.slices.map(({ bytesPerSec }) => bytesPerSec)).toEqual([GB, 2 * GB]);
    expect(two.smoothedBytesPerSec).toBeCloseTo(GB + (1 - Math.exp(-300 / 1_500)) * GB, 0);
  });

  test("without a whole slice for 5 s a shorter one is taken, unless it is too short to mean anything", () => {
    expect(fed([usual, ...steps(51, { ms: 100, bytes: MB, busyMs: 1 })]).slices.length).toBe(2);
    expect(fed([usual, ...steps(51, { ms: 100, bytes: MB, busyMs: 0.1 })]).slices.length).toBe(1);
  });

  test("C12: no slice reaches across counters that began anew", () => {
    const before = fed(steps(5, usual));
    const anew = { atMs: 1_100, wireBytes: 0, busyMs: 0 };
    for (const first of [anew, { ...anew, wireBytes: 2 * GB }, { ...anew, busyMs: 2_000 }]) {
      const across = fed([{ ms: 0, bytes: 0, epoch: 1 }], first, before);
      expect(across.slices).toEqual(before.slices);
      const after = fed(
        [
          { ms: 0, bytes: 0, epoch: 1 },
          { ...usual, epoch: 1 },
        ],
        first,
        before,
      );
      expect(after.slices.at(-1)?.bytesPerSec).toBe(GB);
    }
  });

  test("an outage enters as slices of nothing, which pull down what is expected and what is sure, and not the best", () => {
    const before = fed(steps(30, usual));
    const after = fed([...steps(30, usual), ...steps(5, { ms: 200, bytes: 0 })]);
    const [was, is] = [rangeOf(before, unknownLink), rangeOf(after, unknownLink)];
    expect(was).toMatchObject({ mid: GB, low: 0.98 * GB });
    expect(is?.mid).toBeCloseTo(GB * Math.exp(-1_000 / 1_500), -3);
    expect(is?.low).toBeLessThan(0.1 * (is?.mid ?? 0));
    expect(is?.high).toBe(was?.high);
  });

  test("what was moved last is when the wire last carried something", () => {
    expect(fed([usual, { ms: 500, bytes: 0 }, { ms: 500, bytes: 1 }, { ms: 700, bytes: 0 }]).movedAtMs).toBe(1_200);
  });

  test("however long it runs, and though the clock stands still, only so much of it is kept", () => {
    const running = fed(steps(3_000, usual));
    expect(running.slices.length).toBeLessThanOrEqual(301);
    expect(running.errors.length).toBeLessThanOrEqual(301);
    const standing = fed(steps(3_000, { ...usual, ms: 0, busyMs: 200 }));
    expect(standing.slices.length).toBeLessThanOrEqual(600);
    expect(standing.errors.length).toBeLessThanOrEqual(600);
    expect(standing.forecasts.length).toBeLessThanOrEqual(12);
  });
});

describe("what a switchover can count on", () => {
  test("C4: before anything was measured, three fifths of the link; nothing where nobody knows the link", () => {
    expect(rangeOf(noBandwidth, gigabyteLink)).toMatchObject({ low: 0.3 * GB, mid: 0.6 * GB, high: GB });
    expect(rangeOf(noBandwidth, unknownLink)).toBeUndefined();
    expect(rangeOf(noBandwidth, { ...unknownLink, linkBytesPerSec: 0 })).toBeUndefined();
  });

  test("L2: what earlier migrations had stands in for a link that nobody knows", () => {
    expect(rangeOf(noBandwidth, { ...unknownLink, priorBytesPerSec: 400 * MB })).toMatchObject({
      low: 200 * MB,
      mid: 400 * MB,
      high: Infinity,
    });
  });

  test("C4: a few bytes that came count for half of what they had, and where that is less, for more than the link", () => {
    const few = (bytes: number) => fed([{ ms: 10, bytes }]);
    expect(rangeOf(few(8 * MB), unknownLink)).toMatchObject({ low: 200 * MB, mid: 400 * MB, high: Infinity });
    expect(rangeOf(few(8 * MB), gigabyteLink)).toMatchObject({ mid: 400 * MB, high: GB });
    expect(rangeOf(few(80 * MB), gigabyteLink)).toMatchObject({ mid: 600 * MB });
  });

  test("C4: a guest too small for a whole slice keeps what its few bytes had, however long it idles afterwards", () => {
    const small: Step = { ms: 10, bytes: 8 * MB, busyMs: 10 };
    const idle = { ms: 1_000, bytes: 0, busyMs: 0 };
    const trickle = { ms: 1_000, bytes: 4_096, busyMs: 0.02 };
    for (const rest of [steps(20, idle), steps(20, trickle)])
      expect(rangeOf(fed([small, ...rest]), unknownLink)?.mid).toBeGreaterThan(380 * MB);
  });

  test("the most that is credible is the link until enough was measured, then the best second of the last minute and a little", () => {
    const fast = steps(14, { ms: 200, bytes: 160 * MB });
    expect(isSettled(fed(fast))).toBe(false);
    expect(rangeOf(fed(fast), gigabyteLink)?.high).toBe(GB);
    expect(rangeOf(fed(fast), unknownLink)?.high).toBe(Infinity);
    const settled = fed([...fast, usual]);
    expect(isSettled(settled)).toBe(true);
    expect(rangeOf(settled, { ...gigabyteLink, linkBytesPerSec: 10 * GB })?.high).toBeCloseTo(840 * MB * 1.03, -3);
    expect(rangeOf(settled, { ...gigabyteLink, linkBytesPerSec: 850 * MB })?.high).toBe(850 * MB);
    const slower = [...fast, ...steps(285, { ms: 200, bytes: 40 * MB })];
    expect(rangeOf(fed(slower), unknownLink)?.high).toBeGreaterThan(700 * MB);
    expect(rangeOf(fed([...slower, ...steps(30, { ms: 200, bytes: 40 * MB })]), unknownLink)?.high).toBeCloseTo(
      200 * MB * 1.03,
      -3,
    );
  });

  test("what surely comes is what 95 % of its own forecasts had: less where the link is unsteady", () => {
    const unsteady = Array.from({ length: 60 }, (_, index) => ({ ...usual, bytes: (index % 10 < 5 ? 240 : 120) * MB }));
    const [steady, varying] = [rangeOf(fed(steps(60, usual)), gigabyteLink), rangeOf(fed(unsteady), gigabyteLink)];
    expect(steady?.low).toBe(0.98 * GB);
    expect(steady?.sd).toBeCloseTo(0.02 / 1.645, 12);
    expect((varying?.low ?? 0) / (varying?.mid ?? 1)).toBeLessThan(0.8);
    expect(varying?.sd).toBeCloseTo((1 - (varying?.low ?? 0) / (varying?.mid ?? 1)) / 1.645, 12);
    // Of the first few forecasts nothing is known yet.
    expect(rangeOf(fed(steps(10, usual)), gigabyteLink)?.low).toBe(0.88 * GB);
  });

  test("C4: a cap is lifted at the switchover, so that what is promised counts, but never more than the link", () => {
    const capped = fed(steps(30, { ...usual, bytes: 20 * MB }));
    const policy = { ...gigabyteLink, capBytesPerSec: 100 * MB };
    expect(rangeOf(capped, policy)).toMatchObject({ mid: 100 * MB });
    const promised = { ...policy, reservedBytesPerSec: 800 * MB };
    expect(rangeOf(capped, promised)).toMatchObject({ low: 640 * MB, mid: 760 * MB, high: 960 * MB });
    expect(rangeOf(capped, { ...promised, capBytesPerSec: undefined })).toMatchObject({ mid: 100 * MB });
    const beyond = rangeOf(capped, { ...promised, reservedBytesPerSec: 5 * GB });
    expect(beyond).toMatchObject({ low: 0.8 * GB, mid: 0.95 * GB, high: GB });
  });
});

describe("C5: a link that gives less than it should", () => {
  test("C5: less than half of what it is said to carry is degraded, once five slices show it", () => {
    const slow = (count: number, share: number) => fed(steps(count, { ms: 200, bytes: share * 200 * MB }));
    expect(degradedFrom(slow(4, 0.4), gigabyteLink)).toBeUndefined();
    expect(degradedFrom(slow(5, 0.4), gigabyteLink)).toBe(GB);
    expect(degradedFrom(slow(5, 0.51), gigabyteLink)).toBeUndefined();
    expect(degradedFrom(slow(5, 0.4), unknownLink)).toBeUndefined();
  });

  test("C5: less than three fifths of what it gave in this migration is degraded, however long ago that was", () => {
    const halved = [...steps(20, usual), ...steps(600, { ms: 200, bytes: 110 * MB })];
    expect(degradedFrom(fed(halved), unknownLink)).toBe(GB);
    const less = [...steps(20, usual), ...steps(60, { ms: 200, bytes: 130 * MB })];
    expect(degradedFrom(fed(less), unknownLink)).toBeUndefined();
  });

  test("C5: a cap of one's own is no fault of the link", () => {
    const capped = [...steps(20, usual), ...steps(60, { ms: 200, bytes: 20 * MB })];
    expect(degradedFrom(fed(capped), { ...gigabyteLink, capBytesPerSec: 100 * MB })).toBeUndefined();
    expect(degradedFrom(fed(capped), gigabyteLink)).toBe(GB);
  });
});
