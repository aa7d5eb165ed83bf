import { describe, expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import { hopeless, ready, saying, spanOf, verdictOf } from "../../test/judgements.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { type Conduct, type Decision, conductAtStart, decide, dutyOf } from "./conduct.ts";
import type { Policy } from "./policy.ts";

const policy: Policy = { ...gigabyteLink, diagnose: true };

function next(before: Conduct, step: Parameters<typeof saying>[0], rules = policy): Decision {
  const { judgement, observation } = saying(step);
  return decide(before, judgement, observation, rules);
}

const { conduct: diagnosing, ...began } = next(conductAtStart, { verdict: hopeless, atMs: 20_000 });

/** Exact figures after each span, in which so much was written. */
function looked(spans: [writtenBytes: number, overMs: number][], rules = policy, verdict = hopeless): Decision {
  let decision: Decision = { conduct: diagnosing, ...began };
  let [atMs, precopyBytes] = [20_000, 400 * MB];
  for (const [written, overMs] of spans) {
    atMs += overMs;
    precopyBytes += written;
    decision = next(decision.conduct, { verdict, atMs, precopyBytes, span: spanOf(written, overMs) }, rules);
  }
  return decision;
}

describe("C10: a moment without sending, to see the working set", () => {
  test("C10: comes before it is given up, for spans in proportion to what does not fit", () => {
    // 0.4 of the 750 ms that the predicted downtime is above its fixed costs.
    expect(diagnosing.mode).toMatchObject({ kind: "diagnosing", gapMs: 300, spans: [], verdict: hopeless });
    expect(dutyOf(diagnosing)).toBe(0);
    expect(began).toEqual({ action: { kind: "none" }, verdict: hopeless, resume: false });
  });

  test("C10: is no longer than three spans of 3 s, no shorter than 200 ms or four times the cost of an answer", () => {
    const gap = (midMs: number, syncMs: number) => {
      const { judgement, observation } = saying({ verdict: hopeless, atMs: 20_000, memory: { syncMs } });
      const { evidence } = judgement;
      if (evidence === undefined) throw new Error("There is evidence");
      const predicted = { ...evidence.predicted, midMs };
      const { conduct } = decide(
        conductAtStart,
        { ...judgement, evidence: { ...evidence, predicted } },
        observation,
        policy,
      );
      return conduct.mode.kind === "diagnosing" ? conduct.mode.gapMs : undefined;
    };
    expect([gap(100, 2), gap(60_000, 2), gap(100, 100)]).toEqual([200, 3_000, 400]);
    // Where three answers would take longer than that, it is not looked at all.
    expect(gap(60_000, 2_000)).toBeUndefined();
  });

  test("C10: asks after each span, and not while an answer is awaited", () => {
    const asks = (atMs: number, askedMs: number, open: boolean) =>
      next(diagnosing, { verdict: hopeless, atMs, exact: false, memory: { question: { askedMs, open } } }).action.kind;
    expect(asks(20_299, 20_000, false)).toBe("none");
    expect(asks(20_300, 20_000, false)).toBe("askExact");
    expect(asks(20_500, 20_300, true)).toBe("none");
  });

  test("M5: a question whose answer was lost is put again, so that it does not stand still until the deadline", () => {
    const asks = (atMs: number) =>
      next(diagnosing, { verdict: hopeless, atMs, exact: false, memory: { question: { askedMs: 20_300, open: true } } })
        .action.kind;
    expect(asks(25_300)).toBe("none");
    expect(asks(25_301)).toBe("askExact");
  });

  test("C10: three spans tell the working set, and what is advised rests on it", () => {
    // Of 2 GB 400 MB are dirty at first, and each page is written twice a second.
    const share = 1 - Math.exp(-0.6);
    const spans = [1, Math.exp(-0.6), Math.exp(-1.2)].map((clean): [number, number] => [1.6 * GB * clean * share, 300]);
    expect(looked(spans.slice(0, 2)).action.kind).toBe("none");
    const { action, conduct, verdict } = looked(spans);
    expect(action).toEqual({ kind: "giveUp", why: verdict });
    expect((conduct.workingSet?.bytes ?? 0) / (2 * GB)).toBeCloseTo(1, 6);
    expect(conduct.workingSet?.perSec).toBeCloseTo(2, 6);
    expect(verdict).toMatchObject({ code: "WORKING_SET", thresholds: { windowMs: 8_000, samples: 9 } });
    expect(verdict.inputs["needThrottle"]).toBeGreaterThan(0.5);
    // What gathered while nothing was sent is not held against the guest.
    expect(diagnosing.mode.kind === "diagnosing" && diagnosing.mode.predicted?.midMs).toBe(800);
    expect(verdict.inputs["predictedDowntimeMs"]).toBe(800);
    expect(verdict.sentence).toMatch(/ would do, or about [\d.]+ .B\/s, or a guest slowed by about \d+ %\.$/);
  });

  test("C10: a span much shorter than the others is left out", () => {
    const spans: [number, number][] = [
      [300 * MB, 300],
      [200 * MB, 300],
      [20 * MB, 150],
    ];
    expect(looked(spans).action.kind).toBe("none");
    expect(looked([...spans, [100 * MB, 151]]).action.kind).toBe("giveUp");
  });

  test("C10: it is looked at once, and then the ladder is climbed", () => {
    const ladder: Policy["ladder"] = [{ remedy: "throttle", maxShare: 0.9 }];
    const rules: Policy = { ...policy, canThrottle: true, ladder };
    const spans: [number, number][] = [
      [300 * MB, 300],
      [200 * MB, 300],
      [130 * MB, 300],
    ];
    const { action, conduct } = looked(spans, rules);
    expect(action).toMatchObject({ kind: "remedy", remedy: { rung: "throttle" } });
    expect(conduct.mode.kind).toBe("sending");
    expect(next(conduct, { verdict: hopeless, atMs: 60_000 }, rules).conduct.mode.kind).toBe("sending");
  });

  test("C10: is not done for what the guest's behaviour does not change, nor where it is not wanted", () => {
    const stop = verdictOf("hopeless", "STOP_ONLY");
    expect(next(conductAtStart, { verdict: stop, atMs: 20_000 }).action.kind).toBe("giveUp");
    expect(next(conductAtStart, { verdict: hopeless, atMs: 20_000 }, gigabyteLink).action.kind).toBe("giveUp");
  });

  test("C8: a passed deadline ends it at once", () => {
    const deadline = verdictOf("hopeless", "DEADLINE", { proof: true });
    expect(next(diagnosing, { verdict: deadline, atMs: 20_100, exact: false }).action.kind).toBe("giveUp");
  });

  test("C4: what is ready meanwhile is switched over, and while it is held is not given up", () => {
    expect(next(diagnosing, { verdict: ready, atMs: 20_300 }).action.kind).toBe("switchOver");
    const held = { ...policy, maySwitchOver: false };
    const { conduct, action } = next(diagnosing, { verdict: ready, atMs: 20_300 }, held);
    expect([conduct.mode.kind, action.kind]).toEqual(["sending", "none"]);
  });
});
