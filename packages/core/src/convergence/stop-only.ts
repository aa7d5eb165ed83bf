import { needOfStop } from "./advice.ts";
import { isSettled, linkOf } from "./bandwidth.ts";
import type { Evidence } from "./evidence.ts";
import { leastDowntimeMs } from "./forecast.ts";
import type { Convergence } from "./memory.ts";
import { mayShrink, stopcopyBytes } from "./observation.ts";
import * as say from "./sentences.ts";
import { clamp } from "./statistics.ts";
import { type Strikes, strike, struck } from "./strikes.ts";
import type { Verdict } from "./verdict.ts";

/** So far above the limit that no second figure is needed, where the link itself is known. */
const beyondDoubt = 1.15;
const proofs = 2;
const hitsAtBest = 3;
const hitsOfEstimates = 10;
/** Stop-only bytes that grew by so much since they fitted may go back: they get as long as a plateau. */
const jump = { factor: 1.15, ofFirstPass: 0.75, leastMs: 8_000, mostMs: 60_000 };

export interface StopOnlyRuled {
  verdict: Verdict | undefined;
  strikes: Strikes;
  stopOnly: Convergence["stopOnly"];
}

/**
 * C1: what only the stop can do exceeds the limit. At the link's own limit that is a proof; at the best that was measured it is none.
 * Both with fixed costs at their lower end and the device at its fastest. Nothing is said while a device may still shrink, and a jump
 * of what had fitted before is given time to go back.
 */
export function stopOnlyRule(evidence: Evidence): StopOnlyRuled {
  const { memory, observation, policy, nowMs, syncMs, bandwidth } = evidence;
  const limitMs = policy.downtimeLimitMs;
  const link = linkOf(policy);
  const atLink = leastDowntimeMs(observation, link, policy, syncMs);
  const atBest = leastDowntimeMs(observation, bandwidth.high, policy, syncMs);
  const bytes = stopcopyBytes(observation);
  const { fittingBytes, unfitSinceMs = nowMs } = memory.stopOnly;
  const stopOnly = atBest.totalMs <= limitMs ? { fittingBytes: bytes } : { fittingBytes, unfitSinceMs };
  const patienceMs = clamp(jump.ofFirstPass * (evidence.pass.doneMs ?? nowMs), jump.leastMs, jump.mostMs);
  const jumped = fittingBytes !== undefined && bytes > jump.factor * fittingBytes && nowMs - unfitSinceMs < patienceMs;
  if (mayShrink(observation) || (jumped && atBest.totalMs > limitMs))
    return { verdict: undefined, strikes: memory.strikes, stopOnly };
  let strikes = strike(memory.strikes, "stopOnly", atLink.totalMs > limitMs);
  strikes = strike(strikes, "stopOnlyAtBest", isSettled(memory.bandwidth) && atBest.totalMs > limitMs);
  const need = needOfStop(evidence.predicted, bytes, limitMs, bandwidth);
  const figures = { fixedMs: atLink.fixedMs, need };
  if (struck(strikes, "stopOnly", atLink.totalMs > beyondDoubt * limitMs ? 1 : proofs)) {
    const proven = { ...figures, leastMs: atLink.totalMs, bytesPerSec: link, proof: true };
    return { verdict: say.stopOnly(observation, policy, proven), strikes, stopOnly };
  }
  if (struck(strikes, "stopOnlyAtBest", hitsAtBest)) {
    const measured = { ...figures, leastMs: atBest.totalMs, bytesPerSec: bandwidth.high, proof: false };
    return { verdict: say.stopOnly(observation, policy, measured), strikes, stopOnly };
  }
  return { verdict: undefined, strikes, stopOnly };
}

/** By estimates alone what only the stop can do looks too much, ten reports in a row: worth asking exactly. */
export function suspicion({ memory, observation, policy, bandwidth, syncMs }: Evidence): {
  strikes: Strikes;
  suspects: boolean;
} {
  const least = leastDowntimeMs(observation, bandwidth.high, policy, syncMs).totalMs;
  const hit = isSettled(memory.bandwidth) && !mayShrink(observation) && least > policy.downtimeLimitMs;
  const strikes = strike(memory.strikes, "stopOnlyEstimate", hit);
  return { strikes, suspects: struck(strikes, "stopOnlyEstimate", hitsOfEstimates) };
}
