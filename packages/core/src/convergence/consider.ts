import { type Action, type Conduct, conductAtStart, decide } from "./conduct.ts";
import { unheard } from "./clock.ts";
import { type Judgement, judge } from "./judge.ts";
import { type Convergence, asked, noConvergence, resumed } from "./memory.ts";
import type { Observation } from "./observation.ts";
import type { Policy } from "./policy.ts";
import { reportsLost } from "./sentences.ts";
import type { Verdict } from "./verdict.ts";

/** All that is remembered of a precopy between two reports: the judge's memory, and what is being done about it. */
export interface Consideration {
  convergence: Convergence;
  conduct: Conduct;
}

export const considerationAtStart: Consideration = { convergence: noConvergence, conduct: conductAtStart };

export interface Considered {
  state: Consideration;
  /** Undefined where nothing came that could be judged. */
  judgement: Judgement | undefined;
  /** What is published; undefined while nothing new is to be said. */
  verdict: Verdict | undefined;
  action: Action;
}

/** Without a whole report for so long nothing is known of the guest any more. */
const reportsLostMs = 30_000;

/** One report: judged, and the verdict acted on as the policy says. Pure. */
export function consider(before: Consideration, observation: Observation, policy: Policy): Considered {
  const judgement = judge(before.convergence, observation, policy);
  const { conduct, action, verdict, resume } = decide(before.conduct, judgement, observation, policy);
  const memory = resume ? resumed(judgement.memory) : judgement.memory;
  const convergence = action.kind === "askExact" ? asked(memory) : memory;
  return { state: { convergence, conduct }, judgement, verdict, action };
}

/** Limits were changed: a plateau must show itself anew, and a wait or a look that was under way is over. */
export function afresh({ convergence, conduct }: Consideration): Consideration {
  const sending: Conduct = { ...conduct, mode: { kind: "sending" }, blockedSinceMs: undefined };
  return { convergence: resumed(convergence), conduct: sending };
}

/** Time in which no report came that could be judged: nothing is decided that would need one, and after 30 s it is given up. */
export function pass(before: Consideration, elapsedMs: number): Considered {
  const clock = unheard(before.convergence.clock, elapsedMs);
  const state = { ...before, convergence: { ...before.convergence, clock } };
  if (clock.silentMs <= reportsLostMs)
    return { state, judgement: undefined, verdict: undefined, action: { kind: "none" } };
  const why = reportsLost(clock.silentMs, reportsLostMs);
  return { state, judgement: undefined, verdict: why, action: { kind: "giveUp", why } };
}
