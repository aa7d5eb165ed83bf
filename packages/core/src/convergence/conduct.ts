import { type WorkingSet, workingSetOf } from "./advice.ts";
import type { Span } from "./dirty.ts";
import { type BlockedCode, blocked as blockedVerdict } from "./exact-rules.ts";
import type { Forecast } from "./forecast.ts";
import { quietWaitMs } from "./history.ts";
import type { Judgement } from "./judge.ts";
import { type Remedy, nextRemedy } from "./ladder.ts";
import { precopyBytes, type Observation } from "./observation.ts";
import { patienceMs } from "./patience.ts";
import { isLow } from "./plateau.ts";
import { isAwaited } from "./questions.ts";
import type { Convergence } from "./memory.ts";
import { endsAtMs, type Patience, type Policy } from "./policy.ts";
import { clamp } from "./statistics.ts";
import { type Verdict, isBlocked, isProof } from "./verdict.ts";

/**
 * What is done about a verdict: the policy's side, kept apart from the judge's. It acts after its patience, waits cheaply where the
 * guest's history promises a quiet period, looks for a moment what the working set is, climbs its ladder, and then gives up.
 */
export interface Conduct {
  mode: Mode;
  /** Since when the verdict has been that it does not converge; undefined while it may. */
  blockedSinceMs: number | undefined;
  /** The first time that a quiet period was waited for. */
  watchedSinceMs: number | undefined;
  workingSet: WorkingSet | undefined;
  /** It was looked for, and is not again: where all of it was dirty already nothing could be seen. */
  looked?: true | undefined;
  /** The share of its speed that the guest has lost to a remedy. */
  throttle: number;
  /** It fits and still falls: since when, and what was expected of the downtime by the last exact figures. */
  closingIn: { sinceMs: number; midMs: number; atMs: number } | undefined;
  /**
   * It is to be switched over whatever the limit: at once, or at the next low. Somebody asked for that; or, `forced`, the policy's ladder has
   * come to it, which does not overrule a hold or a window.
   */
  wish: { at: "now" | "minimum"; sinceMs: number; forced?: true | undefined } | undefined;
}

type Mode =
  | { kind: "sending" }
  /** Sends little, and looks whether the guest grows quiet. */
  | { kind: "watching"; untilMs: number; quiet: number; verdict: Verdict }
  /** Sends nothing, and looks how the dirty set refills. `predicted` is from before: what gathers meanwhile is no fault of the guest. */
  | {
      kind: "diagnosing";
      gapMs: number;
      spans: readonly { writtenBytes: number; overMs: number }[];
      verdict: Verdict;
      predicted: Forecast | undefined;
    };

export type Action =
  | { kind: "none" }
  | { kind: "askExact" }
  | { kind: "switchOver"; why: Verdict }
  | { kind: "giveUp"; why: Verdict }
  | { kind: "remedy"; remedy: Remedy; why: Verdict };

export interface Decision {
  conduct: Conduct;
  action: Action;
  /** What is published: while a quiet period is waited for, the verdict that led to it. */
  verdict: Verdict;
  /** A plateau must show itself anew. */
  resume: boolean;
}

const watchDuty = 0.05;
/** Quiet: less than half of what was sent was written anew, so often in a row, over spans of at least so long. */
const quiet = { ratio: 0.5, times: 3, shortestSpanMs: 300 };
/** While it falls by so much a ms; to that share of the limit, and for so long at the most. */
const closing = { fall: 0.15, enough: 0.75, mostMs: 3_000, beforeDeadlineMs: 5_000 };
const wishGapMs = 200;
/** C13: exact figures come no more often than that many times their own cost. */
const gapOfSync = 8;
const beforeDeadlineMs = 1_000;
const diagnosis = { spans: 3, ofDowntime: 0.4, leastMs: 200, mostMs: 3_000, ofSync: 4, wholeSpan: 0.5 };

export const conductAtStart: Conduct = {
  mode: { kind: "sending" },
  blockedSinceMs: undefined,
  watchedSinceMs: undefined,
  workingSet: undefined,
  throttle: 0,
  closingIn: undefined,
  wish: undefined,
};

/** C9, C10, C14: what to do about the judgement of one observation. */
export function decide(before: Conduct, judgement: Judgement, observation: Observation, policy: Policy): Decision {
  const { verdict, memory } = judgement;
  const blockedSinceMs = isBlocked(verdict) ? (before.blockedSinceMs ?? memory.clock.nowMs) : undefined;
  // A chance that has gone is no chance: the next one begins anew.
  const closingIn = verdict.kind === "ready" ? before.closingIn : undefined;
  const conduct = { ...before, blockedSinceMs, closingIn };
  if (conduct.wish !== undefined) return asWished(conduct, conduct.wish, judgement, observation, policy);
  if (verdict.kind === "ready" && observation.exact !== undefined) {
    // Whatever was being done about a blocked verdict is over, also while it is held.
    const sending: Conduct = { ...conduct, mode: { kind: "sending" } };
    return policy.maySwitchOver ? ready(sending, judgement) : done(sending, verdict, { kind: "none" });
  }
  switch (conduct.mode.kind) {
    case "sending":
      return isBlocked(verdict) ? blocked(conduct, judgement, policy) : going(conduct, judgement);
    case "watching":
      return watch(conduct, conduct.mode, judgement, policy);
    case "diagnosing":
      return diagnose(conduct, conduct.mode, judgement, observation, policy);
  }
}

/**
 * C14: it fits, and where it still falls fast a moment more of sending makes the pause shorter and the promise safer: it is switched over
 * when it is low enough, falls no more, or has been waited for.
 */
function ready(conduct: Conduct, { verdict, evidence }: Judgement): Decision {
  const switchOver = done({ ...conduct, closingIn: undefined }, verdict, { kind: "switchOver", why: verdict });
  if (evidence === undefined || evidence.leftMs < closing.beforeDeadlineMs) return switchOver;
  // The next exact figures would come too late to wait for.
  if (gapOfSync * evidence.syncMs > closing.mostMs) return switchOver;
  const { nowMs, predicted, policy } = evidence;
  const before = conduct.closingIn;
  const sinceMs = before?.sinceMs ?? nowMs;
  const isLow = predicted.midMs <= closing.enough * policy.downtimeLimitMs;
  if (isLow || nowMs - sinceMs > closing.mostMs) return switchOver;
  const fallen = before === undefined ? Infinity : (before.midMs - predicted.midMs) / Math.max(1, nowMs - before.atMs);
  if (fallen < closing.fall) return switchOver;
  return done({ ...conduct, closingIn: { sinceMs, midMs: predicted.midMs, atMs: nowMs } }, verdict, { kind: "none" });
}

/** When a blocked verdict will be acted on, in ms from now; undefined where it is not, or never by itself. */
export function actsInMs(
  conduct: Conduct,
  memory: Convergence,
  verdict: Verdict,
  patience: Patience,
): number | undefined {
  const { nowMs } = memory.clock;
  if (conduct.mode.kind === "watching") return Math.max(0, conduct.mode.untilMs - nowMs);
  if (conduct.blockedSinceMs === undefined) return undefined;
  const waitMs = patienceOf(verdict, memory, patience);
  return Number.isFinite(waitMs) ? Math.max(0, conduct.blockedSinceMs + waitMs - nowMs) : undefined;
}

/** The share of the bandwidth that precopy uses now: 1 all, 0 none. */
export function dutyOf({ mode }: Conduct): number {
  return mode.kind === "sending" ? 1 : mode.kind === "watching" ? watchDuty : 0;
}

/** M16: a switchover whatever the limit, and so no giving up but where nothing moves any more. */
function asWished(
  conduct: Conduct,
  wish: NonNullable<Conduct["wish"]>,
  judgement: Judgement,
  observation: Observation,
  policy: Policy,
): Decision {
  const { verdict, memory } = judgement;
  const sending: Conduct = { ...conduct, mode: { kind: "sending" } };
  // That it would take too long by itself is what the wish overrules; that the deadline has passed is not.
  const isOver = verdict.code === "DEADLINE" && "elapsedMs" in verdict.inputs;
  if (verdict.code === "NO_PROGRESS" || isOver) return done(sending, verdict, { kind: "giveUp", why: verdict });
  if (observation.exact === undefined) {
    const gapMs = Math.max(wishGapMs, gapOfSync * (memory.syncMs ?? policy.syncMsPrior));
    const due = isDue(memory, policy, wish.at === "now" ? 0 : gapMs);
    return done(sending, verdict, { kind: due ? "askExact" : "none" });
  }
  const may = wish.forced !== true || policy.maySwitchOver;
  const here = may && (wish.at === "now" || verdict.kind === "ready" || isLowPoint(judgement, wish.sinceMs));
  return done(sending, verdict, here ? { kind: "switchOver", why: verdict } : { kind: "none" });
}

/** Until the first pass is over every moment is the lowest yet. Without any bandwidth there is no forecast whose low could be waited for. */
function isLowPoint({ memory: { pass, samples, clock }, evidence }: Judgement, sinceMs: number): boolean {
  if (evidence === undefined) return true;
  return pass?.doneMs !== undefined && isLow(samples, clock.nowMs, sinceMs);
}

/** No answer is awaited, and the gap since the last question is over. */
function isDue({ question, clock: { nowMs }, syncMs }: Convergence, policy: Policy, gapMs: number): boolean {
  const awaited = isAwaited({ question, nowMs, syncMs: syncMs ?? policy.syncMsPrior });
  return !awaited && nowMs - (question?.askedMs ?? -Infinity) >= gapMs;
}

function patienceOf(verdict: Verdict, { pass }: Convergence, patience: Patience): number {
  return isProof(verdict) || pass === undefined ? 0 : patienceMs(patience, pass);
}

function going(conduct: Conduct, { verdict, askExact }: Judgement): Decision {
  return done(conduct, verdict, askExact ? { kind: "askExact" } : { kind: "none" });
}

/** A proof is acted on at once; everything else when it has stood for as long as the policy's patience asks. */
function blocked(conduct: Conduct, judgement: Judgement, policy: Policy): Decision {
  const { verdict, memory } = judgement;
  const stoodMs = memory.clock.nowMs - (conduct.blockedSinceMs ?? memory.clock.nowMs);
  if (stoodMs < patienceOf(verdict, memory, policy.patience)) return going(conduct, judgement);
  return verdict.kind === "hopeless" && (verdict.code === "DEADLINE" || verdict.code === "NO_PROGRESS")
    ? done(conduct, verdict, { kind: "giveUp", why: verdict })
    : giveUp(conduct, judgement, verdict, policy);
}

/** Not at once: first what costs nothing, then a wait, then a closer look, then what costs the guest something. */
function giveUp(conduct: Conduct, judgement: Judgement, why: Verdict, policy: Policy): Decision {
  const { nowMs } = judgement.memory.clock;
  if (why.kind === "needsMore") {
    const free = nextRemedy(
      why,
      { ...policy, ladder: policy.ladder.filter(({ remedy }) => remedy === "bandwidth") },
      conduct.throttle,
    );
    if (free !== undefined) return remedied(conduct, free, why, nowMs);
  }
  if (isOfTheGuest(why.code)) {
    const waitMs = quietWaitMs(policy);
    const since = conduct.watchedSinceMs ?? nowMs;
    const untilMs = Math.min(since + waitMs, endsAtMs(policy) - beforeDeadlineMs);
    if (waitMs > 0 && nowMs < untilMs) {
      const mode: Mode = { kind: "watching", untilMs, quiet: 0, verdict: why };
      return done({ ...conduct, mode, watchedSinceMs: since }, why, { kind: "none" });
    }
    const affordable = diagnosis.ofSync * (judgement.memory.syncMs ?? 0) <= diagnosis.mostMs;
    if (policy.diagnose && affordable && conduct.looked !== true) return beginDiagnosis(conduct, judgement, why);
  }
  return lastResort(conduct, advised(conduct, judgement, why), policy, nowMs);
}

/** What was once found of the working set is advice for every later verdict too. */
function advised({ workingSet }: Conduct, { evidence }: Judgement, why: Verdict): Verdict {
  const { code, thresholds } = why;
  if (workingSet === undefined || evidence === undefined || !isOfTheGuest(code)) return why;
  const known = { windowMs: thresholds["windowMs"] ?? 0, count: thresholds["samples"] ?? 0 };
  return blockedVerdict({ ...evidence, workingSet }, code, known);
}

function lastResort(conduct: Conduct, why: Verdict, policy: Policy, nowMs: number): Decision {
  const remedy = nextRemedy(why, policy, conduct.throttle);
  return remedy === undefined ? done(conduct, why, { kind: "giveUp", why }) : remedied(conduct, remedy, why, nowMs);
}

/** The guest may behave otherwise later, and how it is written can be looked at. */
function isOfTheGuest(code: string): code is BlockedCode {
  return code === "DIRTY_RATE" || code === "WORKING_SET" || code === "MARGINAL";
}

function remedied(conduct: Conduct, remedy: Remedy, why: Verdict, nowMs: number): Decision {
  const next: Conduct = {
    ...conduct,
    mode: { kind: "sending" },
    blockedSinceMs: undefined,
    throttle: remedy.change.throttle ?? conduct.throttle,
    wish: remedy.change.force === true ? { at: "minimum", sinceMs: nowMs, forced: true } : conduct.wish,
  };
  return { conduct: next, action: { kind: "remedy", remedy, why }, verdict: why, resume: true };
}

/** A few per cent of the link, until three spans in a row were quiet, or the wait is over. */
function watch(conduct: Conduct, mode: Mode & { kind: "watching" }, judgement: Judgement, policy: Policy): Decision {
  const { verdict, memory } = judgement;
  const span = judgement.evidence?.span;
  if (verdict.code === "DEADLINE" || verdict.code === "NO_PROGRESS")
    return done(conduct, verdict, { kind: "giveUp", why: verdict });
  if (isBlocked(verdict) && isProof(verdict)) return lastResort(conduct, verdict, policy, memory.clock.nowMs);
  if (span === undefined)
    return done(conduct, mode.verdict, judgement.askExact ? { kind: "askExact" } : { kind: "none" });
  const times = quietSpan(span) ? mode.quiet + 1 : span.overMs > quiet.shortestSpanMs ? 0 : mode.quiet;
  if (times >= quiet.times) {
    const sending: Conduct = { ...conduct, mode: { kind: "sending" }, blockedSinceMs: undefined };
    return { conduct: sending, action: { kind: "none" }, verdict, resume: true };
  }
  if (memory.clock.nowMs > mode.untilMs) return lastResort(conduct, mode.verdict, policy, memory.clock.nowMs);
  return done({ ...conduct, mode: { ...mode, quiet: times } }, mode.verdict, { kind: "none" });
}

function quietSpan(span: Span): boolean {
  return span.overMs > quiet.shortestSpanMs && span.sentBytes > 0 && span.writtenBytes / span.sentBytes < quiet.ratio;
}

function beginDiagnosis(conduct: Conduct, judgement: Judgement, why: Verdict): Decision {
  const { evidence, memory } = judgement;
  const downtimeMs =
    evidence === undefined ? 0 : diagnosis.ofDowntime * (evidence.predicted.midMs - evidence.predicted.fixedMs);
  const leastMs = Math.max(diagnosis.leastMs, diagnosis.ofSync * (memory.syncMs ?? 0));
  const mode: Mode = {
    kind: "diagnosing",
    gapMs: clamp(downtimeMs, leastMs, diagnosis.mostMs),
    spans: [],
    verdict: why,
    predicted: evidence?.predicted,
  };
  return done({ ...conduct, mode }, why, { kind: "none" });
}

/** Three spans of equal length without sending; then the verdict with better advice. */
function diagnose(
  conduct: Conduct,
  mode: Mode & { kind: "diagnosing" },
  judgement: Judgement,
  observation: Observation,
  policy: Policy,
): Decision {
  const { memory, verdict, evidence } = judgement;
  const span = evidence?.span;
  if (verdict.code === "DEADLINE") return done(conduct, verdict, { kind: "giveUp", why: verdict });
  if (observation.exact === undefined) {
    const due = isDue(memory, policy, mode.gapMs);
    return done(conduct, mode.verdict, { kind: due ? "askExact" : "none" });
  }
  const whole = span !== undefined && span.overMs > diagnosis.wholeSpan * mode.gapMs;
  const spans = whole ? [...mode.spans, { writtenBytes: span.writtenBytes, overMs: span.overMs }] : mode.spans;
  if (spans.length < diagnosis.spans)
    return done({ ...conduct, mode: { ...mode, spans } }, mode.verdict, { kind: "none" });
  const workingSet = workingSetOf(spans, precopyBytes(observation));
  const looked: Conduct = { ...conduct, workingSet, looked: true };
  const before = evidence && { ...evidence, predicted: mode.predicted ?? evidence.predicted };
  const why = advised(looked, { ...judgement, evidence: before }, mode.verdict);
  return lastResort(looked, why, policy, memory.clock.nowMs);
}

function done(conduct: Conduct, verdict: Verdict, action: Action): Decision {
  return { conduct, action, verdict, resume: false };
}
