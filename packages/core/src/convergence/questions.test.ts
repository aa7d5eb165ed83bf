import { describe, expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import { gigabyteLink } from "../../test/policies.ts";
import type { Forecast } from "./forecast.ts";
import { type Occasion, isAwaited, isWorthAsking } from "./questions.ts";

function predicted(midMs: number): Forecast {
  return { lowMs: midMs, midMs, highMs: midMs, sdMs: 0, bestMs: midMs, fixedMs: 0, deviceMs: 0, transferMs: midMs };
}

/** Asked and answered at 0; nothing speaks for another question. */
const far: Occasion = {
  nowMs: 0,
  question: { askedMs: 0, open: false },
  syncMs: 1,
  knownBytes: GB,
  foundBytes: GB,
  predicted: predicted(1_000),
  firstPassMs: undefined,
  suspectsStopOnly: false,
};

/** The first of the times, in steps of 10 ms, at which it is worth asking. */
function firstMs(over: Partial<Occasion>, policy = gigabyteLink): number {
  for (let nowMs = 0; nowMs <= 600_000; nowMs += 10)
    if (isWorthAsking({ ...far, ...over, nowMs }, policy)) return nowMs;
  return Infinity;
}

describe("C13: exact figures are asked for", () => {
  test("C13: at once when none were ever asked for", () => {
    expect(firstMs({ question: undefined })).toBe(0);
  });

  test("C13: as a probe once a second, or as often as twenty times their cost allows", () => {
    expect(firstMs({})).toBe(1_000);
    expect(firstMs({ syncMs: 200 })).toBe(4_000);
  });

  test("C13: in the first pass twelve times in all", () => {
    expect(firstMs({ firstPassMs: 120_000 })).toBe(10_000);
    expect(firstMs({ firstPassMs: 6_000 })).toBe(1_000);
  });

  test("C13: when the estimate predicts at most 1.1 of the limit, with a gap of a tenth of a second or eight times their cost", () => {
    expect(firstMs({ predicted: predicted(330) })).toBe(100);
    expect(firstMs({ predicted: predicted(331) })).toBe(1_000);
    expect(firstMs({ predicted: predicted(330), syncMs: 40 })).toBe(320);
    expect(firstMs({ predicted: predicted(330), firstPassMs: 120_000 })).toBe(100);
  });

  test("C13: at once when nothing known is left to send, unless the last ones found next to nothing", () => {
    expect(firstMs({ knownBytes: 100_000 })).toBe(0);
    expect(firstMs({ knownBytes: 100_001 })).toBe(1_000);
    expect(firstMs({ knownBytes: 0, foundBytes: 100_000 })).toBe(1_000);
    expect(firstMs({ knownBytes: 0, foundBytes: undefined })).toBe(0);
  });

  test("C13: a second after the last ones where what only the stop can move looks too much", () => {
    expect(firstMs({ suspectsStopOnly: true, syncMs: 100 })).toBe(1_000);
    expect(firstMs({ syncMs: 100 })).toBe(2_000);
  });

  test("M15: once a second while it is held", () => {
    const held = { ...gigabyteLink, maySwitchOver: false };
    expect(firstMs({ predicted: predicted(30) }, held)).toBe(1_000);
    expect(firstMs({ knownBytes: 0, foundBytes: 10 * MB }, held)).toBe(1_000);
  });
});

test("M5: an answer is awaited for 5 s, or twenty times its cost", () => {
  const open = { askedMs: 1_000, open: true };
  expect(isAwaited({ question: undefined, nowMs: 1_000, syncMs: 1 })).toBe(false);
  expect(isAwaited({ question: { ...open, open: false }, nowMs: 1_000, syncMs: 1 })).toBe(false);
  expect(isAwaited({ question: open, nowMs: 6_000, syncMs: 1 })).toBe(true);
  expect(isAwaited({ question: open, nowMs: 6_001, syncMs: 1 })).toBe(false);
  expect(isAwaited({ question: open, nowMs: 21_000, syncMs: 1_000 })).toBe(true);
  expect(isAwaited({ question: open, nowMs: 21_001, syncMs: 1_000 })).toBe(false);
});
