import type { Attempt } from "../schedule/retry.ts";
import { type Scheduling, schedulingOf } from "./scheduling.ts";
import type { Ended } from "./state.ts";

/** S8: the source serves on, so that it may be tried again. */
export function canRetry(state: Ended): boolean {
  return (state.phase === "aborted" || state.phase === "failed") && state.owner.role === "source";
}

/** S8: without being asked. What somebody has called off, or what never started, is not tried again by itself. */
export function retriesItself(state: Ended): boolean {
  const { retry, deadlineAt = Infinity } = schedulingOf(state.facts);
  const isOver = state.share === undefined || state.reason.code === "CANCELLED" || state.endedAt >= deadlineAt;
  return retry && !isOver && canRetry(state);
}

/** What the next one of its line knows of those before it. */
export function lineAfter(state: Ended): Pick<Scheduling, "retryOf" | "attempts"> {
  const { attempts } = schedulingOf(state.facts);
  const conditions = state.share?.conditions;
  const failed: Attempt[] =
    conditions === undefined ? [] : [{ ...conditions, endedAt: state.endedAt, code: state.reason.code }];
  return { retryOf: state.facts.id, attempts: [...attempts, ...failed] };
}
