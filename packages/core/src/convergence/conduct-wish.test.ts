import { describe, expect, test } from "vitest";
import { converging, hopeless, proven, ready, saying, verdictOf } from "../../test/judgements.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { type Conduct, type Decision, conductAtStart, decide } from "./conduct.ts";
import type { Sample } from "./plateau.ts";

function wished(at: "now" | "minimum", sinceMs = 20_000): Conduct {
  return { ...conductAtStart, wish: { at, sinceMs } };
}

function next(before: Conduct, step: Parameters<typeof saying>[0], rules = gigabyteLink): Decision {
  const { judgement, observation } = saying(step);
  return decide(before, judgement, observation, rules);
}

/** Forecasts once a second from 20 s on. */
function samples(...midMs: number[]): Sample[] {
  return midMs.map((ms, index) => ({
    atMs: 20_000 + 1_000 * index,
    best: Math.log(ms),
    mid: Math.log(ms),
    stopOnly: 0,
  }));
}

describe("M16: a switchover that is asked for", () => {
  test("M16: comes with the next exact figures, whatever they say", () => {
    for (const verdict of [
      converging,
      hopeless,
      proven,
      verdictOf("unknown", "MEASURING"),
      verdictOf("converging", "INITIAL_DATA"),
    ])
      expect(next(wished("now"), { verdict, atMs: 20_100 }).action).toEqual({ kind: "switchOver", why: verdict });
  });

  test("M16: overrules the limit, hold and window", () => {
    const held = { ...gigabyteLink, maySwitchOver: false };
    expect(next(wished("now"), { verdict: ready, atMs: 20_100 }, held).action.kind).toBe("switchOver");
    expect(next(wished("minimum"), { verdict: ready, atMs: 20_100 }, held).action.kind).toBe("switchOver");
  });

  test("M16: never comes on an estimate: exact figures are asked for at once", () => {
    const asks = (at: "now" | "minimum", askedMs: number) =>
      next(wished(at), {
        verdict: ready,
        atMs: 20_150,
        exact: false,
        memory: { question: { askedMs, open: false } },
      }).action.kind;
    expect(asks("now", 20_150)).toBe("askExact");
    expect(asks("minimum", 20_000)).toBe("none");
    expect(asks("minimum", 19_950)).toBe("askExact");
  });

  test("M5, M16: one question is open at a time, and one whose answer was lost is put again", () => {
    for (const at of ["now", "minimum"] as const) {
      const asks = (atMs: number) =>
        next(wished(at), {
          verdict: converging,
          atMs,
          exact: false,
          memory: { question: { askedMs: 20_000, open: true } },
        }).action.kind;
      expect([asks(20_100), asks(25_000), asks(25_001)]).toEqual(["none", "none", "askExact"]);
    }
  });

  test("M16: at the minimum comes at the next low of the predicted downtime", () => {
    const at = (atMs: number, ...midMs: number[]) =>
      next(wished("minimum"), { verdict: hopeless, atMs, memory: { samples: samples(...midMs) } }).action.kind;
    expect(at(21_000, 900, 600)).toBe("none");
    expect(at(23_000, 900, 600, 600, 900)).toBe("none");
    expect(at(24_000, 900, 600, 600, 900, 605)).toBe("switchOver");
  });

  test("M16: is not given up for what does not converge, nor waited for with little bandwidth", () => {
    const policy = { ...gigabyteLink, history: [...Array.from({ length: 20 }, () => 1), 0], diagnose: true };
    const { conduct, action } = next(wished("minimum"), { verdict: hopeless, atMs: 21_000 }, policy);
    expect([conduct.mode.kind, action.kind]).toEqual(["sending", "none"]);
  });

  test("C2, C8: is given up where nothing moves any more, and at the deadline", () => {
    const passed = verdictOf("hopeless", "DEADLINE", { elapsedMs: 60_000, proof: true });
    for (const verdict of [verdictOf("hopeless", "NO_PROGRESS"), passed])
      expect(next(wished("now"), { verdict, atMs: 60_000, exact: false }).action.kind).toBe("giveUp");
    // That the first pass would take too long is what was overruled.
    const late = verdictOf("hopeless", "DEADLINE", { unsentBytes: 1, proof: true });
    expect(next(wished("now"), { verdict: late, atMs: 60_000, exact: false }).action.kind).toBe("askExact");
  });

  test("M15, M16: one that a ladder has come to waits until it is not held back any more", () => {
    const forced: Conduct = { ...conductAtStart, wish: { at: "minimum", sinceMs: 0, forced: true } };
    const held = { ...gigabyteLink, maySwitchOver: false };
    expect(next(forced, { verdict: ready, atMs: 20_100 }, held).action.kind).toBe("none");
    expect(next(forced, { verdict: ready, atMs: 20_100 }).action.kind).toBe("switchOver");
  });
});
