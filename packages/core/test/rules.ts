import { stepDestination } from "../src/handover/destination.ts";
import { stepSource } from "../src/handover/source.ts";
import { judgeClaim } from "../src/handover/claim.ts";
import { mayRun } from "../src/migration/fenced.ts";
import { step } from "../src/migration/step.ts";

/** The step functions that hosts and explorations go by: the real ones, unless a test breaks a rule on purpose. */
export interface Rules {
  stepSource: typeof stepSource;
  stepDestination: typeof stepDestination;
  step: typeof step;
  judgeClaim: typeof judgeClaim;
  mayRun: typeof mayRun;
}

const real: Rules = { stepSource, stepDestination, step, judgeClaim, mayRun };
export const rules: Rules = { ...real };

/** What is done goes by broken rules, and whatever comes after it by the real ones again. */
export function under<Result>(broken: Partial<Rules>, act: () => Result): Result {
  Object.assign(rules, broken);
  try {
    return act();
  } finally {
    Object.assign(rules, real);
  }
}
