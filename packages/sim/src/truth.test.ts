import { expect, test } from "vitest";
import { peers } from "./peers/peers.ts";
import { run } from "./run.ts";
import { kinds } from "./scenario.ts";
import { scenarioOf } from "./scenario-of.ts";
import { plain, plainFixedMs, saturating } from "./support/plain.ts";
import { truthOf } from "./truth.ts";

test("a guest that nobody writes is feasible as soon as its first pass is all but over", () => {
  const truth = truthOf(plain());
  expect(truth).toMatchObject({ class: "feasible", leastDowntimeMs: plainFixedMs });
  expect(truth.firstPassMs).toBeCloseTo(1000, 6);
  // 466 ms of sending fit the limit of 500 ms beside the fixed part.
  expect(truth.firstFitMs).toBeCloseTo(550, 6);
});

test("a guest that settles above the limit is infeasible, and the least downtime is where it settles", () => {
  const truth = truthOf(plain({ regions: saturating(800) }));
  expect(truth).toMatchObject({ class: "infeasible", firstFitMs: undefined });
  expect(truth.leastDowntimeMs / (800 + plainFixedMs)).toBeCloseTo(1, 1);
});

test("a guest whose downtime is all but the limit is marginal, on either side of it", () => {
  const marginal = (limitMs: number) => truthOf(plain({ limitMs, deadlineMs: 5000 }));
  expect(marginal(plainFixedMs / 1.02)).toMatchObject({ class: "marginal", firstFitMs: undefined });
  expect(marginal(plainFixedMs / 0.98).class).toBe("marginal");
  expect(marginal(plainFixedMs / 0.98).firstFitMs).toBeCloseTo(1000, 6);
  expect(marginal(plainFixedMs / 1.04).class).toBe("infeasible");
  expect(marginal(plainFixedMs / 0.96).class).toBe("feasible");
});

test("fitting for less than three tenths of a second before the deadline is marginal", () => {
  expect(truthOf(plain({ deadlineMs: 675 })).class).toBe("marginal");
  expect(truthOf(plain({ deadlineMs: 875 })).class).toBe("feasible");
});

test("a lull makes a guest feasible, when it comes", () => {
  const activity = new Float32Array(2000).fill(1).fill(0, 200, 230);
  const scenario = plain({ regions: saturating(800), deadlineMs: 60_000, hidden: { activity } });
  expect(truthOf(scenario).class).toBe("feasible");
  expect(truthOf(scenario).firstFitMs).toBeGreaterThan(20_000);
});

test("kinds hold feasible and infeasible scenarios, and what is infeasible nobody moves within the limit", () => {
  const scenarios = kinds.flatMap((kind) => [1, 2].map((seed) => scenarioOf(kind, seed)));
  const classes = scenarios.map((scenario) => truthOf(scenario).class);
  expect(classes.filter((name) => name === "feasible").length).toBeGreaterThan(12);
  const infeasible = scenarios.filter((_, index) => classes[index] === "infeasible");
  expect(infeasible.length).toBeGreaterThan(2);
  expect(infeasible.map((scenario) => run(scenario, peers.ovirt(scenario)).outcome)).not.toContain("ok");
});
