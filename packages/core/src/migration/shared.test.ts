import { describe, expect, test } from "vitest";
import { facts, precopy } from "../../test/facts.ts";
import { MB } from "../../test/figures.ts";
import { plainLimits } from "../../test/policies.ts";
import { reports } from "../../test/judging.ts";
import { asPrecopy, fed } from "../../test/reporting.ts";
import { reason } from "../reason.ts";
import type { MigrationEvent } from "./events.ts";
import { intentOf } from "./intent.ts";
import { policyOf } from "./policy-of.ts";
import { plainScheduling as plain, type Share } from "./scheduling.ts";
import { type Precopy, queued } from "./state.ts";
import { step } from "./step.ts";

const because = reason("SHARE", "It has what it was promised.");
const share: Share = {
  guaranteedBytesPerSec: 20 * MB,
  bytesPerSec: 40 * MB,
  reservedBytesPerSec: 80 * MB,
  mostBytesPerSec: 40 * MB,
  because,
  conditions: { destinationId: "b", shareBytesPerSec: 40 * MB, downtimeLimitMs: 300, neededBytesPerSec: 1, facts: "" },
};
const running: Precopy = { ...precopy, share, pace: { bandwidthBytesPerSec: 40 * MB, hold: false } };

function shared(bytesPerSec: number | undefined): MigrationEvent {
  return { type: "shared", bytesPerSec, reservedBytesPerSec: 80 * MB, because };
}

function paceAfter(before: Precopy, event: MigrationEvent) {
  return step(before, event, 0).effects.flatMap(({ command }) => (command.type === "pace" ? [command] : []));
}

describe("S16: a share", () => {
  test("S16: that changes is carried out at once and told; one that stays is neither", () => {
    expect(paceAfter(running, shared(60 * MB))).toEqual([{ type: "pace", bandwidthBytesPerSec: 60 * MB, hold: false }]);
    expect(step(running, shared(60 * MB), 0).notices).toMatchObject([
      { type: "migration.share", sentence: "Its share is 60 MB/s, after 40 MB/s: It has what it was promised." },
    ]);
    expect(step(running, shared(40 * MB), 0)).toMatchObject({ effects: [], notices: [] });
  });

  test("S16: never is more than the migration's own cap allows", () => {
    const capped = { ...running, limits: { ...plainLimits, bandwidthBytesPerSec: 50 * MB } };
    expect(paceAfter(capped, shared(60 * MB))).toEqual([{ type: "pace", bandwidthBytesPerSec: 50 * MB, hold: false }]);
    expect(paceAfter(capped, shared(undefined))).toEqual([
      { type: "pace", bandwidthBytesPerSec: 50 * MB, hold: false },
    ]);
  });

  test("S16: one that steps back sends nothing, is not judged and not switched over, and goes on as it was", () => {
    const { state } = step(running, shared(0), 0);
    expect(state).toMatchObject({ pace: { hold: true } });
    const ready = reports({ count: 40, everyMs: 250, ram: () => ({ precopyBytes: 0 }) });
    const after = asPrecopy(fed(state, ready).state);
    expect(after).toMatchObject({
      consideration: { conduct: running.consideration.conduct },
      verdict: running.verdict,
    });
    expect(paceAfter(after, shared(40 * MB))).toEqual([{ type: "pace", bandwidthBytesPerSec: 40 * MB, hold: false }]);
  });

  test("S7: and its own cap end with the switchover, which has what its path carries and no more", () => {
    const capped = { ...running, limits: { ...plainLimits, bandwidthBytesPerSec: 10 * MB } };
    const freezes = (before: Precopy) =>
      fed(before, reports({ count: 40, everyMs: 250, ram: () => ({ precopyBytes: 0 }) })).effects.flatMap(
        ({ command }) => (command.type === "freeze" ? [command.bandwidthBytesPerSec] : []),
      );
    expect(freezes(capped)).toEqual([80 * MB]);
    const unlimited = { ...share, bytesPerSec: undefined, reservedBytesPerSec: undefined };
    expect(freezes({ ...running, share: unlimited })).toEqual([undefined]);
  });

  test("S16, C10: the judge is told of it as of a cap that no remedy lifts, and of what is kept for the switchover", () => {
    expect(policyOf(running, 0)).toMatchObject({
      capBytesPerSec: 40 * MB,
      reservedBytesPerSec: 80 * MB,
      sharedOut: true,
    });
  });
});

describe("S9: maintenance windows", () => {
  const shut: MigrationEvent = { type: "windowed", shut: reason("WINDOW_SHUT", "Its maintenance window is shut.") };

  test("S9: while they are shut it is held at the brink, which is another thing than somebody's hold", () => {
    const { state, notices } = step(running, shut, 0);
    expect(state).toMatchObject({ windowShut: { code: "WINDOW_SHUT" }, limits: { hold: false } });
    expect(notices).toMatchObject([{ sentence: "Its maintenance window is shut." }]);
    expect(policyOf(asPrecopy(state), 0).maySwitchOver).toBe(false);
    const isReady = { ...asPrecopy(state), verdict: { ...precopy.verdict, kind: "ready" as const } };
    expect(intentOf(isReady, 0)).toMatchObject({ kind: "hold", sentence: expect.stringMatching(/maintenance window/) });
    expect(step(state, shut, 1).notices).toEqual([]);
    const { state: open } = step(state, { type: "windowed", shut: undefined }, 2);
    expect(policyOf(asPrecopy(open), 0).maySwitchOver).toBe(true);
  });

  test("S9, M15: that a window opens lets nothing go that somebody holds", () => {
    const held = { ...running, limits: { ...plainLimits, hold: true } };
    const { state } = step(step(held, shut, 0).state, { type: "windowed", shut: undefined }, 1);
    expect(policyOf(asPrecopy(state), 0).maySwitchOver).toBe(false);
  });
});

describe("S15: what waits", () => {
  const waits = (freeBytesPerSec: number, host = "alpha"): MigrationEvent => ({
    type: "waits",
    waitsFor: reason("BANDWIDTH_TAKEN", `${freeBytesPerSec} B/s are free.`, { host, freeBytesPerSec }),
    expectedStartAt: 1_000 + freeBytesPerSec,
  });

  test("S15: is told it again only when it is another thing, and shows the figures as they are", () => {
    const first = step(queued(facts, plainLimits), waits(1), 0);
    expect(first.notices).toMatchObject([{ sentence: "1 B/s are free." }]);
    const second = step(first.state, waits(2), 1);
    expect(second.notices).toEqual([]);
    expect(second.state).toMatchObject({ waitsFor: { sentence: "2 B/s are free." }, expectedStartAt: 1_002 });
    expect(step(second.state, waits(2, "beta"), 2).notices).toHaveLength(1);
  });

  test("S6: and never will start has ended, with why; no host hears of it", () => {
    const denied = step(
      queued(facts, plainLimits),
      { type: "denied", because: reason("CANNOT_CONVERGE", "It cannot move live.") },
      0,
    );
    expect(denied).toMatchObject({ state: { phase: "aborted", reason: { code: "CANNOT_CONVERGE" } }, effects: [] });
  });

  test("S10: is taken to the host that the planner has found for it, with what is known of the way there", () => {
    const placed = { destination: { id: "host-c", name: "gamma" }, linkBytesPerSec: 5, learned: undefined };
    const { state, effects } = step(queued(facts, plainLimits), { type: "admitted", share, because, placed }, 3);
    expect(state).toMatchObject({ phase: "preflight", share, facts: { ...placed, learned: undefined } });
    expect(effects).toMatchObject([{ to: "source", command: { type: "prepareSource" } }]);
  });
});

test("S9, M4: the earlier of the two deadlines ends it", () => {
  const pressed = { ...running, facts: { ...facts, scheduling: { ...plain, deadlineAt: 5_000 } } };
  expect(step(pressed, { type: "tick" }, 4_999).state.phase).toBe("precopy");
  expect(step(pressed, { type: "tick" }, 5_000).state).toMatchObject({
    phase: "aborted",
    reason: { code: "DEADLINE" },
  });
});
