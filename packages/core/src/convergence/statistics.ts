/** The value below which the share `p` of the values lies; the nearest one that there is. Values in any order. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(p * (sorted.length - 1))))] ?? Number.NaN;
}

/** The middle value; the upper one of two. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

export function rootMeanSquare(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / Math.max(1, values.length));
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

export interface Point {
  atMs: number;
  value: number;
}

/** A straight line through points. */
export interface Line {
  /** Its value at the time asked for. */
  end: number;
  /** Per second. */
  slope: number;
  /** Standard error of the slope, per second; half as much again for points that depend on each other. */
  slopeError: number;
  /** Standard deviation of the points about it. */
  sd: number;
  count: number;
}

const dependence = 1.5;

/** Least squares: value(t) = end + slope (t - nowMs), two points or more. */
export function lineThrough(points: readonly Point[], nowMs: number): Line {
  const count = points.length;
  let [meanSec, mean] = [0, 0];
  for (const { atMs, value } of points) {
    meanSec += (atMs - nowMs) / 1000 / count;
    mean += value / count;
  }
  let [spread, shared] = [0, 0];
  for (const { atMs, value } of points) {
    const dt = (atMs - nowMs) / 1000 - meanSec;
    spread += dt * dt;
    shared += dt * (value - mean);
  }
  const slope = spread > 0 ? shared / spread : 0;
  let squares = 0;
  for (const { atMs, value } of points) squares += (value - mean - slope * ((atMs - nowMs) / 1000 - meanSec)) ** 2;
  const sd = Math.sqrt(squares / Math.max(1, count - 2));
  const slopeError = spread > 0 ? (dependence * sd) / Math.sqrt(spread) : Infinity;
  return { end: mean - slope * meanSec, slope, slopeError, sd, count };
}
