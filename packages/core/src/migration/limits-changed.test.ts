import { describe, expect, test } from "vitest";
import { precopy, switchover } from "../../test/facts.ts";
import { states } from "../../test/events.ts";
import { GB, MB } from "../../test/figures.ts";
import { reports } from "../../test/judging.ts";
import { plainLimits } from "../../test/policies.ts";
import { asPrecopy, fed } from "../../test/reporting.ts";
import type { MigrationEvent } from "./events.ts";
import type { LimitsChange } from "./limits.ts";
import { deadlineOf } from "./outstanding.ts";
import { step } from "./step.ts";
import { isEnded } from "./state.ts";

function changed(change: LimitsChange): MigrationEvent {
  return { type: "limitsChanged", change, by: "ann" };
}

const small = reports({ count: 40, everyMs: 250, ram: () => ({ precopyBytes: MB }) });

describe("M15: limits that change", () => {
  test("M15: until the switchover begins they may, and who changed what from what to what is told", () => {
    for (const name of ["queued", "preflight, source asked", "preflight, destination asked", "precopy"]) {
      const before = states[name] ?? precopy;
      const { state, notices } = step(before, changed({ downtimeLimitMs: 500, bandwidthBytesPerSec: 7 * MB }), 10);
      expect(state).toMatchObject({
        phase: before.phase,
        limits: { ...plainLimits, downtimeLimitMs: 500, bandwidthBytesPerSec: 7 * MB },
      });
      expect(notices).toEqual([
        {
          type: "migration.changed",
          sentence: "ann changed the downtime limit from 300 ms to 500 ms, the bandwidth cap from none to 7 MB/s.",
          data: {
            by: "ann",
            "downtimeLimitMs.from": "300",
            "downtimeLimitMs.to": "500",
            "bandwidthBytesPerSec.from": "none",
            "bandwidthBytesPerSec.to": "7000000",
          },
        },
      ]);
    }
  });

  test("M15: every limit is told in words", () => {
    const sentences = (change: LimitsChange) =>
      step(precopy, changed(change), 10).notices.map(({ sentence }) => sentence);
    const ladder = [
      { remedy: "bandwidth" },
      { remedy: "downtimeLimit", maxMs: 2_000 },
      { remedy: "throttle", maxShare: 0.5 },
      { remedy: "force" },
    ] as const;
    expect(sentences({ deadlineMs: 7_200_000, patience: "patient", ladder })).toEqual([
      `ann changed the deadline from ${plainLimits.deadlineMs / 60_000} min to 120 min, the patience from normal to patient, ` +
        "the remedies from none to bandwidth, then downtime up to 2 s, then throttle up to 50 %, then force.",
    ]);
    expect(sentences({ hold: true, window: { from: "22:00", to: "05:30" } })).toEqual([
      "ann changed the window from any time to 22:00-05:30 UTC and held it at the brink.",
    ]);
  });

  test("M15: from the switchover on they do not, and a change to the same is none", () => {
    for (const before of [switchover("freezing"), switchover("granting"), states["aborted"] ?? precopy])
      expect(step(before, changed({ downtimeLimitMs: 500 }), 10)).toEqual({ state: before, effects: [], notices: [] });
    expect(step(precopy, changed({ downtimeLimitMs: 300, hold: false }), 10)).toEqual({
      state: precopy,
      effects: [],
      notices: [],
    });
  });

  test("M15: the source is told how fast it may send from now on", () => {
    const capped = step(precopy, changed({ bandwidthBytesPerSec: 7 * MB }), 10);
    expect(capped.effects).toEqual([
      { to: "source", command: { type: "pace", bandwidthBytesPerSec: 7 * MB, hold: false } },
    ]);
    const free = step(capped.state, changed({ bandwidthBytesPerSec: null }), 20);
    expect(free.effects).toEqual([{ to: "source", command: { type: "pace", hold: false } }]);
  });

  test("M4, M15: a deadline still counts from the admission, and one that has passed already ends it", () => {
    const longer = step(precopy, changed({ deadlineMs: 3_600_000 }), 500_000).state;
    expect(deadlineOf({ ...asPrecopy(longer), heardAt: 3_599_999 })).toBe(3_600_000);
    const shorter = step(precopy, changed({ deadlineMs: 400_000 }), 500_000);
    expect(isEnded(shorter.state) && shorter.state.reason).toMatchObject({
      code: "DEADLINE",
      inputs: { elapsedMs: 500_000, deadlineMs: 400_000 },
    });
    expect(shorter.notices.map(({ type }) => type)).toEqual(["migration.changed", "migration.phase"]);
  });

  test("M15: what a ladder has led to is taken back as far as the ladder is", () => {
    const { convergence, conduct } = precopy.consideration;
    const forced = { at: "minimum" as const, sinceMs: 0, forced: true as const };
    const slowed = {
      ...precopy,
      limits: {
        ...plainLimits,
        ladder: [{ remedy: "throttle" as const, maxShare: 0.9 }, { remedy: "force" as const }],
      },
      canThrottle: true,
      throttled: true as const,
      consideration: { convergence, conduct: { ...conduct, throttle: 0.6, wish: forced } },
    };
    const after = (ladder: LimitsChange["ladder"]) => {
      const { state, effects } = step(slowed, changed({ ladder }), 10);
      const { throttle, wish } = asPrecopy(state).consideration.conduct;
      return { throttle, wish, told: effects.find(({ command }) => command.type === "throttle")?.command };
    };
    const gentler = after([{ remedy: "throttle", maxShare: 0.3 }, { remedy: "force" }]);
    expect(gentler).toEqual({ throttle: 0.3, wish: forced, told: { type: "throttle", share: 0.3 } });
    expect(after([])).toEqual({ throttle: 0, wish: undefined, told: { type: "throttle", share: 0 } });
  });

  test("M15: a plateau's window opens anew, and a wait or a look that was under way is over", () => {
    const busy = reports({ count: 300, everyMs: 250 });
    const { state } = fed(precopy, busy);
    if (!isEnded(state)) throw new Error("It has not ended");
    const count = busy.findIndex(({ atMs }) => atMs >= state.endedAt);
    // Just before it would be given up somebody changes a limit that does not help.
    const nearly = fed(precopy, busy.slice(0, count)).state;
    const before = asPrecopy(nearly).consideration.conduct;
    expect(before.mode.kind).toBe("diagnosing");
    const after = step(nearly, changed({ downtimeLimitMs: 310 }), state.endedAt - 1).state;
    expect(asPrecopy(after).consideration).toMatchObject({
      conduct: { mode: { kind: "sending" }, blockedSinceMs: undefined },
      convergence: { samples: [], strikes: {} },
    });
    const again = fed(after, busy.slice(count));
    expect(isEnded(again.state) && again.state.endedAt).toBeGreaterThan(state.endedAt + 7_000);
  });
});

describe("M15: hold and window", () => {
  const hold = { ...precopy, limits: { ...plainLimits, hold: true } };

  test("M15: a held migration is brought to the brink and kept there, and let go it is switched over", () => {
    const held = fed(hold, small);
    expect(held.state).toMatchObject({ phase: "precopy", verdict: { kind: "ready" } });
    const letGo = step(held.state, changed({ hold: false }), 10_000).state;
    const gone = fed(letGo, reports({ count: 44, everyMs: 250, ram: () => ({ precopyBytes: MB }) }).slice(40));
    expect(gone.state.phase).toBe("switchover");
  });

  test("M15: outside of its window it is kept, and goes when that opens", () => {
    const window = { from: "00:01", to: "00:02" };
    const minutes = reports({ count: 400, everyMs: 250, ram: () => ({ precopyBytes: MB }) });
    const { state } = fed({ ...precopy, limits: { ...plainLimits, window } }, minutes);
    expect(state.phase).toBe("switchover");
    const { switchoverAt = 0 } = state.course;
    expect(switchoverAt).toBeGreaterThanOrEqual(60_000);
    expect(switchoverAt).toBeLessThanOrEqual(61_250);
  });

  test("M4: what is held ends at its deadline all the same", () => {
    expect(step(fed(hold, small).state, { type: "tick" }, 600_000).state.phase).toBe("aborted");
  });

  test("C13: while it is held it is asked about once a second, not more", () => {
    const { effects } = fed(hold, reports({ count: 400, everyMs: 250, ram: () => ({ precopyBytes: GB }) }));
    const asked = effects.filter(({ command }) => command.type === "exact").length;
    expect(asked).toBeLessThanOrEqual(101);
  });
});
