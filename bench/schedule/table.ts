import { type Errand, errands } from "@godwit/sim";
import { median } from "../row.ts";
import type { Row } from "./rows.ts";

/** Of one policy over the fleets of one errand. Shares are of 1. */
export interface ErrandFigures {
  makespanOfBound: number;
  meanEndOfBound: number;
  bytesOfRam: number;
  failedMovable: number;
  overLimit: number;
  refused: number;
  givenUp: number;
  unfinished: number;
}

export function figuresOf(rows: readonly Row[]): ErrandFigures {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const guests = sum((row) => row.guests);
  return {
    makespanOfBound: median(rows.map((row) => row.makespanOfBound)),
    meanEndOfBound: median(rows.map((row) => row.meanEndOfBound)),
    bytesOfRam: sum((row) => row.bytesOfRam) / rows.length,
    failedMovable: sum((row) => row.failedMovable) / sum((row) => row.movable),
    overLimit: sum((row) => row.overLimit) / sum((row) => row.moved),
    refused: sum((row) => row.refused) / guests,
    givenUp: sum((row) => row.givenUp) / guests,
    unfinished: sum((row) => row.unfinished) / guests,
  };
}

/** One table an errand: the policies side by side. */
export function tables(rows: readonly Row[], policies: readonly string[]): string {
  return errands.map((errand) => tableOf(errand, rows, policies)).join("\n\n");
}

function tableOf(errand: Errand, rows: readonly Row[], policies: readonly string[]): string {
  const headings = [
    errand,
    "makespan / bound, median",
    "mean end / bound",
    "bytes / RAM",
    "movable that failed",
    "over their limit",
    "refused",
    "given up",
    "unfinished",
  ];
  const lines = policies.map((policy) => {
    const of = figuresOf(rows.filter((row) => row.errand === errand && row.policy === policy));
    return [
      policy,
      of.makespanOfBound.toFixed(2),
      of.meanEndOfBound.toFixed(2),
      of.bytesOfRam.toFixed(2),
      ...[of.failedMovable, of.overLimit, of.refused, of.givenUp, of.unfinished].map(percent),
    ];
  });
  return [headings, headings.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

interface Goal {
  name: string;
  figure: (of: ErrandFigures) => number;
  must: number;
  aim: number;
  show: (value: number) => string;
}

const times = (value: number) => value.toFixed(3);
const goals: Goal[] = [
  { name: "makespan / bound, median", figure: (of) => of.makespanOfBound, must: 1.25, aim: 1.1, show: times },
  { name: "bytes / RAM", figure: (of) => of.bytesOfRam, must: 1.15, aim: 1.05, show: times },
  { name: "movable that failed", figure: (of) => of.failedMovable, must: 0.005, aim: 0.001, show: percent },
];

/** Each goal on each errand with what came of it; `missed` where not even the must was reached. */
export function goalLines(rows: readonly Row[]): { lines: string[]; missed: number } {
  let missed = 0;
  const lines = errands.flatMap((errand) => {
    const of = figuresOf(rows.filter((row) => row.errand === errand));
    return goals.map(({ name, figure, must, aim, show }) => {
      const value = figure(of);
      const mark = value <= aim ? "aim" : value <= must ? "must" : "MISSED";
      missed += mark === "MISSED" ? 1 : 0;
      return `${mark.padEnd(7)}${errand}: ${name} ${show(value)} (must ${show(must)}, aim ${show(aim)})`;
    });
  });
  return { lines, missed };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
