/** Figures for people: decimal units, three digits. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${units[power] ?? ""}`;
}

export function rate(value: number): string {
  return `${bytes(value)}/s`;
}

export function duration(ms: number): string {
  const unit = unitOf(ms);
  return `${Number((ms / unit.ms).toPrecision(3))} ${unit.name}`;
}

function unitOf(ms: number): { name: string; ms: number } {
  if (ms < 1000) return { name: "ms", ms: 1 };
  return ms < 120_000 ? { name: "s", ms: 1000 } : { name: "min", ms: 60_000 };
}

function roughly(value: number): string {
  return String(Number(value.toPrecision(value >= 100 ? 3 : 2)));
}

/**
 * Two durations in one unit, "3 to 8 s", as roughly as a range is known; each in its own, "3 s to 59 min", where one unit would not do
 * for both.
 */
export function range([lowMs, highMs]: readonly [number, number]): string {
  const unit = unitOf(highMs);
  const shared = lowMs === 0 || lowMs >= highMs / 10 || unit.ms === 1;
  const [low, high] = [roughly(lowMs / unit.ms), roughly(highMs / unit.ms)];
  if (shared) return low === high ? `${high} ${unit.name}` : `${low} to ${high} ${unit.name}`;
  const own = unitOf(lowMs);
  return `${roughly(lowMs / own.ms)} ${own.name} to ${high} ${unit.name}`;
}

/** A predicted duration with its band in the same unit: "84 ms (61 to 118)". */
export function predicted(ms: number, band: readonly [number, number] | undefined): string {
  if (band === undefined) return duration(ms);
  const unit = unitOf(ms);
  const [low, high] = band.map((each) => String(Number((each / unit.ms).toPrecision(3))));
  return `${duration(ms)} (${low} to ${high})`;
}

/** A share of 1: "4.1 %". */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}

/** "2026-01-31 14:03:22 UTC" */
export function utc(timestamp: string): string {
  return `${new Date(timestamp).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** Lines of at most so many characters, broken between words; later ones are set in. A word that is too long is broken itself. */
export function wrapped(text: string, width: number, setIn = ""): string[] {
  const lines: string[] = [];
  let [line = "", ...words] = text.split(" ");
  for (const word of [...words, undefined]) {
    for (; line.length > width; line = `${setIn}${line.slice(width)}`) lines.push(line.slice(0, width));
    if (word === undefined) break;
    const longer = `${line} ${word}`;
    if (longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = `${setIn}${word}`;
    }
  }
  return [...lines, line];
}

/** Rows in columns as wide as their widest cell. */
export function table(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [headings, ...rows].map(line).join("\n");
}

/** "A limit" for people: 40MB, 1.5GiB, 65536. */
export function parseBytes(text: string): number | undefined {
  const [, figure, unit = ""] = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  const factors: Record<string, number> = {
    "": 1,
    B: 1,
    kB: 1e3,
    MB: 1e6,
    GB: 1e9,
    TB: 1e12,
    KiB: 2 ** 10,
    MiB: 2 ** 20,
    GiB: 2 ** 30,
    TiB: 2 ** 40,
  };
  const factor = factors[unit];
  return figure === undefined || factor === undefined ? undefined : Math.round(Number(figure) * factor);
}
