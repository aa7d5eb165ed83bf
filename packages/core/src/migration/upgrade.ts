import { considerationAtStart } from "../convergence/consider.ts";
import type { Limits } from "./limits.ts";
import { type Migration, migrationStateVersion } from "./state.ts";

/** A state as version 1 stored it: its limits were among the facts, and the judge's memory had another form. */
interface StateOfVersion1 {
  version: 1;
  phase: string;
  facts: { limits: Pick<Limits, "downtimeLimitMs" | "deadlineMs" | "bandwidthBytesPerSec"> };
  verdict?: object;
  course: { etaMs?: number; predicted?: unknown };
}

/**
 * A stored state of an earlier version as this one has it. What the judge remembered is forgotten: a plateau must show itself anew,
 * the deadline stays.
 */
export function upgraded(stored: StateOfVersion1): Migration {
  const { facts, course, verdict, ...rest } = stored;
  const { limits, ...otherFacts } = facts;
  const { etaMs: _, predicted: __, ...otherCourse } = course;
  const known = verdict === undefined ? {} : { verdict: { ...verdict, thresholds: {} } };
  const next = {
    ...rest,
    ...known,
    version: migrationStateVersion,
    facts: otherFacts,
    course: otherCourse,
    limits: { ...limits, patience: "normal", ladder: [], hold: false },
    ...(stored.phase === "precopy" && precopyAnew(limits)),
  };
  // Whatever else version 1 stored has the form that it has here; the test holds every phase of it against that.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return next as unknown as Migration;
}

function precopyAnew({ bandwidthBytesPerSec: cap }: StateOfVersion1["facts"]["limits"]) {
  return {
    convergence: undefined,
    consideration: considerationAtStart,
    canThrottle: false,
    pace: { ...(cap !== undefined && { bandwidthBytesPerSec: cap }), hold: false },
  };
}
