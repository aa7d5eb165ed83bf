import { describe, expect, test } from "vitest";
import { converging, hopeless, proven, ready, saying, verdictOf } from "../../test/judgements.ts";
import { gigabyteLink } from "../../test/policies.ts";
import { type Conduct, type Decision, actsInMs, conductAtStart, decide, dutyOf } from "./conduct.ts";
import type { Policy } from "./policy.ts";

type Step = Parameters<typeof saying>[0];

/** What is decided after each of the judgements. */
function decided(steps: Step[], policy: Policy = gigabyteLink, first: Conduct = conductAtStart): Decision[] {
  let conduct = first;
  return steps.map((step) => {
    const { judgement, observation } = saying(step);
    const decision = decide(conduct, judgement, observation, policy);
    ({ conduct } = decision);
    return decision;
  });
}

function actions(steps: Step[], policy?: Policy): string[] {
  return decided(steps, policy).map(({ action }) => action.kind);
}

/** The same verdict for so long, once a second, from 20 s on. */
function standing(verdict: Step["verdict"], seconds: number): Step[] {
  return Array.from({ length: seconds + 1 }, (_, index) => ({ verdict, atMs: 20_000 + 1_000 * index }));
}

describe("C4, C5: a verdict that is not blocked", () => {
  test("C4: ready by exact figures is switched over, and never on an estimate", () => {
    const [decision] = decided([{ verdict: ready, atMs: 20_000 }]);
    expect(decision?.action).toEqual({ kind: "switchOver", why: ready });
    expect(actions([{ verdict: ready, atMs: 20_000, exact: false }])).toEqual(["none"]);
    expect(actions([{ verdict: ready, atMs: 20_000, exact: false, askExact: true }])).toEqual(["askExact"]);
  });

  test("what is on its way goes on, with the judge's questions", () => {
    expect(actions([{ verdict: converging, atMs: 20_000, exact: false, askExact: true }])).toEqual(["askExact"]);
    expect(actions([{ verdict: verdictOf("degraded", "LINK_DEGRADED"), atMs: 20_000 }])).toEqual(["none"]);
  });

  test("M15: what is ready is kept at the brink while it is held, however long", () => {
    const held = { ...gigabyteLink, maySwitchOver: false };
    const decisions = decided(standing(ready, 600), held);
    expect(new Set(decisions.map(({ action }) => action.kind))).toEqual(new Set(["none"]));
    expect(decisions.at(-1)?.verdict).toEqual(ready);
    expect(dutyOf(decisions.at(-1)?.conduct ?? conductAtStart)).toBe(1);
  });
});

describe("C14: what fits and still falls", () => {
  /** Ready by exact figures each tenth of a second, with so much expected of the downtime. */
  const falling = (midMs: (index: number) => number, count = 40): Step[] =>
    Array.from({ length: count }, (_, index) => ({ verdict: ready, atMs: 20_000 + 100 * index, midMs: midMs(index) }));
  const switchedAt = (steps: Step[], policy?: Policy) => actions(steps, policy).indexOf("switchOver");

  test("C14: is sent on while it falls by 0.15 ms a ms, until it is down to three quarters of the limit", () => {
    expect(switchedAt(falling((index) => 290 - 16 * index))).toBe(5);
    expect(switchedAt(falling(() => 225))).toBe(0);
    expect(switchedAt(falling((index) => (index === 0 ? 226 : 210)))).toBe(1);
  });

  test("C14: is switched over when it falls no more", () => {
    expect(switchedAt(falling((index) => 290 - (index < 3 ? 16 * index : 32)))).toBe(3);
    expect(switchedAt(falling((index) => 290 - 14 * index))).toBe(1);
    expect(switchedAt(falling(() => 290))).toBe(1);
  });

  test("C14: is waited for three seconds at the most, and not at all near the deadline", () => {
    const long = { ...gigabyteLink, downtimeLimitMs: 300 };
    expect(
      switchedAt(
        falling((index) => 1_000 - 16 * index),
        long,
      ),
    ).toBe(31);
    const [first] = falling((index) => 290 - 16 * index);
    if (first === undefined) throw new Error("There is none");
    const { judgement, observation } = saying(first);
    const { evidence } = judgement;
    const at = (leftMs: number) => {
      const late = { ...judgement, evidence: evidence && { ...evidence, leftMs } };
      return decide(conductAtStart, late, observation, gigabyteLink).action.kind;
    };
    expect([at(4_999), at(5_000)]).toEqual(["switchOver", "none"]);
  });

  test("C14: a chance that has gone begins anew the next time", () => {
    const steps = falling((index) => 2_000 - 16 * index, 60);
    steps[20] = { verdict: converging, atMs: 22_000 };
    expect(switchedAt(steps)).toBe(21 + 31);
  });

  test("C14: estimates between leave it as it is", () => {
    const steps = falling((index) => 290 - 16 * index).flatMap((step) => [
      step,
      { ...step, exact: false, atMs: step.atMs + 50, askExact: true },
    ]);
    expect(actions(steps.slice(0, 11))).toEqual([
      ...Array.from({ length: 5 }, () => ["none", "askExact"]).flat(),
      "switchOver",
    ]);
  });
});

describe("C9: a verdict is not an action", () => {
  test("C9: a proof is acted on at once, whatever the patience", () => {
    for (const patience of ["impatient", "normal", "patient", "untilDeadline"] as const)
      expect(decided([{ verdict: proven, atMs: 20_000 }], { ...gigabyteLink, patience }).at(-1)?.action).toEqual({
        kind: "giveUp",
        why: proven,
      });
  });

  test("C9: without a proof it is acted on at once by who is normal or impatient, and after its patience by who is patient", () => {
    const first = (patience: Policy["patience"]) =>
      actions(standing(hopeless, 300), { ...gigabyteLink, patience }).indexOf("giveUp");
    expect([first("impatient"), first("normal"), first("patient"), first("untilDeadline")]).toEqual([0, 0, 52, -1]);
  });

  test("C9: patience begins anew when the verdict was another in between", () => {
    const patient: Policy = { ...gigabyteLink, patience: "patient" };
    const wavering = standing(hopeless, 120).map((step, index) =>
      index === 40 ? { ...step, verdict: converging } : step,
    );
    expect(actions(wavering, patient).indexOf("giveUp")).toBe(41 + 52);
  });

  test("C9: one blocked verdict may follow the other without the patience beginning anew", () => {
    const changing = standing(hopeless, 60).map((step, index) =>
      index > 30 ? { ...step, verdict: verdictOf("needsMore", "MARGINAL") } : step,
    );
    expect(actions(changing, { ...gigabyteLink, patience: "patient" }).indexOf("giveUp")).toBe(52);
  });

  test("C8, C9: a passed deadline is acted on at once, without any remedy", () => {
    const ladder: Policy["ladder"] = [{ remedy: "downtimeLimit", maxMs: 60_000 }, { remedy: "force" }];
    const deadline = verdictOf("hopeless", "DEADLINE", { proof: true });
    const policy: Policy = { ...gigabyteLink, patience: "untilDeadline", ladder };
    expect(actions([{ verdict: deadline, atMs: 20_000, exact: false }], policy)).toEqual(["giveUp"]);
  });

  test("C2, C9: where nothing moves no remedy is tried", () => {
    const stalled = verdictOf("hopeless", "NO_PROGRESS");
    const ladder: Policy["ladder"] = [{ remedy: "downtimeLimit", maxMs: 60_000 }];
    expect(actions([{ verdict: stalled, atMs: 40_000, exact: false }], { ...gigabyteLink, ladder })).toEqual([
      "giveUp",
    ]);
    expect(actions([{ verdict: stalled, atMs: 40_000 }], { ...gigabyteLink, patience: "patient" })).toEqual(["none"]);
  });

  test("C9: when a verdict will be acted on is told ahead", () => {
    const inMs = (seconds: number, patience: Policy["patience"], verdict = hopeless) => {
      const steps = standing(verdict, seconds);
      const { conduct } = decided(steps, { ...gigabyteLink, patience }).at(-1) ?? { conduct: conductAtStart };
      const { judgement } = saying(steps.at(-1) ?? { verdict, atMs: 0 });
      return actsInMs(conduct, judgement.memory, verdict, patience);
    };
    expect(inMs(10, "patient")).toBe(42_000);
    expect(inMs(10, "untilDeadline")).toBeUndefined();
    expect(inMs(0, "normal")).toBe(0);
    expect(inMs(10, "patient", converging)).toBeUndefined();
  });
});

describe("C10: the ladder", () => {
  const ladder: Policy["ladder"] = [
    { remedy: "bandwidth" },
    { remedy: "downtimeLimit", maxMs: 2_000 },
    { remedy: "force" },
  ];

  test("C10: the next remedy that may help is taken, and the plateau's window opens anew", () => {
    const [decision] = decided([{ verdict: hopeless, atMs: 20_000 }], { ...gigabyteLink, ladder });
    expect(decision).toMatchObject({
      action: { kind: "remedy", remedy: { rung: "downtimeLimit", change: { downtimeLimitMs: 930 } }, why: hopeless },
      resume: true,
      conduct: { mode: { kind: "sending" }, blockedSinceMs: undefined },
    });
  });

  test("C10: bandwidth comes before any wait and any look, since it costs the guest nothing", () => {
    const policy: Policy = {
      ...gigabyteLink,
      ladder: [{ remedy: "downtimeLimit", maxMs: 2_000 }, { remedy: "bandwidth" }],
      capBytesPerSec: 1e8,
      diagnose: true,
      history: [...Array.from({ length: 20 }, () => 1), 0],
    };
    const needs = verdictOf("needsMore", "WORKING_SET");
    const [decision] = decided([{ verdict: needs, atMs: 20_000 }], policy);
    expect(decision?.action).toMatchObject({ kind: "remedy", remedy: { rung: "bandwidth" } });
  });

  test("C1, C10: a proof about the stop is no reason to give up where the policy allows a longer downtime", () => {
    const [decision] = decided([{ verdict: proven, atMs: 500 }], { ...gigabyteLink, ladder });
    expect(decision?.action).toMatchObject({ kind: "remedy", remedy: { rung: "downtimeLimit" } });
  });

  test("C10: a throttle is remembered, so that the next step goes on from it", () => {
    const policy: Policy = { ...gigabyteLink, canThrottle: true, ladder: [{ remedy: "throttle", maxShare: 0.6 }] };
    const decisions = decided(standing(hopeless, 3), policy);
    expect(decisions.map(({ conduct }) => conduct.throttle)).toEqual([0.3, 0.51, 0.6, 0.6]);
    expect(decisions.map(({ action }) => action.kind)).toEqual(["remedy", "remedy", "remedy", "giveUp"]);
  });

  test("C10: a forced switchover becomes a wish for the next low", () => {
    const [decision] = decided([{ verdict: hopeless, atMs: 20_000 }], {
      ...gigabyteLink,
      ladder: [{ remedy: "force" }],
    });
    expect(decision?.conduct.wish).toEqual({ at: "minimum", sinceMs: 20_000, forced: true });
  });
});
