import type { Row } from "./rows.ts";

/** The table of rules: one row each, every column as a person reads it. */
export function tableOf(rows: readonly Row[], names: readonly string[]): string {
  const headings = [
    "rule",
    "success on feasible",
    "over the limit",
    "> 10 % over",
    "gave up on feasible",
    "infeasible, switched",
    "give-up after, median / p90",
    "bytes / RAM, median / mean",
    "downtime error, median / p90",
    "exact, median",
    "in sync",
    "needs limit X true",
  ];
  const lines = names.map((name) => {
    const figures = figuresOf(rows.filter((row) => row.rule === name));
    return [
      name,
      percent(figures.success),
      percent(figures.over),
      percent(figures.farOver),
      percent(figures.gaveUp),
      percent(figures.wronglySwitched),
      `${figures.giveUpSec.map((sec) => sec.toFixed(0)).join(" / ")} s`,
      figures.bytes.map((ratio) => ratio.toFixed(2)).join(" / "),
      figures.error.map((share) => (100 * share).toFixed(1)).join(" / ") + " %",
      figures.exact.toFixed(0),
      percent(figures.inSync),
      percent(figures.adviceTrue),
    ];
  });
  return [headings, headings.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Per kind: success on feasible / switchovers over the limit / give-ups on feasible. */
export function kindsTable(rows: readonly Row[], names: readonly string[]): string {
  const kinds = [...new Set(rows.map((row) => row.kind))];
  const headings = ["kind", "feasible / infeasible", ...names];
  const lines = kinds.map((kind) => {
    const of = rows.filter((row) => row.kind === kind);
    const one = of.filter((row) => row.rule === names[0]);
    const count = (truth: Row["truth"]) => one.filter((row) => row.truth === truth).length;
    const cells = names.map((name) => {
      const mine = of.filter((row) => row.rule === name);
      const { success } = figuresOf(mine);
      const over = mine.filter(isOver).length;
      const gaveUp = mine.filter((row) => row.truth === "feasible" && isGivenUp(row)).length;
      return `${percent(success)} / ${over} / ${gaveUp}`;
    });
    return [kind, `${count("feasible")} / ${count("infeasible")}`, ...cells];
  });
  return [headings, headings.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export interface Figures {
  /** Shares, 0 to 1. */
  success: number;
  over: number;
  farOver: number;
  gaveUp: number;
  wronglySwitched: number;
  inSync: number;
  adviceTrue: number;
  /** Median and p90. */
  giveUpSec: [number, number];
  error: [number, number];
  /** Median and mean, in multiples of the RAM. */
  bytes: [number, number];
  exact: number;
}

export function figuresOf(rows: readonly Row[]): Figures {
  const feasible = rows.filter((row) => row.truth === "feasible");
  const infeasible = rows.filter((row) => row.truth === "infeasible");
  const switched = rows.filter((row) => row.actualMs !== undefined);
  const given = infeasible.filter(isGivenUp);
  const errors = switched.map(({ predictedMs = 0, actualMs = 1 }) => Math.abs(predictedMs - actualMs) / actualMs);
  const advised = infeasible.flatMap((row) => row.adviceTrue ?? []);
  const bytes = given.map((row) => row.wireBytes / row.ramBytes);
  return {
    success: share(feasible, (row) => row.outcome === "ok"),
    over: share(switched, isOver),
    farOver: share(switched, (row) => (row.actualMs ?? 0) > 1.1 * row.limitMs),
    gaveUp: share(feasible, isGivenUp),
    wronglySwitched: share(infeasible, (row) => !isGivenUp(row)),
    inSync: mean(rows.map((row) => Math.min(1, row.syncedMs / Math.max(1_000, row.atMs)))),
    adviceTrue: share(advised, Boolean),
    giveUpSec: [
      quantile(
        given.map((row) => row.atMs / 1000),
        0.5,
      ),
      quantile(
        given.map((row) => row.atMs / 1000),
        0.9,
      ),
    ],
    error: [quantile(errors, 0.5), quantile(errors, 0.9)],
    bytes: [quantile(bytes, 0.5), mean(bytes)],
    exact: quantile(
      rows.map((row) => row.exactQueries),
      0.5,
    ),
  };
}

function isGivenUp({ outcome }: Row): boolean {
  return outcome === "abort" || outcome === "deadline";
}

function isOver({ actualMs, limitMs }: Row): boolean {
  return actualMs !== undefined && actualMs > limitMs;
}

function share<Item>(items: readonly Item[], is: (item: Item) => boolean): number {
  return items.length === 0 ? Number.NaN : items.filter(is).length / items.length;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear between the two nearest values. */
function quantile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * p;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? Number.NaN : low + (high - low) * (at - Math.floor(at));
}

function percent(value: number): string {
  return Number.isNaN(value) ? "-" : `${(100 * value).toFixed(1)} %`;
}
