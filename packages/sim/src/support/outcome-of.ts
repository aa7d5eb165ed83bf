import { peers } from "../peers/peers.ts";
import { type Outcome, type Rule, run } from "../run.ts";
import type { Scenario } from "../scenario.ts";
import { type Plain, plain } from "./plain.ts";

/** How a peer's rule ends in a plain scenario with a limit of 1 s and no deadline that matters. */
export function outcomeOf(rule: keyof typeof peers, wish: Plain): Outcome {
  const scenario = plain({ limitMs: 1000, deadlineMs: 3_000_000, ...wish });
  const peer: (scenario: Scenario) => Rule = peers[rule];
  return run(scenario, peer(scenario));
}
