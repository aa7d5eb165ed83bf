import type { FirstPass } from "./first-pass.ts";
import type { Forecast } from "./forecast.ts";
import { plateauWindowMs } from "./patience.ts";
import { endsAtMs, type Policy } from "./policy.ts";
import { type Line, lineThrough } from "./statistics.ts";

/** What one set of exact figures predicted. Logarithms of ms, so that what counts is by what factor a limit is missed. */
export interface Sample {
  atMs: number;
  /** Of the most favourable downtime that is credible. */
  best: number;
  /** Of the downtime to expect. */
  mid: number;
  /** Of what the stop alone costs at its most favourable. */
  stopOnly: number;
}

/** What a plateau test has to say. */
export interface Plateau {
  /** The predicted downtime will not come below the limit before the deadline, as the guest behaves now. */
  never: boolean;
  /** Long past the window it neither gets better nor fits surely: it may fit, or it may not. */
  limbo: { unfit: boolean } | undefined;
  windowMs: number;
  line: Line;
  count: number;
}

const leastSamples = 6;
/** At most so many are kept: where more come, the older half is thinned to the more hopeful of every two. */
const samplesKept = 256;
const keptMs = 180_000;
/** A trend is believed so far ahead, in windows, with one standard error in its favour. */
const trendAhead = 6;
const nearlyWhole = 0.95;
const limboAfter = 4;
/** Per window: a slower fall than that is no way forward. */
const limboSlope = -0.02;
/** Per second: while it falls faster than that, the low is yet to come. */
const lowSlope = -0.02;
const lowOverMs = 2_000;
const shrinkSlope = -0.1;
const leastLogMs = Math.log(1e-3);

export function withSample(
  samples: readonly Sample[],
  atMs: number,
  predicted: Forecast,
  stopOnlyMs: number,
): readonly Sample[] {
  const sample = { atMs, best: logOf(predicted.bestMs), mid: logOf(predicted.midMs), stopOnly: logOf(stopOnlyMs) };
  const kept = samples.filter((each) => atMs - each.atMs <= keptMs);
  return [...(kept.length < samplesKept ? kept : thinned(kept)), sample];
}

/**
 * Over the samples of the window, z = ln(D_best / L): `never` when the level at its end lies above the limit by more than the luck
 * of the time left may bring (sqrt(2 ln N) (1 + 2/n) sd, the extreme of N normal draws), when no sample of the window fitted, and
 * when the trend, one standard error in its favour and six windows ahead, does not lead below it. Undefined while the window is
 * not whole, and while what only the stop can move still falls.
 *
 * @param fromMs when the first pass was over, or the last change that may lead on.
 */
export function plateauOf(
  samples: readonly Sample[],
  nowMs: number,
  fromMs: number,
  pass: FirstPass,
  policy: Policy,
  shrinks: boolean,
): Plateau | undefined {
  const windowMs = plateauWindowMs(policy.patience, pass);
  const window = samplesOf(samples, nowMs, fromMs, windowMs);
  if (window.length < leastSamples || nowMs - fromMs < nearlyWhole * windowMs) return undefined;
  if (shrinks && stillFalls(window, nowMs, windowMs)) return undefined;
  const limit = Math.log(policy.downtimeLimitMs);
  const line = lineThrough(
    window.map(({ atMs, best }) => ({ atMs, value: best - limit })),
    nowMs,
  );
  const leftMs = Math.max(0, endsAtMs(policy) - nowMs);
  return {
    never: staysAbove(line, window, limit, leftMs, windowMs),
    limbo: limboOf(window, nowMs - fromMs, windowMs, line, limit, nowMs),
    windowMs,
    line,
    count: window.length,
  };
}

/** How the expected downtime moves, per second in logarithms, over the last `overMs`; undefined with fewer than four samples. */
export function trendOf(samples: readonly Sample[], nowMs: number, overMs: number): number | undefined {
  const window = samples.filter(({ atMs }) => atMs >= nowMs - overMs);
  const [first] = window;
  if (window.length < 4 || first === undefined || nowMs - first.atMs < 0.6 * overMs) return undefined;
  return lineThrough(
    window.map(({ atMs, mid }) => ({ atMs, value: mid })),
    nowMs,
  ).slope;
}

/** Near the lowest downtime expected since `sinceMs`, and not falling any more. The longer it takes, the less near is near enough. */
export function isLow(samples: readonly Sample[], nowMs: number, sinceMs: number): boolean {
  const since = samples.filter(({ atMs }) => atMs >= sinceMs);
  const last = since.at(-1);
  if (last === undefined || nowMs - sinceMs < lowOverMs) return false;
  const falling = trendOf(since, nowMs, lowOverMs);
  const lowest = Math.min(...since.map(({ mid }) => mid));
  const near = Math.log(1 + 0.02 + (0.01 * (nowMs - sinceMs)) / 1000);
  return last.mid <= lowest + near && (falling === undefined || falling > lowSlope);
}

function staysAbove(line: Line, window: readonly Sample[], limit: number, leftMs: number, windowMs: number): boolean {
  const draws = Math.max(2, leftMs / Math.max(500, windowMs / line.count));
  const luck = Math.sqrt(2 * Math.log(draws)) * (1 + 2 / line.count) * line.sd;
  const aheadSec = Math.min(leftMs, trendAhead * windowMs) / 1000;
  return (
    line.end - luck > 0 &&
    window.every(({ best }) => best > limit) &&
    line.end + (line.slope - line.slopeError) * aheadSec > 0
  );
}

function limboOf(
  window: readonly Sample[],
  forMs: number,
  windowMs: number,
  line: Line,
  limit: number,
  nowMs: number,
): Plateau["limbo"] {
  if (forMs <= limboAfter * windowMs || line.slope <= limboSlope / (windowMs / 1000)) return undefined;
  const middle = lineThrough(
    window.map(({ atMs, mid }) => ({ atMs, value: mid - limit })),
    nowMs,
  );
  return { unfit: window.every(({ mid }) => mid > limit) && middle.end - 2 * middle.sd > 0 };
}

function stillFalls(window: readonly Sample[], nowMs: number, windowMs: number): boolean {
  const line = lineThrough(
    window.map(({ atMs, stopOnly }) => ({ atMs, value: stopOnly })),
    nowMs,
  );
  return line.slope < shrinkSlope / Math.max(10, windowMs / 1000) && line.slope + line.slopeError < 0;
}

function samplesOf(samples: readonly Sample[], nowMs: number, fromMs: number, windowMs: number): readonly Sample[] {
  const since = samples.filter(({ atMs }) => atMs >= fromMs);
  const window = since.filter(({ atMs }) => atMs >= nowMs - windowMs);
  return window.length >= leastSamples ? window : since.slice(-leastSamples);
}

function thinned(samples: readonly Sample[]): readonly Sample[] {
  const half = samples.length >> 1;
  const older: Sample[] = [];
  for (let index = 0; index + 1 < half; index += 2) {
    const [first, second] = [samples[index], samples[index + 1]];
    if (first !== undefined && second !== undefined) older.push(first.best <= second.best ? first : second);
  }
  return [...older, ...samples.slice(half)];
}

function logOf(ms: number): number {
  return ms > 0 ? Math.max(leastLogMs, Math.log(ms)) : leastLogMs;
}
