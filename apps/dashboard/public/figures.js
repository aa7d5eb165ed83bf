// @ts-check

/**
 * Figures for people: decimal units, always three digits, so that a figure keeps its width while it changes. A figure and its unit are
 * never parted.
 */

const space = "\u00a0";

/** Stands where there is no figure yet. */
export const none = "–";

/** @param {number | undefined} value */
export function bytes(value) {
  if (value === undefined) return none;
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(scaled) : threeDigits(scaled)}${space}${units[unit] ?? ""}`;
}

/** @param {number | undefined} bytesPerSec */
export function rate(bytesPerSec) {
  return bytesPerSec === undefined ? none : `${bytes(bytesPerSec)}/s`;
}

/** @param {number | undefined} ms */
export function duration(ms) {
  if (ms === undefined) return none;
  const { value, unit } = inUnit(ms);
  return `${threeDigits(value)}${space}${unit}`;
}

/**
 * What somebody has set, as short as it was set: "300 ms", "1.5 s".
 *
 * @param {number} ms
 */
export function limit(ms) {
  const { value, unit } = inUnit(ms);
  return `${Number(value.toPrecision(4))}${space}${unit}`;
}

/**
 * Two durations in the unit of the larger: "1.40–1.93 s".
 *
 * @param {readonly [number, number] | undefined} ms
 */
export function range(ms) {
  if (ms === undefined) return none;
  const { value, unit } = inUnit(ms[1]);
  const low = ms[1] === 0 ? 0 : (ms[0] / ms[1]) * value;
  return `${threeDigits(low)}–${threeDigits(value)}${space}${unit}`;
}

/**
 * How long yet, as roughly as that is known: "3.0–8.4 s", each end in a unit of its own where one would not do for both, "now" where nothing
 * is left to wait for.
 *
 * @param {readonly [number, number] | undefined} ms
 */
export function wait(ms) {
  if (ms === undefined) return none;
  const [low, high] = [inUnit(ms[0]), inUnit(ms[1])];
  if (ms[1] === 0) return "now";
  const until = `${twoDigits(high.value)}${space}${high.unit}`;
  if (ms[0] > 0 && ms[0] < ms[1] / 10 && low.unit !== high.unit)
    return `${twoDigits(low.value)}${space}${low.unit}–${until}`;
  return `${twoDigits((ms[0] / ms[1]) * high.value)}–${until}`;
}

/**
 * A duration that runs: "7 s", "12 min 40 s", "3 h 05 min".
 *
 * @param {number} ms
 */
export function running(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const two = (/** @type {number} */ value) => String(value % 60).padStart(2, "0");
  if (minutes === 0) return `${seconds}${space}s`;
  return hours === 0
    ? `${minutes}${space}min ${two(seconds)}${space}s`
    : `${hours}${space}h ${two(minutes)}${space}min`;
}

/**
 * A duration as roughly as people say it: "40 s", "12 min", "3 h", "2 d".
 *
 * @param {number} ms
 */
export function roughly(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}${space}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${space}min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}${space}h` : `${Math.floor(seconds / 86_400)}${space}d`;
}

/** @param {number} ms */
export function ago(ms) {
  return ms < 5_000 ? "just now" : `${roughly(ms < 60_000 ? Math.floor(ms / 5_000) * 5_000 : ms)} ago`;
}

/**
 * The time of day as the reader's clock shows it.
 *
 * @param {number} at milliseconds since the epoch
 */
export function clock(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** @param {number} ms */
function inUnit(ms) {
  if (ms < 999.5) return { value: ms, unit: "ms" };
  return ms < 119_500 ? { value: ms / 1000, unit: "s" } : { value: ms / 60_000, unit: "min" };
}

/** @param {number} value */
function threeDigits(value) {
  if (value >= 99.95) return String(Math.round(value));
  return value === 0 ? "0" : value.toFixed(value >= 9.995 ? 1 : 2);
}

/** @param {number} value */
function twoDigits(value) {
  return value === 0 ? "0" : value.toFixed(value >= 9.95 ? 0 : 1);
}
