import { describe, expect, test } from "vitest";
import { facts, precopy } from "../../test/facts.ts";
import { GB, MB } from "../../test/figures.ts";
import { plainLimits } from "../../test/policies.ts";
import { considerationAtStart } from "../convergence/consider.ts";
import type { DirtyHistory } from "../outlook/dirty-history.ts";
import type { Limits } from "./limits.ts";
import { type Facts, isEnded, queued } from "./state.ts";
import { step } from "./step.ts";

const peers = [{ name: "ram", sizeBytes: 8 * GB }];
/** Two gigabytes within a second, over a link that carries one. */
const outrun: DirtyHistory = {
  everyMs: 10_000,
  bytesPerSec: [2 * GB, 2 * GB, 2 * GB],
  curve: [
    { overMs: 250, bytes: 200 * MB },
    { overMs: 1_000, bytes: 2 * GB },
  ],
};

function prepared(dirty: DirtyHistory | undefined, limits: Partial<Limits> = {}, over: Partial<Facts> = {}) {
  const admitted = step(queued({ ...facts, ...over }, { ...plainLimits, ...limits }), { type: "admitted" }, 0).state;
  return step(admitted, { type: "sourcePrepared", peers, dirty }, 10);
}

describe("C11: before anything moves", () => {
  test("C11: a guest that is written faster than it can be sent is aborted, with the window as the evidence", () => {
    const { state, notices } = prepared(outrun);
    if (!isEnded(state)) throw new Error("It has not ended");
    expect(state).toMatchObject({
      phase: "aborted",
      reason: { code: "DIRTY_RATE", inputs: { writtenBytes: 2 * GB, overMs: 1_000, beforeStart: true } },
    });
    expect(state.reason.sentence).toBe(
      "2 GB of the guest are written within 1 s, and at most 1 GB/s can be sent: at no moment is so little left that it fits " +
        "the limit of 300 ms. Nothing was moved; web goes on serving on alpha.",
    );
    expect(notices.map(({ type }) => type)).toEqual(["migration.phase"]);
  });

  test("C11: it is tried all the same where a remedy is allowed or patience is asked for, or nothing is known of the guest", () => {
    const phases = [
      prepared(outrun, { ladder: [{ remedy: "force" }] }),
      prepared(outrun, { patience: "patient" }),
      prepared(outrun, { patience: "untilDeadline" }),
      prepared(undefined),
      prepared({ ...outrun, curve: [] }),
    ].map(({ state }) => state.phase);
    expect(phases).toEqual(["preflight", "preflight", "preflight", "preflight", "preflight"]);
    expect(prepared(outrun, { patience: "impatient" }).state.phase).toBe("aborted");
  });

  test("C11, L2: what was learnt of the way counts", () => {
    const learned = { migrations: 3, costFactors: {} };
    const unknown = { linkBytesPerSec: undefined };
    expect(prepared(outrun, {}, unknown).state.phase).toBe("preflight");
    expect(prepared(outrun, {}, { ...unknown, learned: { ...learned, bandwidthBytesPerSec: GB } }).state.phase).toBe(
      "aborted",
    );
    expect(
      prepared(outrun, {}, { ...unknown, learned: { ...learned, bandwidthBytesPerSec: 3 * GB } }).state.phase,
    ).toBe("preflight");
  });
});

test("M2, C10: what the source tells of its devices and of the guest's past goes with it into precopy", () => {
  const calm: DirtyHistory = { everyMs: 10_000, bytesPerSec: [1, 2, 3], curve: [{ overMs: 1_000, bytes: 5 }] };
  const admitted = step(queued(facts, { ...plainLimits, bandwidthBytesPerSec: 7 * MB }), { type: "admitted" }, 0).state;
  const slowable = peers.map((peer) => ({ ...peer, canThrottle: true }));
  const told = step(admitted, { type: "sourcePrepared", peers: slowable, dirty: calm }, 10).state;
  const { state, effects } = step(told, { type: "destinationPrepared" }, 20);
  expect(state).toMatchObject({
    phase: "precopy",
    canThrottle: true,
    dirty: calm,
    pace: { bandwidthBytesPerSec: 7 * MB, hold: false },
    consideration: considerationAtStart,
    course: { startedAt: 0, precopyAt: 20 },
  });
  expect(effects.map(({ command }) => command)).toEqual([
    { type: "precopy" },
    { type: "pace", bandwidthBytesPerSec: 7 * MB, hold: false },
  ]);
  const plain = step(prepared(calm).state, { type: "destinationPrepared" }, 20).state;
  expect(plain).toMatchObject({ phase: "precopy", canThrottle: false, pace: precopy.pace });
});
