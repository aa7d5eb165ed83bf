import type { Clock } from "./clock.ts";
import { type Observation, precopyBytes, sentBytes } from "./observation.ts";
import { median, rootMeanSquare } from "./statistics.ts";

/**
 * How fast the guest is written, from exact figures. U(τ), the distinct bytes written in a window τ, never falls, is concave and
 * begins at 0: the average rate over a long window is a lower bound of the rate over a short one, so that only windows of like
 * length are compared.
 */
export interface Dirty {
  lastExact: { atMs: number; pendingBytes: number; sentBytes: number; epoch: number } | undefined;
  /** What was pending when figures last came, to see what exact ones find beyond it. */
  lastKnown: { pendingBytes: number; sentBytes: number } | undefined;
  /** Between exact figures, newest last, at most 40. */
  spans: readonly Span[];
  /** Logarithms of found over foretold of the last 12 spans. */
  errors: readonly number[];
  /** Newly written bytes/s over the last span; undefined until there was one. */
  bytesPerSec: number | undefined;
}

/** Between two exact figures: newly written bytes, those of them that estimates had overlooked, and what was sent. */
export interface Span {
  overMs: number;
  writtenBytes: number;
  hiddenBytes: number;
  sentBytes: number;
}

/** Bytes that estimates overlook, with the error of saying so (1 sd). */
export interface Hidden {
  bytes: number;
  sdBytes: number;
}

const spansKept = 40;
const errorsKept = 12;
/** Spans that are compared with: their lengths within these factors, the last so many. */
const alike = { from: 0.4, to: 2.5, last: 5 };
const leastError = 0.08;
const errorUntilKnown = 0.4;
const shortestSpanMs = 50;
const worthForetellingBytes = 100_000;
/** Of a window of another length less is known: at most so much more than was found in it. */
const stretch = 1.5;

export const noDirty: Dirty = {
  lastExact: undefined,
  lastKnown: undefined,
  spans: [],
  errors: [],
  bytesPerSec: undefined,
};

/** What estimates may have overlooked `overMs` after the last exact figures: the median rate of spans of like length. */
export function hiddenBytes({ spans, errors }: Dirty, overMs: number): Hidden {
  const near = spans
    .filter((span) => span.overMs > alike.from * overMs && span.overMs < alike.to * overMs)
    .slice(-alike.last);
  const last = spans.at(-1);
  const bytes =
    near.length > 0
      ? median(near.map((span) => span.hiddenBytes / span.overMs)) * overMs
      : last === undefined
        ? 0
        : Math.min((last.hiddenBytes / last.overMs) * overMs, stretch * last.hiddenBytes);
  const relative = errors.length >= 3 ? Math.max(leastError, rootMeanSquare(errors)) : errorUntilKnown;
  return { bytes, sdBytes: bytes * relative };
}

/** Any figures: what is known to be pending now. */
export function withKnown(dirty: Dirty, observation: Observation): Dirty {
  return { ...dirty, lastKnown: levelOf(observation) };
}

/** Exact figures: what was newly written since the last ones. Counters that began anew tell nothing of the time before. */
export function withExact(
  dirty: Dirty,
  observation: Observation,
  { nowMs }: Clock,
): { dirty: Dirty; span: Span | undefined } {
  const here = levelOf(observation);
  const { epoch = 0 } = observation;
  const after = { ...dirty, lastExact: { atMs: nowMs, ...here, epoch }, lastKnown: here };
  const before = dirty.lastExact;
  if (before === undefined || before.epoch !== epoch || here.sentBytes < before.sentBytes)
    return { dirty: after, span: undefined };
  const span: Span = {
    overMs: nowMs - before.atMs,
    writtenBytes: beyond(before, here),
    hiddenBytes: beyond(dirty.lastKnown ?? before, here),
    sentBytes: here.sentBytes - before.sentBytes,
  };
  if (span.overMs <= shortestSpanMs) return { dirty: after, span };
  return {
    dirty: {
      ...after,
      errors: withError(dirty, span),
      bytesPerSec: (span.writtenBytes / span.overMs) * 1000,
      spans: [...dirty.spans.slice(1 - spansKept), span],
    },
    span,
  };
}

function withError(dirty: Dirty, span: Span): readonly number[] {
  if (span.hiddenBytes <= worthForetellingBytes) return dirty.errors;
  const foretold = hiddenBytes(dirty, span.overMs).bytes;
  return foretold <= 0 ? dirty.errors : [...dirty.errors.slice(1 - errorsKept), Math.log(span.hiddenBytes / foretold)];
}

/** What is pending now, less what was pending before and has not been sent since. */
function beyond(
  before: { pendingBytes: number; sentBytes: number },
  here: { pendingBytes: number; sentBytes: number },
) {
  const left = Math.max(0, before.pendingBytes - Math.max(0, here.sentBytes - before.sentBytes));
  return Math.max(0, here.pendingBytes - left);
}

function levelOf(observation: Observation): { pendingBytes: number; sentBytes: number } {
  return { pendingBytes: precopyBytes(observation), sentBytes: sentBytes(observation) };
}
