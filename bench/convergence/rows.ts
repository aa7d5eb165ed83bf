import {
  type Kind,
  type Outcome,
  peers,
  type Rule,
  type RuleAction,
  run,
  type Scenario,
  scenarioOf,
  type Truth,
  truthOf,
} from "@godwit/sim";
import { type CoreAction, coreRule } from "./core-rule.ts";

/** What one rule made of one scenario. ms, bytes. */
export interface Row {
  kind: Kind;
  seed: number;
  rule: string;
  truth: Truth["class"];
  limitMs: number;
  firstPassMs: number;
  ramBytes: number;
  outcome: Outcome["outcome"];
  reason: string | undefined;
  atMs: number;
  wireBytes: number;
  exactQueries: number;
  syncedMs: number;
  predictedMs: number | undefined;
  actualMs: number | undefined;
  /** Of a core that gave up what cannot fit: repeated with the limit that it said would do, did it switch over within that? */
  adviceTrue: boolean | undefined;
}

export const coreRules: Record<string, (scenario: Scenario) => Rule<CoreAction>> = {
  godwit: (scenario) => coreRule(scenario, { history: false }),
  "godwit + history": (scenario) => coreRule(scenario, { history: true }),
  "godwit + history + probe": (scenario) => coreRule(scenario, { history: true, probe: true }),
};

export const ruleNames = [...Object.keys(peers), ...Object.keys(coreRules)];

/** Every rule over one scenario. */
export function rowsOf(kind: Kind, seed: number, names: readonly string[]): Row[] {
  const scenario = scenarioOf(kind, seed);
  const truth = truthOf(scenario);
  return names.map((rule): Row => {
    const outcome = outcomeOf(scenario, rule);
    const { atMs, wireBytes, exactQueries, syncedMs, predictedMs, actualMs, reason } = outcome;
    return {
      kind,
      seed,
      rule,
      truth: truth.class,
      limitMs: scenario.limitMs,
      firstPassMs: (scenario.ramBytes / scenario.hidden.meanBytesPerSec) * 1000,
      ramBytes: scenario.ramBytes,
      outcome: outcome.outcome,
      reason,
      atMs,
      wireBytes,
      exactQueries,
      syncedMs,
      predictedMs,
      actualMs,
      adviceTrue: truth.class === "infeasible" ? adviceOf(scenario, rule, outcome) : undefined,
    };
  });
}

function outcomeOf(scenario: Scenario, name: string): Outcome<RuleAction | CoreAction> {
  const core = coreRules[name];
  if (core !== undefined) return run(scenario, core(scenario));
  const peer = isPeer(name) ? peers[name] : undefined;
  if (peer === undefined) throw new Error(`There is no rule "${name}"; there are ${ruleNames.join(", ")}`);
  return run(scenario, peer(scenario));
}

function adviceOf(scenario: Scenario, name: string, { action }: Outcome<RuleAction | CoreAction>): boolean | undefined {
  const core = coreRules[name];
  if (core === undefined || action === undefined || !("needLimitMs" in action) || action.needLimitMs === undefined)
    return undefined;
  const eased = { ...scenario, limitMs: action.needLimitMs };
  return run(eased, core(eased)).outcome === "ok";
}

function isPeer(name: string): name is keyof typeof peers {
  return name in peers;
}
