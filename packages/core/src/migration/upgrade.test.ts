import { describe, expect, test } from "vitest";
import { events, phaseOf, states } from "../../test/events.ts";
import { plainLimits } from "../../test/policies.ts";
import { MB, device, seen, stored } from "../../test/figures.ts";
import { asPrecopy } from "../../test/reporting.ts";
import { storedByVersion1 } from "../../test/version-1.ts";
import { deadlineOf, outstanding } from "./outstanding.ts";
import { resume } from "./resume.ts";
import { type Migration, migrationStateVersion } from "./state.ts";
import { step } from "./step.ts";
import { upgraded } from "./upgrade.ts";

function of(name: string): Migration {
  const state = storedByVersion1[name];
  if (state === undefined) throw new Error(`Version 1 has no state called ${name}`);
  return upgraded(stored(state));
}

const names = Object.keys(storedByVersion1);

describe("M14: a state that version 1 has stored", () => {
  test("M14: there is one of every phase and stage that there was", () => {
    const since = ["revoking", "regranting", "undecided", "lost"];
    const known = Object.values(states)
      .map(phaseOf)
      .filter((phase) => !since.includes(phase));
    expect(new Set(names.map((name) => phaseOf(of(name))))).toEqual(new Set(known));
  });

  test.each(names)("M14: becomes one of this version, with its limits and all that was promised: %s", (name) => {
    const before = storedByVersion1[name];
    const state = of(name);
    expect(state.version).toBe(migrationStateVersion);
    expect(state.limits).toEqual({ ...plainLimits, bandwidthBytesPerSec: 500 * MB });
    expect(state.facts).not.toHaveProperty("limits");
    expect({ ...state.facts, limits: before?.facts.limits }).toEqual(before?.facts);
    expect(state.course).not.toHaveProperty("etaMs");
    expect(state.course).not.toHaveProperty("predicted");
    expect(state.course.devices).toHaveLength(1);
    expect(Object.keys(stored(state))).not.toContain("convergence");
    const verdicts = "verdict" in state ? [state.verdict] : [];
    expect(verdicts.map((verdict) => verdict?.thresholds)).toEqual(verdicts.map(() => ({})));
  });

  test.each(names)("M14: keeps what is outstanding and its deadline, and every event is answered: %s", (name) => {
    const state = of(name);
    const same = step(state, { type: "tick" }, 3_001);
    expect(same.state.version).toBe(migrationStateVersion);
    for (const event of Object.values(events)) {
      const { state: next } = step(resume(stored(state), 5_000), event, 5_100);
      expect(next.version).toBe(migrationStateVersion);
      expect(outstanding(stored(next))).toEqual(outstanding(next));
      expect(deadlineOf(stored(next))).toBe(deadlineOf(next));
    }
  });

  test("M14: goes where a state of this version goes, phase by phase", () => {
    const course = (from: string, ...what: string[]) =>
      what.reduce((state, event) => step(state, events[event] ?? { type: "tick" }, 5_000).state, of(from)).phase;
    expect(course("queued", "admitted", "sourcePrepared", "destinationPrepared")).toBe("precopy");
    expect(course("preflight, source asked", "sourcePrepared", "destinationPrepared")).toBe("precopy");
    expect(course("preflight, destination asked", "destinationPrepared")).toBe("precopy");
    expect(course("freezing", "released", "running")).toBe("completed");
    expect(course("refusing", "refused")).toBe("failed");
    expect(course("granting", "running")).toBe("completed");
    expect(course("reclaiming", "reclaimed")).toBe("failed");
    for (const [name, answers] of [
      ["completed", ["discarded"]],
      ["aborted", ["source abortDone", "destination abortDone"]],
      ["failed", ["source abortDone", "destination abortDone"]],
    ] as const) {
      const settled = answers.reduce(
        (state, event) => step(state, events[event] ?? { type: "tick" }, 5_000).state,
        of(name),
      );
      expect([name, settled.phase, outstanding(settled)]).toEqual([name, name, []]);
    }
  });

  test("M4, M14: in precopy it forgets what was judged and keeps its deadline, its cap and its question", () => {
    const state = asPrecopy(of("precopy"));
    expect(deadlineOf({ ...state, heardAt: 700_000 })).toBe(601_000);
    expect(outstanding(state).map(({ command }) => command)).toEqual([
      { type: "precopy" },
      { type: "pace", bandwidthBytesPerSec: 500 * MB, hold: false },
    ]);
    const ram = device("ram", { precopyBytes: 4 * MB, rounds: 2, sentBytes: 9 * MB });
    const { exact: _, ...observation } = seen({ atMs: 77_000, wireBytes: 9 * MB, busyMs: 1_000, devices: [ram] });
    const judged = asPrecopy(step(state, { type: "report", observation }, 3_000).state);
    expect(judged.verdict.code).toBe("CONVERGING");
    expect(judged.exact).toMatchObject({ sequence: 4, open: true });
    const answered = step(judged, { type: "report", observation, exact: 4, syncMs: 1 }, 3_100).state;
    expect(answered.phase).toBe("switchover");
  });
});
