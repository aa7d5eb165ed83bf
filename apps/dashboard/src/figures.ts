/**
 * Figures for people: decimal units, always three digits, so that a figure keeps its width while it changes. A figure and its unit are
 * never parted.
 */

const space = "\u00a0";

/** Stands where there is no figure yet. */
export const none = "–";

type Span = readonly [number, number];

export function bytes(value: number | undefined): string {
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

export function rate(bytesPerSec: number | undefined): string {
  return bytesPerSec === undefined ? none : `${bytes(bytesPerSec)}/s`;
}

export function duration(ms: number | undefined): string {
  if (ms === undefined) return none;
  const { value, unit } = inUnit(ms);
  return `${threeDigits(value)}${space}${unit}`;
}

/** What somebody has set, as short as it was set: "300 ms", "1.5 s". */
export function limit(ms: number): string {
  const { value, unit } = inUnit(ms);
  return `${Number(value.toPrecision(4))}${space}${unit}`;
}

/** Two durations in the unit of the larger: "1.40–1.93 s". */
export function range(ms: Span | undefined): string {
  if (ms === undefined) return none;
  const { value, unit } = inUnit(ms[1]);
  const low = ms[1] === 0 ? 0 : (ms[0] / ms[1]) * value;
  return `${threeDigits(low)}–${threeDigits(value)}${space}${unit}`;
}

/**
 * How long yet, as roughly as that is known: "3.0–8.4 s", each end in a unit of its own where one would not do for both, "now" where nothing
 * is left to wait for.
 */
export function wait(ms: Span | undefined): string {
  if (ms === undefined) return none;
  const [low, high] = [inUnit(ms[0]), inUnit(ms[1])];
  if (ms[1] === 0) return "now";
  const until = `${twoDigits(high.value)}${space}${high.unit}`;
  if (ms[0] > 0 && ms[0] < ms[1] / 10 && low.unit !== high.unit)
    return `${twoDigits(low.value)}${space}${low.unit}–${until}`;
  return `${twoDigits((ms[0] / ms[1]) * high.value)}–${until}`;
}

/** As roughly as a forecast is known: "40 s", "120 ms". */
export function about(ms: number): string {
  const { value, unit } = inUnit(ms);
  return `${Number(value.toPrecision(2))}${space}${unit}`;
}

/** A duration that runs: "7 s", "12 min 40 s", "3 h 05 min". */
export function running(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const two = (value: number) => String(value % 60).padStart(2, "0");
  if (minutes === 0) return `${seconds}${space}s`;
  return hours === 0
    ? `${minutes}${space}min ${two(seconds)}${space}s`
    : `${hours}${space}h ${two(minutes)}${space}min`;
}

/** A duration as roughly as people say it: "40 s", "12 min", "3 h", "2 d". */
export function roughly(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}${space}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${space}min`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}${space}h` : `${Math.floor(seconds / 86_400)}${space}d`;
}

export function ago(ms: number): string {
  return ms < 5_000 ? "just now" : `${roughly(ms < 60_000 ? Math.floor(ms / 5_000) * 5_000 : ms)} ago`;
}

/** The time of day as the reader's clock shows it. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** Day and time, for whoever wants to know it exactly. */
export function exactly(at: number): string {
  return `${new Date(at).toLocaleDateString("en-GB")} ${clock(at)}`;
}

/** "1 guest", "4 guests". */
export function many(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

export function share(value: number | undefined): string {
  return value === undefined ? none : `${Math.round(value * 100)}${space}%`;
}

/** A figure whose unit stands last in its name, as in everything that the API tells: `bandwidthBytesPerSec`, `downtimeLimitMs`. */
export function named(name: string, value: unknown): { label: string; text: string } {
  const [, stem = name, unit] = /^(.*?)(BytesPerSec|Bytes|Ms|Share|Ratio)?$/.exec(name) ?? [];
  const label = stem.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase() || name;
  if (typeof value !== "number") return { label, text: String(value) };
  const texts: Record<string, (value: number) => string> = {
    BytesPerSec: rate,
    Bytes: bytes,
    Ms: duration,
    Share: share,
  };
  return { label, text: texts[unit ?? ""]?.(value) ?? String(Number(value.toPrecision(4))) };
}

function inUnit(ms: number): { value: number; unit: string } {
  if (ms < 999.5) return { value: ms, unit: "ms" };
  return ms < 119_500 ? { value: ms / 1000, unit: "s" } : { value: ms / 60_000, unit: "min" };
}

function threeDigits(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return value === 0 ? "0" : value.toFixed(value >= 9.995 ? 1 : 2);
}

function twoDigits(value: number): string {
  return value === 0 ? "0" : value.toFixed(value >= 9.95 ? 0 : 1);
}
