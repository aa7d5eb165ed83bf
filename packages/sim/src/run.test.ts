import { expect, test } from "vitest";
import { peers } from "./peers/peers.ts";
import { type Rule, type RuleAction, run } from "./run.ts";
import { kinds } from "./scenario.ts";
import { scenarioOf } from "./scenario-of.ts";
import { plain, plainBytesPerSec, plainFixedMs } from "./support/plain.ts";

function at<Action extends RuleAction>(ms: number, action: Action): Rule<Action> {
  return { look: ({ atMs }) => (atMs >= ms ? action : undefined) };
}

test("the same scenario and rule give the same outcome", () => {
  for (const kind of kinds) {
    const scenario = { ...scenarioOf(kind, 4), deadlineMs: 60_000 };
    expect(run(scenario, peers.ovirt(scenario))).toEqual(run(scenario, peers.ovirt(scenario)));
  }
});

test("a switchover within the limit is ok, and one over it is a violation", () => {
  const switchover = { type: "switchover", predictedMs: 40 } as const;
  expect(run(plain(), at(2000, switchover))).toMatchObject({ outcome: "ok", predictedMs: 40, actualMs: plainFixedMs });
  const early = run(plain(), at(100, switchover));
  expect(early.outcome).toBe("violation");
  expect(early.actualMs).toBeCloseTo(plainFixedMs + 900, 3);
});

test("an abort ends the run with the rule's reason and whatever else the rule gives", () => {
  const outcome = run(plain(), at(475, { type: "abort", reason: "enough", needMs: 7 }));
  expect(outcome).toMatchObject({ outcome: "abort", reason: "enough" });
  expect(outcome.action?.needMs).toBe(7);
  expect(outcome.atMs).toBeCloseTo(500, 6);
  expect(outcome.wireBytes / plainBytesPerSec).toBeCloseTo(0.5, 6);
});

test("a rule that says nothing ends at the deadline", () => {
  const outcome = run(plain({ deadlineMs: 2975 }), { look: () => undefined });
  expect(outcome).toMatchObject({ outcome: "deadline", reason: "deadline", action: undefined });
  expect(outcome.atMs).toBeCloseTo(3000, 6);
});

test("a run counts its exact queries and the time spent in them", () => {
  const asking: Rule = {
    look(world) {
      world.requestExact();
      return undefined;
    },
  };
  const outcome = run(plain({ deadlineMs: 975, syncMs: 10 }), asking);
  // One before each of the twenty steps, and one at the deadline.
  expect(outcome.exactQueries).toBe(21);
  expect(outcome.syncedMs).toBeGreaterThan(180);
  expect(outcome.syncedMs).toBeLessThan(220);
});

test("steps may be finer", () => {
  const rule = at(330, { type: "abort", reason: "enough" });
  expect(run(plain(), rule).atMs).toBeCloseTo(350, 6);
  expect(run(plain(), rule, { stepMs: 10 }).atMs).toBeCloseTo(330, 6);
});
