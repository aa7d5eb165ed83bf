import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Clock, advance, clockAtStart, unheard } from "./clock.ts";

const reportEveryMs = 100;

function after(...sourceMs: number[]): Clock {
  return sourceMs.reduce((clock, ms) => advance(clock, ms, reportEveryMs), clockAtStart);
}

test("the judge's clock begins with the first figures, whatever the source's clock shows, and follows it", () => {
  expect(after(1_234_567).nowMs).toBe(0);
  expect(after(1_234_567, 1_234_667, 1_235_167).nowMs).toBe(600);
  expect(after(1_000, 1_000).nowMs).toBe(0);
});

test("C12: a source's clock that steps back or by more than 5 s counts as one report", () => {
  expect(after(10_000, 15_000).nowMs).toBe(5_000);
  expect(after(10_000, 15_001).nowMs).toBe(reportEveryMs);
  expect(after(10_000, 9_999).nowMs).toBe(reportEveryMs);
  expect(after(10_000, 10, 110).nowMs).toBe(reportEveryMs + 100);
});

test("C12: time without figures counts, and is not counted again when the source's clock tells of it", () => {
  const silent = unheard(unheard(after(0, 1_000), 4_000), 3_000);
  expect(silent).toMatchObject({ nowMs: 8_000, silentMs: 7_000 });
  expect(advance(silent, 8_500, reportEveryMs)).toEqual({ nowMs: 8_500, sourceMs: 8_500, silentMs: 0 });
  // A clock that tells of less than was waited for adds nothing; one that stepped back adds a report's time.
  expect(advance(silent, 3_000, reportEveryMs).nowMs).toBe(8_000);
  expect(advance(silent, 0, reportEveryMs).nowMs).toBe(8_100);
});

test("C12: whatever the source's clock does, the judge's own never goes back", () => {
  const times = fc.array(
    fc.oneof(
      fc.double({ min: 0, max: 1e12, noNaN: true }).map((sourceMs) => ({ sourceMs })),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((silentMs) => ({ silentMs })),
    ),
  );
  fc.assert(
    fc.property(times, (steps) => {
      let clock = clockAtStart;
      for (const step of steps) {
        const next = "sourceMs" in step ? advance(clock, step.sourceMs, reportEveryMs) : unheard(clock, step.silentMs);
        expect(next.nowMs).toBeGreaterThanOrEqual(clock.nowMs);
        clock = next;
      }
    }),
  );
});
