import type { Scenario } from "./scenario.ts";
import { World } from "./world/world.ts";

/** What ends a run. */
export type RuleAction =
  /** Stop the guest now; the rule expects it to be away for so long. */
  { type: "switchover"; predictedMs: number } | { type: "abort"; reason: string };

/**
 * Decides one migration, step by step. It may ask for exact figures (`world.requestExact()`) and set the sender's duty, its cap and
 * the guest's throttle. A rule may give more with its action than is asked for; the outcome carries it on.
 */
export interface Rule<Action extends RuleAction = RuleAction> {
  look(world: World): Action | undefined;
}

/** How a run ended, and what it had cost by then. */
export interface Outcome<Action extends RuleAction = RuleAction> {
  /** `ok` and `violation` are switchovers within the limit and over it; `deadline` is one that the rule let pass. */
  outcome: "ok" | "violation" | "abort" | "deadline";
  atMs: number;
  wireBytes: number;
  exactQueries: number;
  /** Time spent in exact queries. */
  syncedMs: number;
  /** What ended it; undefined at the deadline. */
  action: Action | undefined;
  /** Of a switchover: what the rule said, and what the guest saw. */
  predictedMs?: number;
  actualMs?: number;
  /** Of an abort, the rule's; of a deadline, "deadline". */
  reason?: string;
}

/** Runs a scenario until the rule ends it or its deadline has come. The rule looks before every step. */
export function run<Action extends RuleAction>(
  scenario: Scenario,
  rule: Rule<Action>,
  { stepMs = 50 }: { stepMs?: number } = {},
): Outcome<Action> {
  const world = new World(scenario);
  for (;;) {
    const action = rule.look(world);
    if (action !== undefined) return ended(world, action);
    if (world.atMs >= scenario.deadlineMs)
      return { outcome: "deadline", ...costsOf(world), action: undefined, reason: "deadline" };
    world.step(stepMs);
  }
}

function ended<Action extends RuleAction>(world: World, action: Action): Outcome<Action> {
  if (action.type === "abort") return { outcome: "abort", ...costsOf(world), action, reason: action.reason };
  const actualMs = world.trueDowntimeMs();
  const outcome = actualMs <= world.scenario.limitMs ? "ok" : "violation";
  return { outcome, ...costsOf(world), action, predictedMs: action.predictedMs, actualMs };
}

function costsOf({ atMs, wireBytes, exactQueries, syncedMs }: World) {
  return { atMs, wireBytes, exactQueries, syncedMs };
}
