import { degradedFrom, linkOf, worthMovingBytes } from "./bandwidth.ts";
import { type Evidence, mostForPrecopy } from "./evidence.ts";
import { hasInitialData, precopyBytes } from "./observation.ts";
import * as say from "./sentences.ts";
import { type Strikes, strike, struck } from "./strikes.ts";
import type { Verdict } from "./verdict.ts";

/** What any figures tell, exact or not. */

const noProgressMs = 30_000;
/** What is decided in the last half second would come too late. */
const endMs = 500;
/** So much of what is unsent may be zero pages, which cost next to nothing. */
const mayBeZero = 0.5;
const measuredAfterMs = 60_000;
const measuredHits = 50;

/** C8: the deadline has passed. */
export function deadlineRule({
  leftMs,
  nowMs,
  policy,
}: Pick<Evidence, "leftMs" | "nowMs" | "policy">): Verdict | undefined {
  return leftMs < endMs ? say.deadline(nowMs, policy) : undefined;
}

/** C2: nothing has moved for half a minute although there is something to move. */
export function noProgressRule({
  memory,
  observation,
  nowMs,
}: Pick<Evidence, "memory" | "observation" | "nowMs">): Verdict | undefined {
  const sinceMs = nowMs - memory.bandwidth.movedAtMs;
  if (sinceMs <= noProgressMs || precopyBytes(observation) <= worthMovingBytes) return undefined;
  return say.stalled(observation, sinceMs, noProgressMs);
}

/** C8: the first pass alone takes longer than there is time: by the link itself, or for long enough by the best that was measured. */
export function firstPassRule(evidence: Evidence, before: Strikes): { verdict: Verdict | undefined; strikes: Strikes } {
  const { pass, observation, policy, leftMs, nowMs } = evidence;
  if (pass.doneMs !== undefined) return { verdict: undefined, strikes: before };
  const unsent = precopyBytes(observation);
  const [link, cap = Infinity] = [linkOf(policy), policy.capBytesPerSec];
  const isTooMuchFor = (bytesPerSec: number) => ((mayBeZero * unsent) / bytesPerSec) * 1000 > leftMs;
  if (isTooMuchFor(link)) return { verdict: say.tooLate(unsent, link, leftMs, policy, true), strikes: before };
  if (policy.sharedOut !== true && isTooMuchFor(cap))
    return { verdict: say.tooLateUnderCap(unsent, cap, leftMs, policy), strikes: before };
  if (nowMs <= measuredAfterMs) return { verdict: undefined, strikes: before };
  const most = mostForPrecopy(evidence);
  const strikes = strike(before, "firstPass", (unsent / most) * 1000 > leftMs);
  const late = struck(strikes, "firstPass", measuredHits);
  return { strikes, verdict: late ? say.tooLate(unsent, most, leftMs, policy, false) : undefined };
}

/** C3, C5: where nothing is decided: a slow link, initial data, or on the way. */
export function onTheWay({ memory, observation, policy, predicted, bandwidth }: Evidence): Verdict {
  const expected = degradedFrom(memory.bandwidth, policy);
  if (expected !== undefined) return say.degraded(memory.bandwidth.smoothedBytesPerSec ?? 0, expected);
  if (hasInitialData(observation)) return say.initial(observation, policy, predicted);
  return say.converging(observation, policy, predicted, bandwidth.mid);
}
