/** Why something is as it is: a stable code, the figures it rests on, and a sentence made of both. */
export interface Reason {
  code: string;
  sentence: string;
  inputs: Record<string, number | string | boolean>;
}

export function reason(code: string, sentence: string, inputs: Reason["inputs"] = {}): Reason {
  return { code, sentence, inputs };
}

/** "31.2 MB": decimal units, three significant digits. */
export function bytesText(bytes: number): string {
  return scaled(bytes, ["B", "kB", "MB", "GB", "TB", "PB"], 1000);
}

export function rateText(bytesPerSec: number): string {
  return `${bytesText(bytesPerSec)}/s`;
}

/** "84 ms", "1.9 s", "3.5 min". */
export function msText(ms: number): string {
  if (ms < 1000) return `${significant(ms)} ms`;
  if (ms < 120_000) return `${significant(ms / 1000)} s`;
  return `${significant(ms / 60_000)} min`;
}

function scaled(value: number, units: readonly string[], step: number): string {
  const [unit, ...larger] = units;
  if (value >= step && larger.length > 0) return scaled(value / step, larger, step);
  return `${significant(value)} ${unit}`;
}

function significant(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
}
