import {
  type Bandwidth,
  expectedBytesPerSec,
  isCapped,
  isDegraded,
  isSettled,
  leastBytesPerSec,
  measure,
  measuredBytesPerSec,
  mostBytesPerSec,
  noBandwidth,
} from "./bandwidth.ts";
import { type Forecast, forecast, leastDowntimeMs } from "./forecast.ts";
import { type Observation, type Policy, heaviestBy, precopyBytes, stopcopyBytes } from "./observation.ts";
import { type Progress, beginProgress, dominant, follow, followExact, passEnded } from "./progress.ts";
import * as say from "./sentences.ts";
import type { Judgement, Verdict } from "./verdict.ts";

/** All that the judge remembers of a migration between two observations. Plain data: it is stored with the migration. */
export interface Convergence {
  bandwidth: Bandwidth;
  progress: Progress | undefined;
  leastRttMs: number | undefined;
  /** The source's clock at the last exact figures. */
  exactAtMs: number | undefined;
  moved: { wireBytes: number; atMs: number } | undefined;
}

/** Exact figures are asked for from here on: the estimate's downtime is at most 1.1 of the limit. */
const exactNear = 1.1;
const exactEveryMs = 100;
/** Away from the limit they are asked for after each pass, to see whether it gets anywhere. */
const exactPerPassMs = 1_000;
const stalledMs = 30_000;
const stalledBytes = 1_000_000;

export const noConvergence: Convergence = {
  bandwidth: noBandwidth,
  progress: undefined,
  leastRttMs: undefined,
  exactAtMs: undefined,
  moved: undefined,
};

/** Rules C1 to C7: what one more observation says of the whole. Pure: equal input gives an equal judgement. */
export function judge(before: Convergence, observation: Observation, policy: Policy): Judgement<Convergence> {
  const bandwidth = measure(before.bandwidth, observation);
  const bytesPerSec = expectedBytesPerSec(bandwidth, policy);
  const followed = follow(before.progress ?? beginProgress(observation), observation);
  const predicted = forecastAt(observation, bytesPerSec, followed.dirtyBytesPerSec);
  const progress = observation.exact
    ? followExact(followed, observation, predicted?.midMs, policy.downtimeLimitMs)
    : followed;
  const memory: Convergence = {
    bandwidth,
    progress,
    leastRttMs: Math.min(before.leastRttMs ?? observation.rttMs, observation.rttMs),
    exactAtMs: observation.exact ? observation.atMs : before.exactAtMs,
    moved: movement(before.moved, observation),
  };
  return {
    memory,
    verdict: verdictOf({ memory, progress, observation, policy, predicted, bytesPerSec }),
    forecast: predicted,
    bytesPerSec,
    dirtyBytesPerSec: progress.dirtyBytesPerSec,
    etaMs: etaOf(observation, policy, predicted, bytesPerSec, progress.dirtyBytesPerSec),
    askExact:
      !observation.exact && predicted !== undefined && worthAsking(memory, progress, observation, policy, predicted),
  };
}

interface Evidence {
  memory: Convergence;
  progress: Progress;
  observation: Observation;
  policy: Policy;
  predicted: Forecast | undefined;
  bytesPerSec: number | undefined;
}

/** The first rule that has something to say decides. */
function verdictOf(evidence: Evidence): Verdict {
  const rules = [provenHopeless, stalled, initialLeft, fits, slowLink, noProgress];
  for (const rule of rules) {
    const verdict = rule(evidence);
    if (verdict !== undefined) return verdict;
  }
  if (evidence.predicted !== undefined) return say.converging(evidence, evidence.predicted);
  return unmeasurable(evidence) ? say.noBandwidth(evidence) : say.measuring(evidence);
}

/** C1: what only the stop can move, or its own time, exceeds the limit at the best bandwidth. Where the link is known, a proof. */
function provenHopeless({ memory, observation, policy }: Evidence): Verdict | undefined {
  const most = mostBytesPerSec(memory.bandwidth, policy);
  const rttMs = isSettled(memory.bandwidth) ? (memory.leastRttMs ?? 0) : 0;
  const least = leastDowntimeMs(observation, most, rttMs);
  if (least.fixedMs > policy.downtimeLimitMs) return say.fixedCosts(observation, policy, least.fixedMs);
  if (most === undefined || least.totalMs <= policy.downtimeLimitMs) return undefined;
  return say.stopOnly(observation, policy, most, least.totalMs);
}

/** C2: nothing has moved for half a minute although there is something to move. */
function stalled({ memory, observation }: Evidence): Verdict | undefined {
  const sinceMs = memory.moved === undefined ? 0 : observation.atMs - memory.moved.atMs;
  if (sinceMs < stalledMs || precopyBytes(observation) < stalledBytes) return undefined;
  return say.stalled(observation, sinceMs);
}

/** C3: a switchover is not worth trying before all initial bytes have moved. */
function initialLeft({ observation, predicted }: Evidence): Verdict | undefined {
  const waiting = heaviestBy(observation, (device) => device.pending.initialBytes);
  return waiting.pending.initialBytes === 0 || predicted === undefined ? undefined : say.initial(waiting, predicted);
}

/**
 * C4: by exact figures the whole downtime, at the upper end of its interval, fits the limit. What is said of the link is trusted only
 * where nothing can move, and so nothing be measured, before the stop.
 */
function fits({ memory, observation, policy, predicted }: Evidence): Verdict | undefined {
  const measured = measuredBytesPerSec(memory.bandwidth) !== undefined || precopyBytes(observation) === 0;
  const fitting = observation.exact && predicted !== undefined && predicted.highMs <= policy.downtimeLimitMs;
  return fitting && measured ? say.fits(predicted, policy) : undefined;
}

/** C5: a link at less than half of what it should give is told apart from a guest that outruns a healthy one. */
function slowLink(evidence: Evidence): Verdict | undefined {
  const { memory, policy, bytesPerSec } = evidence;
  return bytesPerSec !== undefined && isDegraded(memory.bandwidth, policy)
    ? say.degraded(evidence, bytesPerSec)
    : undefined;
}

/** C6, C7: passes that bring the downtime no nearer to the limit; a cap of one's own is named before the guest is blamed. */
function noProgress(evidence: Evidence): Verdict | undefined {
  const { memory, progress, observation, policy, predicted, bytesPerSec } = evidence;
  if (predicted === undefined || bytesPerSec === undefined || progress.stuck === undefined) return undefined;
  const dirtyBytesPerSec = progress.dirtyBytesPerSec ?? 0;
  const figures = { predicted, dirtyBytesPerSec, bytesPerSec, ...progress.stuck };
  const { capBytesPerSec: cap, linkBytesPerSec: link = Infinity } = policy;
  if (cap !== undefined && isCapped(memory.bandwidth, policy) && dirtyBytesPerSec < 0.8 * link)
    return say.capped(evidence, figures, cap);
  return say.outrun(dominant(observation), evidence, figures);
}

/** Nothing of it moves before the stop, and nobody has said what the link carries: waiting will not tell either. */
function unmeasurable({ memory, observation, bytesPerSec }: Evidence): boolean {
  return bytesPerSec === undefined && memory.progress?.last.sentBytes === 0 && precopyBytes(observation) === 0;
}

function forecastAt(
  observation: Observation,
  bytesPerSec: number | undefined,
  dirty: number | undefined,
): Forecast | undefined {
  // What has nothing left to move needs no bandwidth.
  const nothing = precopyBytes(observation) + stopcopyBytes(observation) === 0;
  if (bytesPerSec === undefined) return nothing ? forecast(observation, Infinity, 0) : undefined;
  return bytesPerSec < leastBytesPerSec ? undefined : forecast(observation, bytesPerSec, dirty ?? 0);
}

function worthAsking(
  memory: Convergence,
  progress: Progress,
  observation: Observation,
  policy: Policy,
  predicted: Forecast,
): boolean {
  const { exactAtMs } = memory;
  const near = predicted.midMs <= exactNear * policy.downtimeLimitMs;
  // A clock that went back tells nothing of the time since: then one may ask.
  if (exactAtMs === undefined || observation.atMs < exactAtMs) return near || passEnded(progress, observation);
  const restedMs = observation.atMs - exactAtMs;
  return (near && restedMs >= exactEveryMs) || (restedMs >= exactPerPassMs && passEnded(progress, observation));
}

function movement(moved: Convergence["moved"], observation: Observation): Convergence["moved"] {
  return moved !== undefined && moved.wireBytes === observation.wireBytes
    ? moved
    : { wireBytes: observation.wireBytes, atMs: observation.atMs };
}

/** Straight on: what is too much for the limit, at the rate by which sending outpaces writing. What only the stop can move stays. */
function etaOf(
  observation: Observation,
  policy: Policy,
  predicted: Forecast | undefined,
  bytesPerSec: number | undefined,
  dirty: number | undefined,
): number | undefined {
  if (predicted === undefined || bytesPerSec === undefined) return undefined;
  const rate = Math.min(bytesPerSec, policy.capBytesPerSec ?? Infinity) - (dirty ?? 0);
  const fittingBytes = (Math.max(0, policy.downtimeLimitMs - predicted.fixedMs) / 1000) * bytesPerSec;
  const excess = precopyBytes(observation) + stopcopyBytes(observation) - fittingBytes;
  if (excess <= 0) return 0;
  return rate > 0 && excess <= precopyBytes(observation) ? (excess / rate) * 1000 : undefined;
}
