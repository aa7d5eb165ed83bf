import { describe, expect, test } from "vitest";
import { events, phaseOf, states } from "../../test/events.ts";
import { facts, precopy, switchover } from "../../test/facts.ts";
import { GB, MB, device, seen, stored } from "../../test/figures.ts";
import { plainLimits } from "../../test/policies.ts";
import type { MigrationEvent, Step } from "./events.ts";
import { deadlineOf, outstanding } from "./outstanding.ts";
import { type Migration, isEnded, queued } from "./state.ts";
import { step } from "./step.ts";
import { isBeingCancelled, isUnknown, unknownAfterMs } from "./switchover.ts";

const epoch = facts.epoch + 1;

function after(state: Migration, ...what: (keyof typeof events)[]): Step<Migration> {
  return what.reduce<Step<Migration>>((before, name) => step(before.state, eventOf(name), 10), {
    state,
    effects: [],
    notices: [],
  });
}

function eventOf(name: string): MigrationEvent {
  const event = events[name];
  if (event === undefined) throw new Error(`No event is called ${name}`);
  return event;
}

function reasonOf(state: Migration) {
  if (!isEnded(state)) throw new Error("It has not ended");
  return state.reason;
}

function commandsOf({ effects }: Step<Migration>): string[] {
  return effects.map(({ to, command }) => `${command.type} to ${to}`);
}

describe("M1 to M7: before the stop", () => {
  test("M1: a queued migration shows what it waits for, and says so once", () => {
    const first = after(queued(facts, plainLimits), "waits");
    expect(first.state).toMatchObject({ phase: "queued", waitsFor: { code: "SLOTS_TAKEN" } });
    expect(first.notices).toHaveLength(1);
    expect(step(first.state, eventOf("waits"), 20).notices).toEqual([]);
  });

  test("M2: a destination is asked only once the source has said what it has, and is told that", () => {
    const { effects } = after(queued(facts, plainLimits), "admitted", "sourcePrepared");
    const peers = [{ name: "ram", sizeBytes: GB }];
    expect(effects).toEqual([{ to: "destination", command: { type: "prepareDestination", epoch, peers } }]);
  });

  test("M2: a side that declines ends it with its own code, its words and what to do", () => {
    const { state } = after(queued(facts, plainLimits), "admitted", "sourcePrepared", "destination declined");
    expect(reasonOf(state)).toMatchObject({ code: "BROKEN", sentence: "beta declined: a disk failed. Make room." });
  });

  test("M2: a side that does not prepare in time is named", () => {
    const { state: waiting } = after(queued(facts, plainLimits), "admitted");
    const limit = deadlineOf(waiting) ?? 0;
    expect(step(waiting, { type: "tick" }, limit - 1).state.phase).toBe("preflight");
    const late = step(waiting, { type: "tick" }, limit).state;
    expect(late.phase).toBe("failed");
    expect(reasonOf(late).sentence).toBe("alpha did not prepare within 30 s.");
  });

  test("M3: a report that leaves out a device is not judged", () => {
    expect(step(precopy, eventOf("report without a device"), 10)).toEqual({ state: precopy, effects: [], notices: [] });
  });

  test("M3: a hopeless verdict aborts it, with the verdict's code and figures", () => {
    const { state, notices } = after(precopy, "report hopeless");
    expect(state).toMatchObject({ phase: "aborted", verdict: { kind: "hopeless", code: "STOP_ONLY" } });
    expect(reasonOf(state).code).toBe("STOP_ONLY");
    expect(reasonOf(state).sentence).toContain("web goes on serving on alpha.");
    expect(notices.map((notice) => notice.type)).toEqual(["migration.verdict", "migration.phase"]);
  });

  test("M3: a verdict is told once, when it changes", () => {
    const first = after(precopy, "report far");
    expect(first.notices).toHaveLength(1);
    expect(after(first.state, "report far").notices).toEqual([]);
  });

  test("M4: the deadline counts from the admission, and ends it at that moment", () => {
    const started = { ...precopy, heardAt: 599_000, course: { ...precopy.course, startedAt: 0 } };
    expect(deadlineOf(started)).toBe(600_000);
    expect(step(started, { type: "tick" }, 599_999).state.phase).toBe("precopy");
    expect(reasonOf(step(started, { type: "tick" }, 600_000).state).code).toBe("DEADLINE");
    expect(reasonOf(step(started, eventOf("report exact"), 600_000).state).code).toBe("DEADLINE");
  });

  test("M5: an exact figure counts only as the answer to the open question", () => {
    const state = { ...precopy, exact: { sequence: 2, askedAt: 0, open: true } };
    expect(step(state, eventOf("report exact"), 10).state.phase).toBe("precopy");
    expect(step(precopy, eventOf("report exact"), 10).state.phase).toBe("switchover");
    const answered = { ...precopy, exact: { ...precopy.exact, open: false } };
    expect(step(answered, eventOf("report exact"), 10).state.phase).toBe("precopy");
  });

  test("M5: one question is open at a time, and is put again when its answer does not come", () => {
    const reportAt = (state: Migration, ms: number) => {
      const ram = device("ram", { precopyBytes: MB, rounds: 1, sentBytes: GB });
      const { exact: _, ...observation } = seen({ atMs: ms, wireBytes: GB, busyMs: 1_000, devices: [ram] });
      return step(state, { type: "report", observation }, ms);
    };
    const first = reportAt(precopy, 0);
    const waiting = reportAt(first.state, 5_000);
    expect([first.effects, waiting.effects]).toEqual([[], []]);
    const again = reportAt(waiting.state, 5_100);
    expect(again.effects).toEqual([{ to: "source", command: { type: "exact", sequence: 2 } }]);
    // An answer to the question before is by now an estimate.
    expect(step(again.state, eventOf("report exact"), 5_200).state.phase).toBe("precopy");
  });

  test("M6: an agent that has forgotten ends precopy, and a destination that has revoked does so too", () => {
    for (const [name, code] of Object.entries({
      "source restarted": "SOURCE_RESTARTED",
      "destination restarted": "DESTINATION_RESTARTED",
      "destination has revoked": "DESTINATION_RESTARTED",
    })) {
      const { state } = after(precopy, name);
      expect(state.phase).toBe("failed");
      expect(reasonOf(state).code).toBe(code);
    }
  });

  test("M7: a source that is silent for half a minute is given up, and a destination that connects does not speak for it", () => {
    const { state } = step(precopy, eventOf("destination connected"), 20_000);
    expect(deadlineOf(state)).toBe(30_000);
    expect(step(state, { type: "tick" }, 29_999).state.phase).toBe("precopy");
    expect(reasonOf(step(state, { type: "tick" }, 30_000).state).code).toBe("REPORTS_LOST");
    expect(step(step(precopy, eventOf("report far"), 20_000).state, { type: "tick" }, 30_000).state.phase).toBe(
      "precopy",
    );
  });
});

describe("M8 to M14: from the stop on", () => {
  test("M8: silence changes nothing but what is asked again, a second after the last time", () => {
    for (const stage of ["refusing", "granting", "reclaiming"] as const) {
      const state = switchover(stage);
      expect(deadlineOf(state)).toBe(1_000);
      expect(step(state, { type: "tick" }, 999)).toEqual({ state, effects: [], notices: [] });
      const later = step(state, { type: "tick" }, 86_400_000);
      expect(later).toEqual({ state: { ...state, askedAt: 86_400_000 }, effects: outstanding(state), notices: [] });
    }
  });

  test("M8: while neither side says anything the run is unknown", () => {
    const state = switchover("granting");
    expect(isUnknown(state, unknownAfterMs - 1)).toBe(false);
    expect(isUnknown(state, unknownAfterMs)).toBe(true);
    const heard = step(state, eventOf("source connected"), 9_000).state;
    expect(heard.phase === "switchover" && isUnknown(heard, unknownAfterMs + 8_999)).toBe(false);
  });

  test("M8: a switchover that is cancelled is so only if the source keeps the guest", () => {
    const asked = after(switchover("freezing"), "cancel");
    expect(asked.state).toMatchObject({ phase: "switchover", stage: "refusing" });
    expect(isBeingCancelled(asked.state)).toBe(true);
    const kept = after(asked.state, "refused").state;
    expect(kept).toMatchObject({ phase: "aborted", reason: { code: "CANCELLED" }, owner: { role: "source", epoch } });
    expect(after(asked.state, "released", "running").state.phase).toBe("completed");
    expect(isBeingCancelled(kept)).toBe(false);
    for (const stage of ["refusing", "granting", "reclaiming"] as const)
      expect(step(switchover(stage), { type: "cancel" }, 10).state).toEqual(switchover(stage));
  });

  test("M9: whatever was thought before, a destination that runs has completed it", () => {
    for (const stage of ["freezing", "refusing", "granting", "reclaiming"] as const) {
      const { state } = after(switchover(stage), "running");
      expect(state).toMatchObject({ phase: "completed", owner: { role: "destination", epoch }, owes: ["source"] });
    }
  });

  test("M9: a source that has kept or taken back the guest owns it at a higher epoch than before", () => {
    expect(after(switchover("freezing"), "refused").state).toMatchObject({
      phase: "failed",
      owner: { role: "source", epoch },
    });
    expect(after(switchover("reclaiming"), "reclaimed").state).toMatchObject({
      phase: "failed",
      owner: { role: "source", epoch: epoch + 1 },
    });
  });

  test("M9: the downtime is the source's part, half a round trip and the destination's part, whoever speaks first", () => {
    for (const order of [
      ["released", "running"],
      ["running", "released"],
    ]) {
      const { state } = after(switchover("freezing"), ...order);
      expect(state).toMatchObject({ phase: "completed", downtimeMs: 45.5, released: { stoppedBytes: MB } });
      expect(reasonOf(state).sentence).toBe("web runs on beta; it was stopped for 45.5 ms.");
      expect(state.course.devices[0]).toMatchObject({ digest: "ab", timings: { stopMs: 3, loadMs: 2 } });
    }
  });

  test("M10: a switchover that takes ten times its limit, at least 15 s, is to be refused; the source decides", () => {
    for (const [downtimeLimitMs, limitMs] of [
      [300, 15_000],
      [20_000, 200_000],
    ] as const) {
      const state = { ...switchover("freezing"), limits: { ...plainLimits, downtimeLimitMs } };
      expect(phaseOf(step(state, { type: "tick" }, limitMs - 1).state)).toBe("freezing");
      const late = step(state, { type: "tick" }, limitMs);
      expect(phaseOf(late.state)).toBe("refusing");
      expect(phaseOf(step(late.state, eventOf("released"), limitMs + 10).state)).toBe("granting");
      const kept = step(late.state, eventOf("refused"), limitMs + 10).state;
      expect(reasonOf(kept).code).toBe("SWITCHOVER_TIMEOUT");
    }
  });

  test("M11: the source is asked to take the guest back only after it has released and the destination has revoked", () => {
    expect(commandsOf(after(switchover("freezing"), "revoked"))).toEqual(["refuse to source"]);
    expect(commandsOf(after(switchover("freezing"), "released", "revoked"))).toEqual(["reclaim to source"]);
    expect(reasonOf(after(switchover("freezing"), "released", "revoked", "reclaimed").state).code).toBe(
      "DESTINATION_REVOKED",
    );
  });

  test("M11: a revocation that is heard again while the source takes the guest back changes nothing", () => {
    const { state } = after(switchover("freezing"), "released", "revoked");
    expect(phaseOf(after(state, "revoked").state)).toBe("reclaiming");
  });

  test("M12: what an ended migration owes is asked for every five seconds until it is answered", () => {
    const { state } = after(precopy, "cancel");
    expect(deadlineOf(state)).toBe(5_010);
    expect(commandsOf(step(state, { type: "tick" }, 5_010))).toEqual(["abort to source", "abort to destination"]);
    const half = after(state, "source abortDone");
    expect(commandsOf(step(half.state, { type: "tick" }, 6_000))).toEqual(["abort to destination"]);
    const { state: settled } = after(half.state, "destination abortDone");
    expect(deadlineOf(settled)).toBeUndefined();
    expect(outstanding(settled)).toEqual([]);
  });

  test("M14: in every phase, what is outstanding is the same after the state was stored and read again", () => {
    for (const [name, state] of Object.entries(states)) {
      expect([name, outstanding(stored(state))]).toEqual([name, outstanding(state)]);
      expect([name, deadlineOf(stored(state))]).toEqual([name, deadlineOf(state)]);
    }
  });
});

test("M3: figures of a device that nobody asked about change nothing in the course", () => {
  const devices = [device("ram", { precopyBytes: 3 * GB, rounds: 2 }), device("stranger", { precopyBytes: 1 })];
  const { state } = step(precopy, { type: "report", observation: seen({ devices }) }, 10);
  expect(state.course.devices.map(({ name, rounds }) => ({ name, rounds }))).toEqual([{ name: "ram", rounds: 2 }]);
});
