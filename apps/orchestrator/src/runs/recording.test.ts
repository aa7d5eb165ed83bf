import { TraceHeader, TraceTick } from "@godwit/contract";
import type { Switchover } from "@godwit/core";
import { describe, expect, test } from "vitest";
import { Recording } from "./recording.ts";
import { precopyOf, reportOf } from "./support/precopy.ts";

const id = "migration";
const now = Date.UTC(2026, 0, 31, 12);
const plain = precopyOf(id);

/** What is stored next, line by line. */
function linesOf(recording: Recording): string[] {
  const chunk = recording.take(id, 0, new Date(now));
  if (chunk !== undefined) recording.stored(chunk.sequence);
  return chunk === undefined ? [] : chunk.text.trimEnd().split("\n");
}

function ticksOf(recording: Recording): TraceTick[] {
  return linesOf(recording).flatMap((line) => {
    const value: unknown = JSON.parse(line);
    const tick = TraceTick.safeParse(value);
    return tick.success ? [tick.data] : [];
  });
}

describe("L4: what is recorded of a migration", () => {
  test("begins with a header that a replay can read: limits, the deadline from the first figures on, devices", () => {
    const recording = new Recording(plain, now);
    recording.note(plain, reportOf(id, { atMs: 500, left: 6e9, sent: 2e9 }), now);
    const [first = "", ...others] = linesOf(recording);
    expect(TraceHeader.parse(JSON.parse(first))).toMatchObject({
      v: 1,
      name: "web",
      ramBytes: 8e9,
      policy: { limitMs: 300, deadlineMs: 599_000, linkBps: 1e9, capBps: 0, patience: "normal", held: false },
      devices: [{ id: "ram", kind: "memory", declared: { loadMs: 5 } }],
    });
    expect(others).toHaveLength(1);
    expect(JSON.parse(others[0] ?? "")).toMatchObject({ r: 0.5 });
    expect(recording.isEmpty).toBe(true);
  });

  test("has every report of ten minutes; then each exact one, and of the others one a second", () => {
    const recording = new Recording(plain, now);
    const every = 250;
    const at = (index: number) => ({ atMs: index * every, left: 1e9, sent: index });
    const [early, all] = [600_000 / every + 1, 4_000];
    for (let index = 0; index < all; index += 1) {
      const exact = index === all - 2 ? 7 : undefined;
      recording.note(plain, reportOf(id, { ...at(index), ...(exact === undefined ? {} : { exact }) }), now);
    }
    const ticks = ticksOf(recording);
    const [kept, thinned] = [ticks.filter(({ x }) => x <= 600_000), ticks.filter(({ x }) => x > 600_000)];
    expect(kept).toHaveLength(early);
    expect(thinned.length).toBeLessThan((all - early) / 3);
    expect(thinned.length).toBeGreaterThan((all - early) / 5);
    expect(thinned.at(-1)).toMatchObject({ x: (all - 2) * every, c: 2.5 });
  });

  test("between exact figures shows what those leave, or the estimate where that is more", () => {
    const recording = new Recording(plain, now);
    const note = (atMs: number, left: number, sent: number, exact?: number) =>
      recording.note(plain, reportOf(id, { atMs, left, sent, ...(exact === undefined ? {} : { exact }) }), now);
    note(0, 100, 0);
    note(100, 900, 50, 1);
    note(200, 300, 150);
    note(300, 870, 250);
    expect(ticksOf(recording).map(({ d }) => d?.[0])).toEqual([
      [100, 0, 0, 100, 0, 0],
      [900, 0, 50, 900, 0, 0],
      [300, 0, 150, 800, 0, 0],
      [870, 0, 250, 870, 0, 0],
    ]);
  });

  test("tells limits that have changed, and a window that has opened, with the report that they first hold for", () => {
    const recording = new Recording(plain, now);
    const windowed = precopyOf(id, { downtimeLimitMs: 500, window: { from: "12:30", to: "13:00" } });
    const note = (state: typeof plain, atMs: number, at: number) =>
      recording.note(state, reportOf(id, { atMs, left: 1, sent: 1 }), at);
    note(plain, 0, now);
    note(plain, 100, now);
    note(windowed, 200, now);
    note(windowed, 300, now);
    note(windowed, 400, now + 30 * 60_000);
    expect(ticksOf(recording).map(({ p, h }) => [p?.limitMs, h])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [500, true],
      [undefined, undefined],
      [undefined, false],
    ]);
  });

  test("ends with the last figures again where a change of the limits led on at once, and else with the last report", () => {
    const held = precopyOf(id, { hold: true });
    const recording = new Recording(held, now);
    recording.note(held, reportOf(id, { atMs: 0, left: 5, sent: 1, exact: 3 }), now);
    const { limits, facts, version, course, verdict } = plain;
    const leaving: Switchover = {
      version,
      facts,
      limits,
      course,
      verdict,
      phase: "switchover",
      stage: "freezing",
      verdictSince: 0,
      askedAt: 0,
      since: 0,
      heard: {},
    };
    recording.leave(leaving, now);
    recording.leave(leaving, now);
    const ticks = ticksOf(recording);
    expect(ticks).toHaveLength(2);
    expect(ticks[1]).toMatchObject({ x: 0, d: [[5, 0, 1, 5, 0, 0]], h: false });
  });

  test("what waits for a database that is away has a bound; what was taken is sent again as it was until it is stored", () => {
    const recording = new Recording(plain, now);
    const note = (atMs: number, sent: number) => recording.note(plain, reportOf(id, { atMs, left: 1, sent }), now);
    for (let index = 0; index < 30_000; index += 1) note(index / 100, index);
    const taken = recording.take(id, 5, new Date(now));
    expect(taken?.text.split("\n")).toHaveLength(20_001);
    note(400, 40_000);
    expect(recording.take(id, 6, new Date(now))).toBe(taken);
    recording.stored(5);
    expect(recording.isEmpty).toBe(false);
    expect(linesOf(recording).join()).toContain("40000");
    expect(recording.isEmpty).toBe(true);
  });
});
