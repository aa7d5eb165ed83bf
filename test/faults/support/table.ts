import { type Cell, faultOf, steps } from "./cells.ts";

/** Rows are steps, columns are who was struck and how; only what was tried is shown. */
export function tableOf(played: { cell: Cell; text: string }[]): string {
  const columns = [...new Set(played.map(({ cell }) => faultOf(cell)))];
  const rows = Object.values(steps).filter((step) => played.some(({ cell }) => cell.step === step));
  const head = ["step", ...columns];
  const body = rows.map((step) => [
    `${step.of} ${step.says}`,
    ...columns.map((fault) => played.find(({ cell }) => cell.step === step && faultOf(cell) === fault)?.text ?? ""),
  ]);
  return markdown([head, ...body]);
}

function markdown(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
