import { describe, expect, test } from "vitest";
import { MB } from "../../test/figures.ts";
import { converging, hopeless, proven, ready, saying, spanOf, verdictOf } from "../../test/judgements.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { type Conduct, type Decision, actsInMs, conductAtStart, decide, dutyOf } from "./conduct.ts";
import type { Policy } from "./policy.ts";

/** Twenty busy samples and a quiet one: it is worth waiting for 1.5 x 200 s and 20 s. */
const policy: Policy = { ...gigabyteLink, history: [...Array.from({ length: 20 }, () => 1), 0] };
const waitMs = 320_000;
const busy = spanOf(90 * MB, 1_000, 100 * MB);
const quiet = spanOf(40 * MB, 1_000, 100 * MB);

function next(before: Conduct, step: Parameters<typeof saying>[0], rules = policy): Decision {
  const { judgement, observation } = saying(step);
  return decide(before, judgement, observation, rules);
}

const { conduct: watching, ...began } = next(conductAtStart, { verdict: hopeless, atMs: 20_000 });

describe("C10: a quiet period is waited for", () => {
  test("C10: at 5 % of the bandwidth, where the history shows one, with the verdict that led to it", () => {
    expect(watching.mode).toEqual({ kind: "watching", untilMs: 20_000 + waitMs, quiet: 0, verdict: hopeless });
    expect(dutyOf(watching)).toBe(0.05);
    expect(began).toEqual({ action: { kind: "none" }, verdict: hopeless, resume: false });
    const { conduct, verdict } = next(watching, { verdict: converging, atMs: 21_000, exact: false });
    expect(verdict).toEqual(hopeless);
    expect(conduct.mode.kind).toBe("watching");
  });

  test("C10: no longer than to a second before the deadline", () => {
    const soon = next(conductAtStart, { verdict: hopeless, atMs: 20_000 }, { ...policy, deadlineMs: 60_000 });
    expect(soon.conduct.mode).toMatchObject({ untilMs: 59_000 });
    const late = next(conductAtStart, { verdict: hopeless, atMs: 59_500 }, { ...policy, deadlineMs: 60_000 });
    expect(late.action.kind).toBe("giveUp");
  });

  test("C10: not for what the guest's behaviour does not change", () => {
    expect(next(conductAtStart, { verdict: proven, atMs: 20_000 }).action.kind).toBe("giveUp");
    expect(next(conductAtStart, { verdict: hopeless, atMs: 20_000 }, gigabyteLink).action.kind).toBe("giveUp");
  });

  test("C10: three quiet spans in a row end the wait, and the plateau's window opens anew", () => {
    let decision: Decision = { conduct: watching, ...began };
    const feed = (span: typeof quiet, atMs: number) => {
      decision = next(decision.conduct, { verdict: hopeless, atMs, span });
    };
    feed(quiet, 21_000);
    feed(quiet, 22_000);
    feed(busy, 23_000);
    feed(quiet, 24_000);
    feed(quiet, 25_000);
    expect(decision).toMatchObject({ conduct: { mode: { kind: "watching", quiet: 2 } }, resume: false });
    feed(quiet, 26_000);
    expect(decision).toMatchObject({
      conduct: { mode: { kind: "sending" }, blockedSinceMs: undefined, watchedSinceMs: 20_000 },
      action: { kind: "none" },
      resume: true,
    });
    expect(dutyOf(decision.conduct)).toBe(1);
  });

  test("C10: a span that is too short, or in which nothing was sent, says nothing of quiet", () => {
    const after = (span: typeof quiet) =>
      next(next(watching, { verdict: hopeless, atMs: 21_000, span: quiet }).conduct, {
        verdict: hopeless,
        atMs: 22_000,
        span,
      }).conduct.mode;
    expect(after({ ...busy, overMs: 300 })).toMatchObject({ quiet: 1 });
    expect(after({ ...quiet, overMs: 300 })).toMatchObject({ quiet: 1 });
    expect(after({ ...quiet, sentBytes: 0 })).toMatchObject({ quiet: 0 });
  });

  test("C10: when the wait is over without one the ladder is climbed, and then it is given up", () => {
    const step = { verdict: converging, atMs: 20_001 + waitMs, span: busy };
    expect(next(watching, { ...step, atMs: 20_000 + waitMs }).action.kind).toBe("none");
    expect(next(watching, step).action).toEqual({ kind: "giveUp", why: hopeless });
    const ladder: Policy["ladder"] = [{ remedy: "downtimeLimit", maxMs: 2_000 }];
    expect(next(watching, step, { ...policy, ladder }).action.kind).toBe("remedy");
  });

  test("C10: it is waited for once in all: what is left of the wait counts when it is blocked again", () => {
    const again = next({ ...conductAtStart, watchedSinceMs: 20_000 }, { verdict: hopeless, atMs: 120_000 });
    expect(again.conduct.mode).toMatchObject({ kind: "watching", untilMs: 20_000 + waitMs });
    const over = next({ ...conductAtStart, watchedSinceMs: 20_000 }, { verdict: hopeless, atMs: 20_000 + waitMs });
    expect(over.action.kind).toBe("giveUp");
  });

  test("C10: until when it waits is told", () => {
    const { judgement } = saying({ verdict: hopeless, atMs: 30_000 });
    expect(actsInMs(watching, judgement.memory, hopeless, "untilDeadline")).toBe(waitMs - 10_000);
  });
});

describe("C10: while a quiet period is waited for", () => {
  test("C4: what is ready is switched over", () => {
    expect(next(watching, { verdict: ready, atMs: 30_000 }).action.kind).toBe("switchOver");
  });

  test("M15: what is ready while it is held is no longer given up for what it was before", () => {
    const held = { ...policy, maySwitchOver: false };
    const { conduct } = next(watching, { verdict: ready, atMs: 30_000, span: busy }, held);
    expect(conduct.mode.kind).toBe("sending");
    const later = next(conduct, { verdict: ready, atMs: 30_000 + waitMs, span: busy }, held);
    expect(later.action.kind).toBe("none");
  });

  test("C9: a proof, a passed deadline and a dead link end it at once", () => {
    for (const [verdict, exact] of [
      [proven, true],
      [verdictOf("hopeless", "DEADLINE", { proof: true }), false],
      [verdictOf("hopeless", "NO_PROGRESS"), false],
    ] as const)
      expect(next(watching, { verdict, exact, atMs: 30_000 }).action).toEqual({ kind: "giveUp", why: verdict });
    expect(next(watching, { verdict: verdictOf("hopeless", "STOP_ONLY"), atMs: 30_000 }).action.kind).toBe("none");
  });

  test("C1, C10: a proof about the stop climbs the ladder here too", () => {
    const ladder: Policy["ladder"] = [{ remedy: "downtimeLimit", maxMs: 2_000 }];
    expect(next(watching, { verdict: proven, atMs: 30_000 }, { ...policy, ladder }).action).toMatchObject({
      kind: "remedy",
      remedy: { rung: "downtimeLimit" },
    });
  });

  test("C13: the judge's questions are put", () => {
    expect(next(watching, { verdict: hopeless, atMs: 30_000, exact: false, askExact: true }).action.kind).toBe(
      "askExact",
    );
  });
});
