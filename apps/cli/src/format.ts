import type { Migration } from "@godwit/contract";

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
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  return ms < 120_000 ? `${Number((ms / 1000).toPrecision(3))} s` : `${Number((ms / 60_000).toPrecision(3))} min`;
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

/** Where a migration stands, in one line. */
export function statusLine(migration: Migration): string {
  const {
    guest,
    source,
    destination,
    phase,
    verdict,
    reason,
    predictedDowntimeMs,
    limits,
    bandwidthBytesPerSec,
    devices,
  } = migration;
  const pending = devices.reduce(
    (sum, device) => sum + (device.pending?.precopyBytes ?? 0) + (device.pending?.stopcopyBytes ?? 0),
    0,
  );
  const figures = [
    `pending ${bytes(pending)}`,
    bandwidthBytesPerSec === undefined ? undefined : rate(bandwidthBytesPerSec),
    predictedDowntimeMs === undefined
      ? undefined
      : `downtime ~${duration(predictedDowntimeMs)} of ${duration(limits.downtimeLimitMs)}`,
  ].filter((figure) => figure !== undefined);
  const said = phase === "precopy" ? `${verdict?.kind ?? "unknown"}, ${figures.join(", ")}` : (reason?.sentence ?? "");
  return `${guest}  ${source} -> ${destination}  ${phase}  ${said}`.trimEnd();
}

/** Predicted against actual, when it has ended. */
export function reportLines(migration: Migration): string[] {
  const { report, phase, reason } = migration;
  const lines = [`${phase}: ${reason?.sentence ?? ""}`];
  if (report?.downtimeMs === undefined) return lines;
  const predicted = report.predictedDowntimeMs === undefined ? "not predicted" : duration(report.predictedDowntimeMs);
  return [
    ...lines,
    `downtime   ${duration(report.downtimeMs)} (predicted ${predicted}, limit ${duration(report.downtimeLimitMs)})`,
    `moved      ${bytes(report.sentBytes)} in ${report.rounds} rounds and the last pass, ${bytes(report.stoppedBytes ?? 0)} of it after the stop; ${duration(report.totalMs)} in all`,
  ];
}
