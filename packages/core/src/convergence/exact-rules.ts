import { needOfPlateau } from "./advice.ts";
import { degradedFrom, isSettled } from "./bandwidth.ts";
import { type Evidence, mostForPrecopy } from "./evidence.ts";
import type { Convergence } from "./memory.ts";
import { hasInitialData, mayShrink, stopcopyBytes } from "./observation.ts";
import { plateauOf, trendOf } from "./plateau.ts";
import * as say from "./sentences.ts";
import { excusedUntilMs } from "./spell.ts";
import { stopOnlyRule } from "./stop-only.ts";
import { type Strikes, strike, struck } from "./strikes.ts";
import type { Verdict } from "./verdict.ts";

/** In a row: one set of figures alone proves little. */
const confirmations = 3;
/** A spell at the end of which "probably fits" is taken: 3 s before the deadline, or when it has not got better for 2 s. */
const lastChanceMs = 3_000;
const trend = { overMs: 2_000, perSec: -0.025 };
/** Clean memory is written faster than the best credible bandwidth by so much, with the limit missed by that factor. */
const outrun = { rate: 1.1, limit: 2, shortestSpanMs: 300 };

export type BlockedCode = "DIRTY_RATE" | "WORKING_SET" | "MARGINAL";

interface PlateauFigures {
  windowMs: number;
  count: number;
}

export interface Ruled {
  verdict: Verdict | undefined;
  strikes: Strikes;
  stopOnly: Convergence["stopOnly"];
}

/** What exact figures say: the first rule that has something to say decides. Undefined where nothing speaks for or against it yet. */
export function ruleOnExact(evidence: Evidence): Ruled {
  const ready = fitsRule(evidence);
  // What fits now has fitted: what comes after it is counted anew.
  if (ready !== undefined)
    return { verdict: ready, strikes: {}, stopOnly: { fittingBytes: stopcopyBytes(evidence.observation) } };
  const stop = stopOnlyRule(evidence);
  if (stop.verdict !== undefined) return stop;
  const { stopOnly } = stop;
  const outrunning = outrunRule(evidence, stop.strikes);
  if (outrunning.verdict !== undefined || evidence.pass.doneMs === undefined) return { ...outrunning, stopOnly };
  return { ...plateauRule(evidence, outrunning.strikes), stopOnly };
}

/** C4: the upper end of the predicted downtime fits; or it probably fits and will not get better. Initial data must have moved. */
function fitsRule({ memory, observation, policy, predicted, leftMs, nowMs }: Evidence): Verdict | undefined {
  if (hasInitialData(observation)) return undefined;
  const limitMs = policy.downtimeLimitMs;
  if (predicted.highMs <= limitMs) return say.fits(predicted, policy, true);
  if (predicted.midMs + predicted.sdMs > limitMs) return undefined;
  const falling = trendOf(memory.samples, nowMs, trend.overMs);
  const better = falling === undefined || falling <= trend.perSec;
  return leftMs < lastChanceMs || !better ? say.fits(predicted, policy, false) : undefined;
}

/**
 * C6: growth g(d) of what is dirty rises as d falls. Where pages that are clean already are written faster than the best credible
 * bandwidth carries, d cannot fall below where it is, be the first pass over or not.
 */
function outrunRule(evidence: Evidence, before: Strikes): { verdict: Verdict | undefined; strikes: Strikes } {
  const { memory, policy, predicted, span } = evidence;
  const hit =
    span !== undefined &&
    span.overMs > outrun.shortestSpanMs &&
    isSettled(memory.bandwidth) &&
    (span.writtenBytes / span.overMs) * 1000 > outrun.rate * mostForPrecopy(evidence) &&
    predicted.bestMs > outrun.limit * policy.downtimeLimitMs;
  const strikes = strike(before, "outrun", hit);
  return {
    strikes,
    verdict: struck(strikes, "outrun", confirmations) ? blocked(evidence, "DIRTY_RATE", undefined) : undefined,
  };
}

/** C6: over a window in proportion to the first pass it gets no nearer to the limit; or it comes near and never surely below. */
function plateauRule(evidence: Evidence, before: Strikes): { verdict: Verdict | undefined; strikes: Strikes } {
  const { memory, pass, policy, observation, nowMs, predicted } = evidence;
  const fromMs = Math.max(pass.doneMs ?? nowMs, memory.resumedMs, excusedUntilMs(memory.degraded));
  const plateau = plateauOf(memory.samples, nowMs, fromMs, pass, policy, mayShrink(observation));
  let strikes = strike(before, "plateau", plateau?.never === true);
  if (plateau === undefined) return { verdict: undefined, strikes };
  if (struck(strikes, "plateau", confirmations)) return { verdict: blocked(evidence, "WORKING_SET", plateau), strikes };
  if (plateau.limbo === undefined) return { verdict: undefined, strikes };
  if (predicted.midMs + 0.5 * predicted.sdMs <= policy.downtimeLimitMs && !hasInitialData(observation))
    return { verdict: say.fits(predicted, policy, false), strikes };
  strikes = strike(strikes, "limbo", plateau.limbo.unfit);
  return {
    strikes,
    verdict: struck(strikes, "limbo", confirmations) ? blocked(evidence, "MARGINAL", plateau) : undefined,
  };
}

/** C7: under a cap of the migration's own, which the link could better, the cap is named and not the guest. */
export function blocked(evidence: Evidence, code: BlockedCode, plateau: PlateauFigures | undefined): Verdict {
  const { memory, observation, policy, predicted, bandwidth, span, workingSet } = evidence;
  const { capBytesPerSec: cap, linkBytesPerSec: link = Infinity } = policy;
  const known = { stopcopyBytes: stopcopyBytes(observation), workingSet };
  return say.blocked(observation, policy, {
    code,
    predicted,
    bandwidth,
    dirtyBytesPerSec: writtenRateOf(evidence, plateau?.windowMs ?? 0),
    windowMs: plateau?.windowMs ?? span?.overMs ?? 0,
    samples: plateau?.count ?? confirmations,
    need: needOfPlateau(predicted, memory.samples, policy.downtimeLimitMs, bandwidth, known),
    capBytesPerSec: cap !== undefined && binds(cap, link, memory.bandwidth.smoothedBytesPerSec) ? cap : undefined,
    expectedBytesPerSec: degradedFrom(memory.bandwidth, policy),
  });
}

/** The link would carry more, by what it is said to and by what it gave. */
function binds(cap: number, link: number, measured = cap): boolean {
  return cap < 0.9 * link && cap <= 1.1 * measured;
}

/**
 * Bytes/s over the window: what was found while it was sent. What is written again before it was sent is not in it; the working set, where it
 * was looked at, tells that too. Spans in which nothing was sent tell only how a dirty set fills up. Of a plateau no single span counts, since
 * one look may find what was written before another.
 */
function writtenRateOf({ memory, workingSet }: Evidence, windowMs: number): number {
  const { spans } = memory.dirty;
  const sending = spans.filter(({ sentBytes }) => sentBytes > 0);
  let [writtenBytes, overMs] = [0, 0];
  for (const span of (sending.length > 0 ? sending : spans).toReversed()) {
    if (overMs > 0 && overMs >= windowMs) break;
    writtenBytes += span.writtenBytes;
    overMs += span.overMs;
  }
  const found = overMs === 0 ? 0 : (writtenBytes / overMs) * 1000;
  return workingSet === undefined ? found : Math.max(found, workingSet.bytes * workingSet.perSec);
}
