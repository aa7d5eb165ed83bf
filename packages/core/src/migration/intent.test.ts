import { expect, test } from "vitest";
import { states } from "../../test/events.ts";
import { facts, precopy } from "../../test/facts.ts";
import { GB } from "../../test/figures.ts";
import { reports } from "../../test/judging.ts";
import { hopeless, ready } from "../../test/judgements.ts";
import { plainLimits } from "../../test/policies.ts";
import { asPrecopy, fed } from "../../test/reporting.ts";
import { intentOf } from "./intent.ts";
import type { Limits } from "./limits.ts";
import { type Precopy } from "./state.ts";

function withLimits(limits: Partial<Limits>, over: Partial<Precopy> = {}): Precopy {
  return { ...precopy, ...over, limits: { ...plainLimits, ...limits } };
}

/** Blocked since 20 s, at 30 s of the judge's clock, after a first pass of 8 s. */
function blocked(limits: Partial<Limits>): Precopy {
  const { conduct, convergence } = precopy.consideration;
  const pass = { sizeBytes: GB, sentBytes: GB, counted: { epoch: 0, sentBytes: GB }, doneMs: 8_000, activity: [] };
  const clock = { nowMs: 30_000, sourceMs: 30_000, silentMs: 0 };
  const consideration = {
    conduct: { ...conduct, blockedSinceMs: 20_000 },
    convergence: { ...convergence, pass, clock },
  };
  return withLimits(limits, { verdict: hopeless, consideration });
}

test("nothing is intended but to go on, in any phase but precopy and while nothing speaks against it", () => {
  const intended = Object.entries(states).filter(([, state]) => intentOf(state, 0) !== undefined);
  expect(intended.map(([name]) => name)).toEqual(["precopy, to be switched over"]);
});

test("C9: a blocked verdict is acted on when its patience is over, which is told ahead", () => {
  expect(intentOf(blocked({ patience: "patient" }), 0)).toEqual({
    kind: "abort",
    sentence: "If that stays so, it is aborted in 42 s.",
    inMs: 42_000,
  });
  expect(intentOf(blocked({ patience: "patient", ladder: [{ remedy: "force" }] }), 0)?.sentence).toBe(
    "If that stays so, the next remedy of its ladder is taken, or it is aborted in 42 s.",
  );
  expect(intentOf(blocked({ patience: "untilDeadline" }), 0)).toEqual({
    kind: "wait",
    sentence: "It goes on until its deadline, as its patience says.",
    inMs: undefined,
  });
});

test("M15: what is ready and held, or before its window, says so", () => {
  expect(intentOf(withLimits({ hold: true }, { verdict: ready }), 0)).toEqual({
    kind: "hold",
    sentence: "It is ready and held until it is let go.",
    inMs: undefined,
  });
  const window = { from: "01:00", to: "02:00" };
  expect(intentOf(withLimits({ window }, { verdict: ready }), 0)?.sentence).toBe(
    "It is ready and waits for its window, 01:00 to 02:00 UTC.",
  );
  expect(intentOf(withLimits({ window }, { verdict: ready }), 3_600_000)).toBeUndefined();
});

test("M16: a switchover that was asked for is what is intended, whatever the verdict", () => {
  const wishing = (at: "now" | "minimum") => {
    const { conduct, convergence } = precopy.consideration;
    const state = {
      ...precopy,
      verdict: hopeless,
      consideration: { convergence, conduct: { ...conduct, wish: { at, sinceMs: 0 } } },
    };
    return intentOf(state, 0);
  };
  expect(wishing("now")).toMatchObject({
    kind: "switchover",
    sentence: "It is switched over as soon as exact figures are there, whatever the limit.",
  });
  expect(wishing("minimum")).toMatchObject({
    kind: "switchover",
    sentence: "It is switched over at the next low of the predicted downtime, whatever the limit.",
  });
});

test("S16: one that steps back says so, whatever its verdict and whoever wants it switched over", () => {
  const share = {
    guaranteedBytesPerSec: 1e6,
    bytesPerSec: 0,
    reservedBytesPerSec: 1e8,
    mostBytesPerSec: 1e8,
    because: { code: "SHARE", sentence: "It has nothing.", inputs: {} },
    conditions: {
      destinationId: "b",
      shareBytesPerSec: 1e8,
      downtimeLimitMs: 300,
      neededBytesPerSec: undefined,
      facts: "",
    },
  };
  const { conduct, convergence } = precopy.consideration;
  const wish = { at: "now" as const, sinceMs: 0 };
  const wishing = { ...precopy, consideration: { convergence, conduct: { ...conduct, wish } } };
  const window = { from: "01:00", to: "02:00" };
  for (const state of [
    withLimits({ window }, { verdict: ready }),
    blocked({ patience: "patient" }),
    wishing,
    precopy,
  ]) {
    const told = intentOf({ ...state, share }, 5_400_000);
    expect(told).toMatchObject({ kind: "hold", sentence: expect.stringMatching(/^Another migration on its path/) });
    const atRest = { ...share, bytesPerSec: 1e8 };
    expect(intentOf({ ...state, share: atRest }, 5_400_000)?.sentence).not.toBe(told?.sentence);
  }
});

test("C10: waiting for a quiet period and looking at the working set are told while they last", () => {
  const settled = reports({ count: 240, everyMs: 250 });
  const dirty = { everyMs: 10_000, bytesPerSec: [...Array.from({ length: 30 }, () => GB), 0], curve: [] };
  const watching = asPrecopy(fed({ ...precopy, facts, dirty }, settled).state);
  expect(intentOf(watching, 60_000)).toMatchObject({ kind: "watch" });
  expect(intentOf(watching, 60_000)?.sentence).toMatch(
    /^A quiet period is waited for, at a few per cent of the link, for up to 7\.\d+ min\.$/,
  );
  const at = settled.findIndex((_, index) =>
    fed(precopy, settled.slice(0, index)).effects.some(({ command }) => command.type === "pace"),
  );
  expect(intentOf(fed(precopy, settled.slice(0, at)).state, 0)).toMatchObject({
    kind: "diagnose",
    sentence: "Nothing is sent for a moment, to see how the guest is written.",
  });
});
