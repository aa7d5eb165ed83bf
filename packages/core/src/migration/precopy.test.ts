import { describe, expect, test } from "vitest";
import { facts, precopy } from "../../test/facts.ts";
import { GB, MB, device, seen, stored } from "../../test/figures.ts";
import { reports } from "../../test/judging.ts";
import { plainLimits } from "../../test/policies.ts";
import { asPrecopy, fed, reportOf } from "../../test/reporting.ts";
import type { Rung } from "../convergence/policy.ts";
import { outstanding } from "./outstanding.ts";
import { type Precopy, isEnded } from "./state.ts";
import { step } from "./step.ts";

/** It settles at 800 MB over a link of 1 GB/s, and the limit is 300 ms. */
const settled = reports({ count: 240, everyMs: 250 });

function withLadder(...ladder: Rung[]): Precopy {
  return { ...precopy, canThrottle: true, limits: { ...plainLimits, ladder } };
}

function commandsOf(effects: { command: { type: string } }[], type: string) {
  return effects.flatMap(({ command }) => (command.type === type ? [command] : []));
}

function isHold({ command }: { command: Record<string, unknown> }): boolean {
  return command["type"] === "pace" && command["hold"] === true;
}

describe("C12: reports that leave a device out", () => {
  const part: Precopy = { ...precopy, facts: { ...facts, devices: [...facts.devices, { name: "gpu", kind: "gpu" }] } };

  test("C12: decide nothing, and after half a minute without a whole one it is given up", () => {
    let state: ReturnType<typeof step>["state"] = part;
    for (const observation of settled.slice(0, 120))
      state = step(state, reportOf(observation, part), observation.atMs).state;
    expect(asPrecopy(state).verdict.code).toBe("MEASURING");
    expect(step(state, { type: "tick" }, 29_999).state.phase).toBe("precopy");
    const ended = step(state, { type: "tick" }, 30_000).state;
    expect(isEnded(ended) && ended.reason.code).toBe("REPORTS_LOST");
  });

  test("C12: a whole one in between begins the half minute anew", () => {
    const [first, second] = settled;
    if (first === undefined || second === undefined) throw new Error("There are more");
    const whole = { ...first, devices: [...first.devices, device("gpu")] };
    const heard = step(part, reportOf(whole, part), 20_000).state;
    const left = step(heard, reportOf(second, asPrecopy(heard)), 40_000).state;
    expect(step(left, { type: "tick" }, 49_999).state.phase).toBe("precopy");
    expect(step(left, { type: "tick" }, 50_000).state.phase).toBe("failed");
  });
});

describe("C10: what is done before it is given up", () => {
  test("C10: nothing is sent for a moment, which is told, and the reason names what that showed", () => {
    const { state, effects, notices } = fed(precopy, settled);
    expect(commandsOf(effects, "pace")).toEqual([{ type: "pace", hold: true }]);
    expect(notices.map(({ type, data }) => [type, data["code"] ?? data["mode"]])).toEqual([
      ["migration.verdict", "CONVERGING"],
      ["migration.verdict", "WORKING_SET"],
      ["migration.decision", "WORKING_SET"],
      ["migration.phase", "WORKING_SET"],
    ]);
    if (!isEnded(state)) throw new Error("It has not ended");
    expect(state).toMatchObject({ phase: "aborted", owes: ["source", "destination"] });
    expect(state.reason.inputs).toHaveProperty("workingSetBytes");
    expect(state.reason.sentence).toContain("web goes on serving on alpha.");
  });

  test("C10: what gathers meanwhile does not show as a longer downtime, in the sentence or beside it", () => {
    const until = settled.findIndex((_, index) => fed(precopy, settled.slice(0, index)).effects.some(isHold));
    const gathering = settled.slice(until).map((each, index) => ({
      ...each,
      devices: [device("ram", { precopyBytes: (800 + 200 * index) * MB, rounds: 1, sentBytes: each.wireBytes })],
    }));
    const { state } = fed(precopy, [...settled.slice(0, until), ...gathering]);
    if (!isEnded(state)) throw new Error("It has not ended");
    expect(state.reason.inputs["predictedDowntimeMs"]).toBeCloseTo(state.course.predicted?.midMs ?? 0, 6);
    expect(state.course.predicted?.midMs).toBeLessThan(900);
    expect(state.course.devices[0]?.pending?.precopyBytes).toBeGreaterThan(1_200 * MB);
  });

  test("C10: while a quiet period is waited for a twentieth of what the link gives may be sent", () => {
    const history = [...Array.from({ length: 30 }, () => GB), 0];
    const dirty = { everyMs: 10_000, bytesPerSec: history, curve: [] };
    const { state, effects, notices } = fed({ ...precopy, dirty }, settled);
    expect(asPrecopy(state).consideration.conduct.mode.kind).toBe("watching");
    expect(commandsOf(effects, "pace")).toEqual([{ type: "pace", bandwidthBytesPerSec: 50 * MB, hold: false }]);
    expect(notices.at(-1)).toMatchObject({
      type: "migration.decision",
      data: { mode: "watching", code: "WORKING_SET" },
      sentence:
        "The guest's history shows quiet periods: for up to 7.83 min it is watched for one, at a few per cent of the link.",
    });
    // A lower cap of its own stays.
    const capped = {
      ...precopy,
      dirty,
      limits: { ...plainLimits, bandwidthBytesPerSec: MB },
      pace: { bandwidthBytesPerSec: MB, hold: false },
    };
    expect(commandsOf(fed(capped, settled).effects, "pace")).toEqual([]);
  });

  test("C10: a longer downtime becomes the limit, is told with its cost, and the guest is switched over", () => {
    const { state, notices } = fed(withLadder({ remedy: "downtimeLimit", maxMs: 5_000 }), settled);
    expect(state.phase).toBe("switchover");
    expect(state.limits.downtimeLimitMs).toBeGreaterThan(800);
    const told = notices.find(({ data }) => data["remedy"] === "downtimeLimit");
    expect(told).toMatchObject({ type: "migration.decision", data: { code: "WORKING_SET" } });
    expect(told?.data["pauseMs"]).toBeGreaterThan(800);
  });

  test("C10: a guest that is slowed down stays so until the switchover, also when its source connects again", () => {
    const { state, effects } = fed(withLadder({ remedy: "throttle", maxShare: 0.5 }), settled.slice(0, 70));
    const [throttle] = commandsOf(effects, "throttle");
    const { throttle: share } = asPrecopy(state).consideration.conduct;
    expect(throttle).toEqual({ type: "throttle", share });
    expect(share).toBeGreaterThan(0);
    expect(commandsOf(outstanding(stored(state)), "throttle")).toEqual([throttle]);
    const { effects: again } = step(state, { type: "connected", role: "source", attempt: "owns" }, 20_000);
    expect(again.map(({ command }) => command.type)).toEqual(["precopy", "pace", "throttle"]);
  });

  test("C7, C10: a cap is lifted where the policy lets it, and the source is told", () => {
    const limits = { ...plainLimits, bandwidthBytesPerSec: 500 * MB, ladder: [{ remedy: "bandwidth" as const }] };
    const capped: Precopy = { ...precopy, limits, pace: { bandwidthBytesPerSec: 500 * MB, hold: false } };
    const { state, effects, notices } = fed(capped, settled.slice(0, 60));
    expect(state.limits.bandwidthBytesPerSec).toBeUndefined();
    expect(commandsOf(effects, "pace")[0]).toEqual({ type: "pace", hold: false });
    expect(notices.filter(({ data }) => data["remedy"] === "bandwidth")).toHaveLength(1);
  });

  test("C10, M16: a forced switchover is told as one", () => {
    const { state, notices } = fed(withLadder({ remedy: "force" }), settled);
    expect(state.phase).toBe("switchover");
    expect(notices.at(-1)).toMatchObject({ data: { phase: "switchover", forced: "minimum" } });
    expect(notices.at(-1)?.sentence).toMatch(/^Switching over: as its policy wants it, whatever the limit: /);
  });
});

describe("M16: a switchover that is asked for", () => {
  const ask = { type: "switchoverAsked", at: "now", by: "ann" } as const;

  test("M16: is told with who asked and what downtime is predicted, and comes with the next exact figures", () => {
    const { state: before } = fed(precopy, settled.slice(0, 12));
    const asked = step(before, ask, 3_000);
    expect(asked.notices).toEqual([
      {
        type: "migration.changed",
        sentence: "ann asked for the switchover now, whatever the limit.",
        data: { by: "ann", switchover: "now", predictedDowntimeMs: before.course.predicted?.midMs },
      },
    ]);
    const { state } = fed(asked.state, settled.slice(12, 15));
    expect(state).toMatchObject({ phase: "switchover", stage: "freezing" });
  });

  test("M16: asked for twice changes nothing, and at the minimum waits for a low", () => {
    const once = step(precopy, ask, 0).state;
    expect(step(once, ask, 10)).toEqual({ state: once, effects: [], notices: [] });
    const minimum = step(precopy, { ...ask, at: "minimum" }, 0);
    expect(minimum.notices[0]?.sentence).toBe(
      "ann asked for the switchover at the next low of its predicted downtime, whatever the limit.",
    );
    const { state } = fed(minimum.state, settled);
    expect(state.phase).toBe("switchover");
    expect(state.course.switchoverAt).toBeGreaterThanOrEqual(2_000);
  });

  test("M16: ends a moment without sending, so that the source goes on", () => {
    const at = settled.findIndex((_, index) =>
      fed(precopy, settled.slice(0, index)).effects.some(({ command }) => command.type === "pace"),
    );
    const looking = fed(precopy, settled.slice(0, at)).state;
    expect(asPrecopy(looking).pace.hold).toBe(true);
    const { effects } = step(looking, ask, 60_000);
    expect(effects).toEqual([{ to: "source", command: { type: "pace", hold: false } }]);
  });

  test("M16: is not heard before precopy", () => {
    const queued = { ...precopy, phase: "queued" as const };
    expect(step(queued, ask, 10).state).toBe(queued);
  });
});

describe("L2: what was learnt", () => {
  test("L2: scales what back ends declare of their own time, in what is judged and in what is shown", () => {
    const learned = { costFactors: { ram: 2.5 }, migrations: 5 };
    const observation = seen({ devices: [device("ram", { precopyBytes: GB, fixedMs: 20 })] });
    const state = asPrecopy(
      step({ ...precopy, facts: { ...facts, learned } }, reportOf(observation, precopy), 10).state,
    );
    expect(state.course.devices[0]?.pending?.fixedMs).toBe(50);
    const plain = asPrecopy(step(precopy, reportOf(observation, precopy), 10).state);
    expect((state.course.predicted?.fixedMs ?? 0) - (plain.course.predicted?.fixedMs ?? 0)).toBeCloseTo(30, 9);
  });
});

test("C10: that postcopy was passed over is told where the ladder comes to it, with the device that cannot", () => {
  const postcopy = { remedy: "postcopy" as const };
  const ended = fed(withLadder(postcopy), settled).state;
  expect(isEnded(ended) && ended.reason.sentence).toMatch(/Postcopy is passed over: ram \(memory\) cannot go on/);
  const { notices } = fed(withLadder(postcopy, { remedy: "force" }), settled);
  expect(notices.find(({ data }) => data["remedy"] === "force")?.sentence).toContain("Postcopy is passed over");
  const first = fed(withLadder({ remedy: "downtimeLimit", maxMs: 5_000 }, postcopy), settled).notices;
  expect(first.find(({ data }) => data["remedy"] === "downtimeLimit")?.sentence).not.toContain("Postcopy");
});
