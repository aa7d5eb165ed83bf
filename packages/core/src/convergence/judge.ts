import { deadlineRule, firstPassRule, noProgressRule, onTheWay } from "./any-rules.ts";
import { type BandwidthRange, degradedFrom, measure, rangeOf } from "./bandwidth.ts";
import { advance } from "./clock.ts";
import { type Dirty, type Span, hiddenBytes, withExact, withKnown } from "./dirty.ts";
import { etaOf } from "./eta.ts";
import type { Evidence } from "./evidence.ts";
import { ruleOnExact } from "./exact-rules.ts";
import { type FirstPass, beginFirstPass, follow, withActivity } from "./first-pass.ts";
import { forecast, leastDowntimeMs } from "./forecast.ts";
import type { Convergence } from "./memory.ts";
import { type Observation, precopyBytes, stopcopyBytes } from "./observation.ts";
import { withSample } from "./plateau.ts";
import { endsAtMs, type Policy } from "./policy.ts";
import { isAwaited, isWorthAsking } from "./questions.ts";
import * as say from "./sentences.ts";
import { withSpell } from "./spell.ts";
import { suspicion } from "./stop-only.ts";
import { type MsRange, type Verdict, isBlocked } from "./verdict.ts";

/** While no bandwidth is known: exact figures may tell that nothing has to move. */
const askAgainMs = 5_000;

/** What the judge has to say of one observation. */
export interface Judgement {
  memory: Convergence;
  verdict: Verdict;
  /** What it rests on, the forecast among it; undefined while no bandwidth is known. */
  evidence: Evidence | undefined;
  /** Until the guest can be switched over; undefined where no one can tell. */
  eta: MsRange | undefined;
  /** Exact figures would tell something. */
  askExact: boolean;
}

/** Rules C1 to C8: what one more observation says of the whole. Pure: equal input gives an equal judgement. */
export function judge(before: Convergence, observation: Observation, policy: Policy): Judgement {
  const clock = advance(before.clock, observation.atMs, policy.reportEveryMs);
  const bandwidth = measure(before.bandwidth, observation, clock.nowMs);
  const degraded = withSpell(before.degraded, degradedFrom(bandwidth, policy) !== undefined, clock.nowMs);
  const pass = follow(
    before.pass ?? beginFirstPass(observation, policy),
    observation,
    clock,
    observation.exact !== undefined || before.dirty.lastExact !== undefined,
  );
  const memory: Convergence = { ...before, clock, bandwidth, degraded, pass };
  return observation.exact === undefined
    ? judgeEstimate(memory, pass, observation, policy)
    : judgeExact(memory, pass, observation, observation.exact, policy);
}

/** Exact figures: every rule may decide on them. */
function judgeExact(
  before: Convergence,
  followed: FirstPass,
  observation: Observation,
  exact: NonNullable<Observation["exact"]>,
  policy: Policy,
): Judgement {
  const { nowMs } = before.clock;
  const { dirty, span } = withExact(before.dirty, observation, before.clock);
  const pass = withActivity(followed, span, observation);
  const question = { askedMs: before.question?.askedMs ?? nowMs, open: false };
  const known: Convergence = { ...before, dirty, pass, question, syncMs: exact.syncMs };
  // The guest has gone on writing since the figures were true, and will until it is stopped.
  const since = ((dirty.bytesPerSec ?? 0) * (exact.agoMs + policy.decisionMs)) / 1000;
  const moving = { bytes: precopyBytes(observation) + since, sdBytes: 0 };
  const evidence = evidenceOf(known, pass, observation, policy, moving, span);
  if (evidence === undefined) return undecided(known, observation);
  const stopMs = leastDowntimeMs(observation, evidence.bandwidth.high, policy, exact.syncMs).totalMs;
  const memory = { ...known, samples: withSample(known.samples, nowMs, evidence.predicted, stopMs) };
  const { verdict, strikes, stopOnly } = ruleOnExact({ ...evidence, memory });
  const told = verdict ?? deadlineRule(evidence) ?? onTheWay(evidence);
  return judgementOf({ ...evidence, memory: { ...memory, strikes, stopOnly, verdict: told } }, told, false);
}

/** Estimates: what exact figures have decided stands until the next ones; a passed deadline and a dead link show at once. */
function judgeEstimate(before: Convergence, pass: FirstPass, observation: Observation, policy: Policy): Judgement {
  const { dirty } = before;
  const memory = { ...before, dirty: withKnown(dirty, observation) };
  const evidence = evidenceOf(
    memory,
    pass,
    observation,
    policy,
    movingBytes(dirty, memory.clock.nowMs, observation),
    undefined,
  );
  const awaited = isAwaited({ question: memory.question, nowMs: memory.clock.nowMs, syncMs: syncMsOf(memory, policy) });
  if (evidence === undefined) return withoutBandwidth(memory, observation, policy, awaited);
  const over = deadlineRule(evidence) ?? noProgressRule(evidence);
  if (over !== undefined || awaited) {
    return judgementOf(evidence, over ?? standing(evidence), false);
  }
  const late = firstPassRule(evidence, memory.strikes);
  const { strikes, suspects } = suspicion({ ...evidence, memory: { ...memory, strikes: late.strikes } });
  const verdict = late.verdict ?? standing(evidence);
  const asking = isWorthAsking(occasionOf(evidence, dirty, suspects), policy);
  return judgementOf({ ...evidence, memory: { ...memory, strikes } }, verdict, asking);
}

/** Whatever the bandwidth: a passed deadline, and a link over which nothing moves. */
function withoutBandwidth(memory: Convergence, observation: Observation, policy: Policy, awaited: boolean): Judgement {
  const { nowMs } = memory.clock;
  const over =
    deadlineRule({ leftMs: endsAtMs(policy) - nowMs, nowMs, policy }) ?? noProgressRule({ memory, observation, nowMs });
  const since = nowMs - (memory.question?.askedMs ?? -Infinity);
  const judgement = undecided(memory, observation);
  return {
    ...judgement,
    verdict: over ?? judgement.verdict,
    askExact: over === undefined && !awaited && since >= askAgainMs,
  };
}

function movingBytes(dirty: Dirty, nowMs: number, observation: Observation): { bytes: number; sdBytes: number } {
  const hidden = hiddenBytes(dirty, nowMs - (dirty.lastExact?.atMs ?? nowMs));
  return { bytes: precopyBytes(observation) + hidden.bytes, sdBytes: hidden.sdBytes };
}

function evidenceOf(
  memory: Convergence,
  pass: FirstPass,
  observation: Observation,
  policy: Policy,
  moving: { bytes: number; sdBytes: number },
  span: Span | undefined,
): Evidence | undefined {
  // What has nothing left to move needs no bandwidth.
  const nothing = moving.bytes + stopcopyBytes(observation) === 0;
  const bandwidth = rangeOf(memory.bandwidth, policy) ?? (nothing ? unneeded : undefined);
  if (bandwidth === undefined) return undefined;
  const syncMs = syncMsOf(memory, policy);
  const { nowMs } = memory.clock;
  const predicted = forecast(observation, moving, bandwidth, policy, syncMs);
  const leftMs = endsAtMs(policy) - nowMs;
  return { memory, pass, observation, policy, nowMs, leftMs, syncMs, bandwidth, predicted, span };
}

const unneeded: BandwidthRange = { low: Infinity, mid: Infinity, high: Infinity, sd: 0 };

function syncMsOf(memory: Convergence, policy: Policy): number {
  return memory.syncMs ?? policy.syncMsPrior;
}

/** Of the last exact figures, if it decided something; else where it stands now. */
function standing(evidence: Evidence): Verdict {
  const { verdict } = evidence.memory;
  return verdict !== undefined && (isBlocked(verdict) || verdict.kind === "ready") ? verdict : onTheWay(evidence);
}

function occasionOf(evidence: Evidence, dirty: Dirty, suspectsStopOnly: boolean) {
  const { memory, pass, observation, predicted, bandwidth, nowMs, syncMs } = evidence;
  return {
    nowMs,
    question: memory.question,
    syncMs,
    knownBytes: precopyBytes(observation),
    foundBytes: dirty.lastExact?.pendingBytes,
    predicted,
    firstPassMs: pass.doneMs === undefined ? (pass.sizeBytes / bandwidth.mid) * 1000 : undefined,
    suspectsStopOnly,
  };
}

function judgementOf(evidence: Evidence, verdict: Verdict, askExact: boolean): Judgement {
  const { memory, observation, predicted, bandwidth, policy, leftMs } = evidence;
  const hidden =
    observation.exact === undefined
      ? movingBytes(memory.dirty, evidence.nowMs, observation).bytes - precopyBytes(observation)
      : 0;
  const eta = isBlocked(verdict)
    ? undefined
    : etaOf(observation, hidden, predicted, bandwidth, memory.dirty.bytesPerSec ?? 0, policy, leftMs);
  return { memory, verdict, evidence, eta, askExact };
}

/** No bandwidth is known. Where nothing can move before the stop, and nobody has said what the link carries, waiting will not tell either. */
function undecided(memory: Convergence, observation: Observation): Judgement {
  const never = observation.exact !== undefined && precopyBytes(observation) === 0 && observation.wireBytes === 0;
  const verdict = never ? say.noBandwidth(observation) : say.measuring(observation);
  return { memory, verdict, evidence: undefined, eta: undefined, askExact: false };
}
