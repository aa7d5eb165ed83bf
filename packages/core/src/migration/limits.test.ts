import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainLimits } from "../../test/policies.ts";
import { type Limits, type Window, differences, isOpen, maySwitchOver, withChange } from "./limits.ts";

const day = 86_400_000;

/** At that time of day in UTC, on the 20,000th day of the epoch. */
function at(hours: number, minutes: number, ms = 0): number {
  return 20_000 * day + (60 * hours + minutes) * 60_000 + ms;
}

describe("M15: the window", () => {
  const night: Window = { from: "22:30", to: "04:15" };
  const noon: Window = { from: "12:00", to: "13:00" };

  test("M15: is open from its first minute to before its last, every day", () => {
    const open = (hours: number, minutes: number, ms?: number) => isOpen(noon, at(hours, minutes, ms));
    expect([open(11, 59, 59_999), open(12, 0), open(12, 59, 59_999), open(13, 0)]).toEqual([false, true, true, false]);
    expect(isOpen(noon, at(12, 30) + 7 * day)).toBe(true);
  });

  test("M15: goes over midnight where it ends earlier than it begins", () => {
    const open = (hours: number, minutes: number, ms?: number) => isOpen(night, at(hours, minutes, ms));
    expect([open(22, 29, 59_999), open(22, 30), open(23, 59, 59_999), open(0, 0)]).toEqual([false, true, true, true]);
    expect([open(4, 14, 59_999), open(4, 15), open(12, 0)]).toEqual([true, false, false]);
  });

  test("M15: is open for as many minutes a day as lie between its ends, and shut for the others", () => {
    const minute = fc.nat(1_439);
    const text = (of: number) => `${String(Math.floor(of / 60)).padStart(2, "0")}:${String(of % 60).padStart(2, "0")}`;
    fc.assert(
      fc.property(minute, minute, (from, to) => {
        fc.pre(from !== to);
        const open = Array.from({ length: 1_440 }, (_, index) =>
          isOpen({ from: text(from), to: text(to) }, at(0, index)),
        );
        expect(open.filter(Boolean).length).toBe((to - from + 1_440) % 1_440);
        expect([open[from], open[to]]).toEqual([true, false]);
      }),
    );
  });

  test("M15: a switchover may begin while it is open, at any time without one, and never while it is held", () => {
    const may = (over: Partial<Limits>, now: number) => maySwitchOver({ ...plainLimits, ...over }, now);
    expect(may({}, at(3, 0))).toBe(true);
    expect([may({ window: noon }, at(12, 30)), may({ window: noon }, at(14, 0))]).toEqual([true, false]);
    expect([may({ hold: true }, at(3, 0)), may({ hold: true, window: noon }, at(12, 30))]).toEqual([false, false]);
  });
});

describe("M15: a change", () => {
  const limits: Limits = { ...plainLimits, bandwidthBytesPerSec: 5, window: { from: "01:00", to: "02:00" } };

  test("M15: leaves what it does not name, and what it names without a value, as it is", () => {
    expect(withChange(limits, {})).toEqual(limits);
    expect(withChange(limits, { downtimeLimitMs: undefined, hold: undefined })).toEqual(limits);
    expect(withChange(limits, { hold: true, downtimeLimitMs: 500 })).toEqual({
      ...limits,
      hold: true,
      downtimeLimitMs: 500,
    });
  });

  test("M15: removes what may be absent", () => {
    const changed = withChange(limits, { bandwidthBytesPerSec: null, window: null });
    expect([changed.bandwidthBytesPerSec, changed.window]).toEqual([undefined, undefined]);
    expect(limits.bandwidthBytesPerSec).toBe(5);
  });

  test("M15: is told as what differs, from what to what", () => {
    const after = withChange(limits, {
      hold: true,
      patience: "patient",
      bandwidthBytesPerSec: null,
      ladder: [{ remedy: "force" }],
      window: { from: "03:00", to: "04:00" },
      deadlineMs: limits.deadlineMs,
    });
    expect(differences(limits, after)).toEqual([
      { limit: "bandwidthBytesPerSec", from: "5", to: "none" },
      { limit: "patience", from: "normal", to: "patient" },
      { limit: "ladder", from: "[]", to: '[{"remedy":"force"}]' },
      { limit: "hold", from: "false", to: "true" },
      { limit: "window", from: '{"from":"01:00","to":"02:00"}', to: '{"from":"03:00","to":"04:00"}' },
    ]);
    expect(differences(limits, { ...limits })).toEqual([]);
  });
});
