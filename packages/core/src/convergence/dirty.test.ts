import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import type { Clock } from "./clock.ts";
import { type Dirty, hiddenBytes, noDirty, withExact, withKnown } from "./dirty.ts";
import type { Observation } from "./observation.ts";

function at(nowMs: number): Clock {
  return { nowMs, sourceMs: nowMs, silentMs: 0 };
}

function figures(precopyBytes: number, sentBytes: number, epoch?: number): Observation {
  return seen({ epoch, exact: exactly(), devices: [device("ram", { precopyBytes, sentBytes })] });
}

/** Exact figures one after the other: when, what was pending, what had been sent. */
function found(...figuresAt: [nowMs: number, pending: number, sent: number][]): Dirty {
  return figuresAt.reduce(
    (dirty, [ms, pending, sent]) => withExact(dirty, figures(pending, sent), at(ms)).dirty,
    noDirty,
  );
}

describe("what was newly written between exact figures", () => {
  test("is what is pending now, less what was pending before and has not been sent since", () => {
    const before = found([0, 5 * GB, 0]);
    expect(before.bytesPerSec).toBeUndefined();
    const { span, dirty } = withExact(before, figures(4.5 * GB, GB), at(2_000));
    expect(span).toEqual({ overMs: 2_000, writtenBytes: 0.5 * GB, hiddenBytes: 0.5 * GB, sentBytes: GB });
    expect(dirty.bytesPerSec).toBe(250 * MB);
  });

  test("cannot be told from what was pending already: no less than nothing was written", () => {
    const { span } = withExact(found([0, 5 * GB, 0]), figures(GB, GB), at(1_000));
    expect(span?.writtenBytes).toBe(0);
    // More was sent than was pending: all that is pending now is new.
    expect(withExact(found([0, GB, 0]), figures(300 * MB, 3 * GB), at(1_000)).span?.writtenBytes).toBe(300 * MB);
  });

  test("counts as hidden where the last estimate did not know of it", () => {
    const estimate = seen({ devices: [device("ram", { precopyBytes: 100 * MB, sentBytes: GB })] });
    const dirty = withKnown(found([0, GB, 0]), estimate);
    const { span } = withExact(dirty, figures(700 * MB, GB), at(1_000));
    expect(span).toMatchObject({ writtenBytes: 700 * MB, hiddenBytes: 600 * MB });
  });

  test("C12: is not told across counters that began anew", () => {
    const before = found([0, 5 * GB, 4 * GB], [1_000, 5 * GB, 5 * GB]);
    for (const anew of [figures(5 * GB, 0), figures(5 * GB, 6 * GB, 1)]) {
      const { span, dirty } = withExact(before, anew, at(2_000));
      expect(span).toBeUndefined();
      expect(dirty.spans).toEqual(before.spans);
      expect(dirty.bytesPerSec).toBe(GB);
    }
  });

  test("says nothing of a rate over 50 ms or less, and only the last 40 spans are kept", () => {
    const short = withExact(found([0, GB, 0]), figures(2 * GB, 0), at(50));
    expect(short.span?.writtenBytes).toBe(GB);
    expect(short.dirty.spans).toEqual([]);
    const long = Array.from({ length: 100 }, (_, index): [number, number, number] => [index * 1_000, GB, index * MB]);
    expect(found(...long).spans.length).toBe(40);
    expect(found(...long).errors.length).toBeLessThanOrEqual(12);
  });
});

describe("what estimates overlook since the last exact figures", () => {
  /** A span of a second in which `bytes` were written, after each of which all is sent. */
  const seconds = (...bytes: number[]) =>
    found(
      [0, 0, 0],
      ...bytes.map((each, index): [number, number, number] => [1_000 * (index + 1), each, 10 * GB * (index + 1)]),
    );

  test("is nothing before the first span", () => {
    expect(hiddenBytes(noDirty, 500)).toEqual({ bytes: 0, sdBytes: 0 });
  });

  test("is the median rate of the last five spans of like length, over that time", () => {
    const dirty = seconds(900 * MB, 100 * MB, 110 * MB, 120 * MB, 130 * MB, 140 * MB);
    expect(hiddenBytes(dirty, 1_000).bytes).toBeCloseTo(120 * MB, 0);
    expect(hiddenBytes(dirty, 500).bytes).toBeCloseTo(60 * MB, 0);
  });

  test("is at most half as much again as the last span had, over a time of another length", () => {
    const dirty = seconds(100 * MB, 100 * MB);
    expect(hiddenBytes(dirty, 10).bytes).toBeCloseTo(MB, 0);
    expect(hiddenBytes(dirty, 60_000).bytes).toBeCloseTo(150 * MB, 0);
  });

  test("is known to 40 % at first, then as well as it was foretold, and never better than to 8 %", () => {
    const error = (dirty: Dirty) => hiddenBytes(dirty, 1_000).sdBytes / hiddenBytes(dirty, 1_000).bytes;
    expect(error(seconds(100 * MB, 100 * MB))).toBeCloseTo(0.4, 12);
    expect(error(seconds(...Array.from({ length: 8 }, () => 100 * MB)))).toBeCloseTo(0.08, 12);
    const uneven = seconds(...Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 100 : 200) * MB));
    expect(error(uneven)).toBeGreaterThan(0.3);
  });

  test("is not learnt from next to nothing", () => {
    expect(seconds(50_000, 60_000, 100_000, 40_000).errors).toEqual([]);
  });
});
