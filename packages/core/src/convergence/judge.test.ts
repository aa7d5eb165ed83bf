import { expect, test } from "vitest";
import { GB, MB, device, seen } from "../../test/figures.ts";
import { type Convergence, judge, noConvergence } from "./judge.ts";
import type { Observation, Policy } from "./observation.ts";
import type { Judgement } from "./verdict.ts";

const gigabyteLink: Policy = { downtimeLimitMs: 300, linkBytesPerSec: GB };
const unknownLink: Policy = { downtimeLimitMs: 300 };

function over(policy: Policy, observations: Observation[], from: Convergence = noConvergence): Judgement<Convergence> {
  let judgement: Judgement<Convergence> | undefined;
  for (const observation of observations) judgement = judge(judgement?.memory ?? from, observation, policy);
  if (judgement === undefined) throw new Error("Nothing was observed");
  return judgement;
}

/** A second for each report, in which the link was busy and carried 1 GB, and a pass that leaves `leftBytes` dirty again. */
function passes(count: number, leftBytes: number, exact = true): Observation[] {
  return Array.from({ length: count }, (_, index) =>
    seen({
      atMs: (index + 1) * 1000,
      wireBytes: (index + 1) * GB,
      busyMs: (index + 1) * 1000,
      devices: [device("ram", { precopyBytes: leftBytes, rounds: index + 1, sentBytes: (index + 1) * GB })],
      exact,
    }),
  );
}

test("C1: stop-only bytes beyond the link's limit are hopeless at the first figure, with the proof", () => {
  const { verdict } = judge(noConvergence, seen({ devices: [device("gpu", { stopcopyBytes: GB })] }), gigabyteLink);
  expect(verdict).toMatchObject({ kind: "hopeless", code: "STOP_ONLY", inputs: { device: "gpu", proof: true } });
  expect(verdict.sentence).toBe(
    "gpu can send 1 GB only once it is stopped; all that takes at least 1 s at 1 GB/s, and the limit is 300 ms.",
  );
});

test("C1: stop-only bytes that fit the link's limit are not hopeless", () => {
  const { verdict } = judge(
    noConvergence,
    seen({ devices: [device("gpu", { stopcopyBytes: 250 * MB })] }),
    gigabyteLink,
  );
  expect(verdict.kind).toBe("converging");
});

test("C1: a device's own time beyond the limit is hopeless at the first figure, whether the link is known or not", () => {
  for (const policy of [gigabyteLink, unknownLink]) {
    const { verdict } = judge(
      noConvergence,
      seen({ devices: [device("gpu", { fixedMs: 900 }), device("ram")] }),
      policy,
    );
    expect(verdict).toMatchObject({ kind: "hopeless", code: "FIXED_COSTS", inputs: { device: "gpu", proof: true } });
    expect(verdict.sentence).toContain("900 ms");
    expect(verdict.sentence).toContain("limit is 300 ms");
  }
});

test("C1: a declared time within its usual error of the limit is not hopeless", () => {
  const { verdict } = judge(noConvergence, seen({ devices: [device("gpu", { fixedMs: 400 })] }), gigabyteLink);
  expect(verdict.kind).not.toBe("hopeless");
});

test("C1: round trips count by the shortest one, and only once there were enough of them", () => {
  const at = (index: number, rttMs: number) =>
    seen({
      atMs: index * 250,
      wireBytes: index * 200 * MB,
      busyMs: index * 250,
      rttMs,
      devices: [device("ram", { precopyBytes: 10 * GB, sentBytes: index * 200 * MB })],
    });
  const slow = Array.from({ length: 6 }, (_, index) => at(index, 400));
  expect(over(gigabyteLink, slow.slice(0, 1)).verdict.kind).toBe("converging");
  expect(over(gigabyteLink, slow).verdict.code).toBe("FIXED_COSTS");
  expect(over(gigabyteLink, [at(0, 1), ...slow.slice(1)]).verdict.kind).toBe("converging");
});

test("C1: without a known link, stop-only bytes are hopeless only once enough was measured, and that is no proof", () => {
  const blob = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      seen({
        atMs: index * 250,
        wireBytes: index * 250 * MB,
        busyMs: index * 250,
        devices: [device("gpu", { stopcopyBytes: GB, precopyBytes: 50 * GB, sentBytes: index * 250 * MB })],
      }),
    );
  expect(over(unknownLink, blob(1)).verdict).toMatchObject({ kind: "unknown", code: "MEASURING" });
  expect(over(unknownLink, blob(15)).verdict.kind).toBe("converging");
  expect(over(unknownLink, blob(16)).verdict).toMatchObject({
    kind: "hopeless",
    code: "STOP_ONLY",
    inputs: { proof: false },
  });
});

test("C1: what was measured under a cap of one's own says nothing against stop-only bytes", () => {
  const capped = { ...unknownLink, capBytesPerSec: 10 * MB };
  const observations = Array.from({ length: 40 }, (_, index) =>
    seen({
      atMs: index * 250,
      wireBytes: index * 2.5 * MB,
      busyMs: index * 250,
      devices: [device("gpu", { stopcopyBytes: 50 * MB, precopyBytes: GB, sentBytes: index * 2.5 * MB })],
    }),
  );
  expect(over(capped, observations).verdict.kind).toBe("converging");
});

test("C1: a link through which nothing has come yet is not taken for one that never carries anything", () => {
  const dead = Array.from({ length: 20 }, (_, index) =>
    seen({ atMs: index * 250, busyMs: index * 250, devices: [device("gpu", { stopcopyBytes: MB, precopyBytes: GB })] }),
  );
  expect(over(unknownLink, dead).verdict).toMatchObject({ kind: "unknown", code: "MEASURING" });
});

test("C2: half a minute without a byte although there is something to move is hopeless", () => {
  const still = (atMs: number) =>
    seen({ atMs, wireBytes: 5 * MB, busyMs: 10, devices: [device("ram", { precopyBytes: GB, sentBytes: 5 * MB })] });
  expect(over(gigabyteLink, [still(0), still(29_999)]).verdict.kind).toBe("converging");
  const { verdict } = over(gigabyteLink, [still(0), still(29_999), still(30_000)]);
  expect(verdict).toMatchObject({ kind: "hopeless", code: "NO_PROGRESS" });
  expect(verdict.sentence).toBe("Nothing has moved for 30 s although 1 GB are pending.");
});

test("C2: silence with next to nothing to move is not held against it", () => {
  const idle = (atMs: number) => seen({ atMs, devices: [device("ram", { precopyBytes: 4096 })] });
  expect(over(gigabyteLink, [idle(0), idle(90_000)]).verdict.kind).toBe("converging");
});

test("C3: initial data blocks the switchover, and the device with the most of it is named in any order", () => {
  const devices = [device("a", { initialBytes: 1 }), device("gpu", { initialBytes: 4 * MB }), device("z")];
  for (const order of [devices, devices.toReversed()]) {
    const { verdict } = judge(
      noConvergence,
      seen({ devices: order, wireBytes: MB, busyMs: 5, exact: true }),
      gigabyteLink,
    );
    expect(verdict).toMatchObject({ kind: "converging", code: "INITIAL_DATA", inputs: { device: "gpu" } });
    expect(verdict.sentence).toContain("4 MB");
  }
});

test("C4: only exact figures make it ready", () => {
  const figures = { wireBytes: GB, busyMs: 1000, devices: [device("ram", { precopyBytes: 100 * MB, rounds: 1 })] };
  const estimated = judge(noConvergence, seen(figures), gigabyteLink);
  expect(estimated.verdict.kind).toBe("converging");
  expect(estimated.askExact).toBe(true);
  const exact = judge(estimated.memory, seen({ ...figures, atMs: 20, exact: true }), gigabyteLink);
  expect(exact.verdict).toMatchObject({ kind: "ready", code: "FITS_LIMIT" });
  expect(exact.verdict.sentence).toMatch(/^Predicted downtime 11\d ms, at most 1\d\d ms, fits the limit of 300 ms\.$/);
});

test("C4: the upper end of the interval must fit, not its middle", () => {
  const figures = {
    wireBytes: GB,
    busyMs: 1000,
    devices: [device("ram", { precopyBytes: 270 * MB, rounds: 1 })],
    exact: true,
  };
  const { forecast, verdict } = judge(noConvergence, seen(figures), gigabyteLink);
  expect(forecast?.midMs).toBeLessThan(300);
  expect(forecast?.highMs).toBeGreaterThan(300);
  expect(verdict.kind).toBe("converging");
});

test("C4: what is said of a link is not trusted while something could move and be measured", () => {
  const small = seen({ devices: [device("ram", { precopyBytes: 100 * MB })], exact: true });
  expect(judge(noConvergence, small, gigabyteLink).verdict.kind).toBe("converging");
  const stopOnly = seen({ devices: [device("daemon", { stopcopyBytes: 100 * MB })], exact: true });
  expect(judge(noConvergence, stopOnly, gigabyteLink).verdict.kind).toBe("ready");
});

test("C4: a guest too small for a whole slice of bandwidth is ready all the same, with or without a known link", () => {
  const figures = {
    wireBytes: 8 * MB,
    busyMs: 9,
    devices: [device("ram", { precopyBytes: 4096, rounds: 2, sentBytes: 8 * MB })],
  };
  for (const policy of [gigabyteLink, unknownLink]) {
    expect(judge(noConvergence, seen(figures), policy).askExact).toBe(true);
    expect(judge(noConvergence, seen({ ...figures, exact: true }), policy).verdict.kind).toBe("ready");
  }
});

test("C4: a guest with nothing to move needs no bandwidth", () => {
  const { verdict } = judge(noConvergence, seen({ devices: [device("clock")], exact: true }), unknownLink);
  expect(verdict.kind).toBe("ready");
});

test("C4: what moves only after the stop, over a link of which nothing is known, is said to need that figure", () => {
  const { verdict } = judge(noConvergence, seen({ devices: [device("daemon", { stopcopyBytes: MB })] }), unknownLink);
  expect(verdict).toMatchObject({ kind: "needsMore", code: "BANDWIDTH_UNKNOWN", inputs: { stopcopyBytes: MB } });
});

test("C5: a link at less than half of what it should give is degraded, and the guest is not blamed", () => {
  const observations = Array.from({ length: 8 }, (_, index) =>
    seen({
      atMs: index * 250,
      wireBytes: index * 50 * MB,
      busyMs: index * 250,
      devices: [device("ram", { precopyBytes: 10 * GB, sentBytes: index * 50 * MB })],
    }),
  );
  const { verdict } = over(gigabyteLink, observations);
  expect(verdict).toMatchObject({ kind: "degraded", code: "LINK_DEGRADED" });
  expect(verdict.sentence).toBe("The link gives 200 MB/s of the 1 GB/s that it should; the guest is not to blame.");
});

test("C6: passes that bring it no nearer are hopeless, with the device, both rates and the limit", () => {
  // The second report tells that the first pass has ended; from then on four more must get nowhere.
  expect(over(gigabyteLink, passes(5, 800 * MB)).verdict.kind).toBe("converging");
  const { verdict } = over(gigabyteLink, passes(6, 800 * MB));
  expect(verdict).toMatchObject({
    kind: "hopeless",
    code: "WORKING_SET",
    inputs: { device: "ram", downtimeLimitMs: 300 },
  });
  expect(verdict.sentence).toMatch(
    /^ram is written at 8\d\d MB\/s and the link gives 1 GB\/s: after \d more rounds 800 MB /,
  );
  expect(verdict.sentence).toContain("limit 300 ms");
});

test("C6: estimates alone never make it hopeless, but each pass makes exact figures worth asking", () => {
  const { verdict, askExact } = over(gigabyteLink, passes(60, 800 * MB, false));
  expect(verdict.kind).toBe("converging");
  expect(askExact).toBe(true);
});

test("C6: an estimate that overlooks what was written sets no mark", () => {
  // Each pass ends with an estimate of nothing, and exact figures that find less than after the pass before.
  const observations = passes(20, 0, false).flatMap((estimate, index) => {
    const found = device("ram", {
      precopyBytes: 4 * GB * 0.85 ** index,
      rounds: index + 1,
      sentBytes: (index + 1) * GB,
    });
    return [estimate, { ...estimate, atMs: estimate.atMs + 20, exact: true, devices: [found] }];
  });
  const kinds = observations.map((_, index) => over(gigabyteLink, observations.slice(0, index + 1)).verdict.kind);
  expect(kinds).not.toContain("hopeless");
  expect(kinds).toContain("ready");
});

test("C6: a set that outruns the link is told apart from one that is only too large", () => {
  const observations = Array.from({ length: 40 }, (_, index) =>
    seen({
      atMs: (index + 1) * 250,
      wireBytes: (index + 1) * 100 * MB,
      busyMs: (index + 1) * 250,
      devices: [
        device("ram", { precopyBytes: 5 * GB + index * 20 * MB, rounds: index, sentBytes: (index + 1) * 100 * MB }),
      ],
      exact: true,
    }),
  );
  const { verdict } = over(unknownLink, observations);
  expect(verdict).toMatchObject({ kind: "hopeless", code: "DIRTY_RATE" });
  expect(verdict.sentence).toContain("ram is written at 480 MB/s and the link gives 400 MB/s");
});

test("C6: a large blob that moves only after the stop does not hide the passes of the device that is written", () => {
  const observations = passes(12, 200 * MB).map((observation) => ({
    ...observation,
    devices: [...observation.devices, device("gpu", { stopcopyBytes: 250 * MB })],
  }));
  const { verdict } = over(gigabyteLink, observations);
  expect(verdict).toMatchObject({ kind: "hopeless", inputs: { device: "ram" } });
});

test("C7: a cap of one's own is named before the guest is blamed, whether the link is known or not", () => {
  for (const linkBytesPerSec of [10 * GB, undefined]) {
    const policy = { downtimeLimitMs: 300, linkBytesPerSec, capBytesPerSec: GB };
    const { verdict } = over(policy, passes(10, 6 * GB));
    expect(verdict).toMatchObject({ kind: "needsMore", code: "BANDWIDTH_CAP", inputs: { capBytesPerSec: GB } });
    expect(verdict.sentence).toContain("the migration may use 1 GB/s");
  }
});

test("C7: a guest that would outrun the link too is blamed in spite of the cap", () => {
  const policy = { downtimeLimitMs: 300, linkBytesPerSec: 1.1 * GB, capBytesPerSec: GB };
  expect(over(policy, passes(10, 6 * GB)).verdict.kind).toBe("hopeless");
});

test("C4: the cap is lifted at the switchover, so that the link counts", () => {
  const policy = { downtimeLimitMs: 300, linkBytesPerSec: 10 * GB, capBytesPerSec: GB };
  expect(over(policy, passes(1, 2 * GB)).verdict.kind).toBe("ready");
});

test("the time to come is told only where sending outpaces writing and the rest can fit", () => {
  const moving = over(gigabyteLink, passes(1, 10 * GB));
  expect(moving.etaMs).toBeCloseTo(9_712, -2);
  const first = seen({
    wireBytes: GB,
    busyMs: 1000,
    devices: [device("gpu", { precopyBytes: GB, stopcopyBytes: 299 * MB })],
  });
  expect(judge(noConvergence, first, gigabyteLink).etaMs).toBeUndefined();
});
