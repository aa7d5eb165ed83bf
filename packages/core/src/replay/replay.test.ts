import { describe, expect, test } from "vitest";
import { GB, stored } from "../../test/figures.ts";
import type { FluidGuest } from "../../test/fluid.ts";
import { recorded } from "../../test/recording.ts";
import { plainPolicy } from "../convergence/policy.ts";
import { policyOf, replay } from "./replay.ts";
import { type Trace, type TraceTick, pendingOf } from "./trace.ts";

/** Of 8 GB, 2 GB are written twice a second over a link of 1 GB/s: it settles at 1.5 GB. */
const guest: FluidGuest = {
  totalBytes: 8 * GB,
  hotBytes: 2 * GB,
  ratePerSec: 2,
  bytesPerSec: GB,
  hidesWrites: true,
  syncMs: 20,
  seed: 5,
};
const settled = recorded(guest, 300, 60);
const calm = recorded({ ...guest, ratePerSec: 0.05 }, 300, 60);

function changed(trace: Trace, change: (tick: TraceTick, index: number) => TraceTick): Trace {
  return { ...trace, ticks: trace.ticks.map(change) };
}

describe("L4: a recorded run, judged again", () => {
  test("L4: comes to a switchover that the recording says would have fitted, predicted to within a tenth", () => {
    const {
      verdict,
      why,
      atMs,
      predictedDowntimeMs = 0,
      trueDowntimeMs = Infinity,
    } = replay(calm, policyOf(calm.header));
    expect([verdict, why?.kind]).toEqual(["switchover", "ready"]);
    expect(atMs).toBeLessThan(20_000);
    expect(trueDowntimeMs).toBeLessThanOrEqual(300);
    expect(Math.abs(predictedDowntimeMs / trueDowntimeMs - 1)).toBeLessThan(0.1);
  });

  test("L4: comes to an abort with its reason, and tells every change of the verdict on the way", () => {
    const replayed = replay(settled, policyOf(settled.header));
    expect(replayed).toMatchObject({ verdict: "abort", why: { code: "WORKING_SET" } });
    expect(replayed.course.map(({ verdict }) => verdict.code)).toEqual(["CONVERGING", "WORKING_SET"]);
    expect(replayed.course.at(-1)?.atMs).toBe(replayed.atMs);
    expect(replayed.exactQueries).toBeGreaterThan(5);
    expect(replayed.exactQueries).toBeLessThan(60);
  });

  test("L4: decides the same each time, and after the recording was stored as JSON", () => {
    const policy = policyOf(settled.header);
    expect(replay(stored(settled), policy)).toEqual(replay(settled, policy));
  });

  test("L4: with another policy comes to what that would have done", () => {
    const policy = policyOf(settled.header);
    expect(replay(settled, { ...policy, downtimeLimitMs: 2_500 }).verdict).toBe("switchover");
    expect(replay(settled, { ...policy, patience: "untilDeadline" })).toMatchObject({
      verdict: "none",
      why: undefined,
      atMs: 60_000,
      predictedDowntimeMs: undefined,
    });
  });
});

describe("L4: what the recording shows", () => {
  const header = { ...settled.header, syncMs: 600, policy: { ...settled.header.policy, linkBps: 0 } };
  const quiet = (index: number, figures: number[], over: Partial<TraceTick> = {}): TraceTick => ({
    x: 250 * index,
    t: 250 * index,
    w: 0.25 * GB * index,
    b: 250 * index,
    d: [figures],
    ...over,
  });

  test("L4: a question is answered on the first tick that is as much later as an answer costs", () => {
    const ticks = Array.from({ length: 20 }, (_, index) => quiet(index, [GB, 0, 0.25 * GB * index, 2 * GB, 0, 0]));
    // Asked at 0 and answered at 750 ms; then asked as a probe, after twenty times what it cost.
    expect(replay({ header, ticks }, policyOf(header)).exactQueries).toBe(1);
    expect(replay({ header, ticks: ticks.slice(0, 3) }, policyOf(header)).exactQueries).toBe(0);
    expect(replay({ header, ticks: ticks.slice(0, 4) }, policyOf(header)).exactQueries).toBe(1);
  });

  test("L4: a round trip that was told with a report counts instead of the first one's", () => {
    const told = replay(
      changed(calm, (tick) => ({ ...tick, r: 20 })),
      policyOf(calm.header),
    );
    const policy = { ...calm.header.policy, rttMs: 20 };
    expect(told).toEqual(replay({ ...calm, header: { ...calm.header, policy } }, policyOf(calm.header)));
    expect(told).not.toEqual(replay(calm, policyOf(calm.header)));
  });

  test("L4: a question is answered where the recording has answered one, be it in the same moment, unless that is long after", () => {
    const plain = (index: number) => quiet(index, [GB, 0, 0.25 * GB * index, 2 * GB, 0, 0]);
    const cheap = { ...header, syncMs: 1 };
    const asked = (ticks: TraceTick[]) => replay({ header: cheap, ticks }, policyOf(cheap)).exactQueries;
    // Asked at the first tick. An answer that was lost shows that it was the one waited for.
    expect(asked([plain(0), { ...plain(0), q: 1 }])).toBe(1);
    expect(asked([plain(0), plain(0)])).toBe(0);
    expect(asked([plain(0), plain(1), { ...plain(2), q: 1, lost: true }])).toBe(0);
    expect(asked([plain(0), plain(1), { ...plain(9), q: 1, lost: true }])).toBe(1);
  });

  test("L4: after an answer an estimate shows at least what that leaves, until the engine's own pass changes", () => {
    // Estimates of nothing: the guest would be asked about again at every tick.
    const hiding = (s: (index: number) => number) =>
      Array.from({ length: 40 }, (_, index) => quiet(index, [0, 0, 0.25 * GB * index, 90 * GB, 0, 0], { s: s(index) }));
    const cheap = { ...header, syncMs: 1 };
    const asked = (s: (index: number) => number) =>
      replay({ header: cheap, ticks: hiding(s) }, policyOf(cheap)).exactQueries;
    expect(asked(() => 0)).toBeLessThan(asked((index) => index));
  });

  test("C12, L4: ticks without a report, or without a device, decide nothing; after half a minute it is given up", () => {
    const lost = changed(settled, (tick, index) => (index > 8 ? { ...tick, lost: 1 } : tick));
    const replayed = replay(lost, policyOf(lost.header));
    expect(replayed).toMatchObject({ verdict: "abort", why: { code: "REPORTS_LOST" }, atMs: 2_000 + 30_250 });
    const partly = changed(settled, (tick, index) => (index > 8 ? { ...tick, d: [null] } : tick));
    expect(replay(partly, policyOf(partly.header)).why?.code).toBe("REPORTS_LOST");
    const some = changed(calm, (tick, index) => (index % 7 === 3 ? { ...tick, lost: true } : tick));
    expect(replay(some, policyOf(some.header)).verdict).toBe("switchover");
  });

  test("C12, L4: a clock that jumps and counters that begin anew do not mislead", () => {
    const jumping = changed(calm, (tick, index) => ({ ...tick, t: index > 20 ? tick.t - 500_000 : tick.t }));
    expect(replay(jumping, policyOf(jumping.header)).verdict).toBe("switchover");
    const at = calm.ticks[20];
    const anew = changed(calm, (tick, index) => {
      const [estimate = 0, , sent = 0, exact = 0] = tick.d?.[0] ?? [];
      const d = [[estimate, 0, sent - (at?.w ?? 0), exact, 0, 0]];
      return index < 20 ? tick : { ...tick, e: 1, w: tick.w - (at?.w ?? 0), b: tick.b - (at?.b ?? 0), d };
    });
    const { verdict, trueDowntimeMs } = replay(anew, policyOf(anew.header));
    expect(verdict).toBe("switchover");
    expect(trueDowntimeMs).toBeLessThanOrEqual(300);
  });
});

describe("L4: what a recording says of its own policy", () => {
  test("L4: is taken from its header, with everything off that a recording cannot answer to", () => {
    const { header } = settled;
    expect(policyOf({ ...header, history: [1, 2] })).toEqual({
      ...plainPolicy,
      downtimeLimitMs: 300,
      deadlineMs: 600_000,
      linkBytesPerSec: 1.06 * GB,
      capBytesPerSec: undefined,
      reservedBytesPerSec: undefined,
      stopResumeMs: 12,
      syncMsPrior: 1,
      reportEveryMs: 250,
      sizeBytes: 8 * GB,
      history: [1, 2],
    });
  });

  test("L4: nothing is said of a cap by a 0", () => {
    const policy = { ...settled.header.policy, linkBps: 0, capBps: 5, reservedBps: 7 };
    expect(policyOf({ ...settled.header, policy })).toMatchObject({
      linkBytesPerSec: undefined,
      capBytesPerSec: 5,
      reservedBytesPerSec: 7,
    });
  });
});

test("L4: a recording counts initial bytes among those that can move before the stop", () => {
  const device = { id: "gpu", declared: { saveMs: 3, loadMs: 20, rateBps: 500, mayShrink: true } };
  expect(pendingOf(device, 100, 50, 30)).toEqual({
    initialBytes: 30,
    precopyBytes: 70,
    stopcopyBytes: 50,
    fixedMs: 20,
    saveMs: 3,
    bytesPerSec: 500,
    mayShrink: true,
  });
  expect(pendingOf({ id: "ram" }, 10, 0, 30)).toMatchObject({ initialBytes: 10, precopyBytes: 0, fixedMs: 0 });
});

test("L4: what was held back is held back again, until the recording lets it go; patience is the recording's own", () => {
  const { policy } = calm.header;
  const fits = replay(calm, policyOf(calm.header)).atMs;
  const held = { ...calm, header: { ...calm.header, policy: { ...policy, held: true } } };
  expect(replay(held, policyOf(held.header))).toMatchObject({ verdict: "none", atMs: 60_000 });
  const goes = fits + 5_000;
  const { limitMs, deadlineMs, capBps } = policy;
  const freed = changed(held, (tick) =>
    tick.x === goes ? { ...tick, p: { limitMs, deadlineMs, capBps, held: false } } : tick,
  );
  expect(replay(freed, policyOf(freed.header))).toMatchObject({ verdict: "switchover", atMs: goes });
  const opened = changed(held, (tick) => (tick.x === goes ? { ...tick, h: false } : tick));
  expect(replay(opened, policyOf(opened.header))).toMatchObject({ verdict: "switchover", atMs: goes });
  // Whatever is held back, the guest is judged on: it is told the same as without that, and at the same time.
  const shut = changed(settled, (tick) => (tick.x % 4_000 === 0 ? { ...tick, h: tick.x % 8_000 === 0 } : tick));
  expect(replay(shut, policyOf(shut.header))).toEqual(replay(settled, policyOf(settled.header)));
  const patient = { ...settled.header, policy: { ...policy, patience: "untilDeadline" as const } };
  expect(replay({ ...settled, header: patient }, policyOf(patient)).verdict).toBe("none");
});
