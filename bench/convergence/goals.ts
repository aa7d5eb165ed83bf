import type { Figures } from "./table.ts";

interface Goal {
  name: string;
  figure: (plain: Figures, probed: Figures) => number;
  must: number;
  aim: number;
  better: "more" | "less";
  show: (value: number) => string;
}

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
const seconds = (value: number) => `${value.toFixed(0)} s`;
const times = (value: number) => `${value.toFixed(2)} x RAM`;

/** What the core is held to, with the dirty-rate history; where it says so with the probe before the start. */
const goals: Goal[] = [
  {
    name: "success on feasible",
    figure: (plain) => plain.success,
    must: 0.91,
    aim: 0.93,
    better: "more",
    show: percent,
  },
  {
    name: "switchovers over the limit",
    figure: (plain) => plain.over,
    must: 0.02,
    aim: 0.015,
    better: "less",
    show: percent,
  },
  {
    name: "more than 10 % over it",
    figure: (plain) => plain.farOver,
    must: 0.005,
    aim: 0.001,
    better: "less",
    show: percent,
  },
  {
    name: "infeasible but switched",
    figure: (plain) => plain.wronglySwitched,
    must: 0.01,
    aim: 0.003,
    better: "less",
    show: percent,
  },
  {
    name: "give-up on infeasible, median",
    figure: (plain) => plain.giveUpSec[0],
    must: 60,
    aim: 45,
    better: "less",
    show: seconds,
  },
  {
    name: "give-up on infeasible, p90",
    figure: (plain) => plain.giveUpSec[1],
    must: 400,
    aim: 320,
    better: "less",
    show: seconds,
  },
  {
    name: "the same with the probe, median",
    figure: (_, probed) => probed.giveUpSec[0],
    must: 60,
    aim: 6,
    better: "less",
    show: seconds,
  },
  {
    name: "bytes on infeasible, mean",
    figure: (plain) => plain.bytes[1],
    must: 1.8,
    aim: 1.8,
    better: "less",
    show: times,
  },
  {
    name: "the same with the probe",
    figure: (_, probed) => probed.bytes[1],
    must: 1.8,
    aim: 1.2,
    better: "less",
    show: times,
  },
  {
    name: "downtime error, median",
    figure: (plain) => plain.error[0],
    must: 0.06,
    aim: 0.04,
    better: "less",
    show: percent,
  },
  {
    name: "downtime error, p90",
    figure: (plain) => plain.error[1],
    must: 0.16,
    aim: 0.12,
    better: "less",
    show: percent,
  },
  {
    name: "exact queries, median",
    figure: (plain) => plain.exact,
    must: 25,
    aim: 15,
    better: "less",
    show: (value) => value.toFixed(0),
  },
  {
    name: "time in exact queries",
    figure: (plain) => plain.inSync,
    must: 0.05,
    aim: 0.035,
    better: "less",
    show: percent,
  },
  {
    name: '"a limit of X would do" true',
    figure: (plain) => plain.adviceTrue,
    must: 0.9,
    aim: 0.95,
    better: "more",
    show: percent,
  },
];

/** Each goal with what came of it; `missed` where not even the must was reached. */
export function goalLines(plain: Figures, probed: Figures): { lines: string[]; missed: number } {
  let missed = 0;
  const lines = goals.map(({ name, figure, must, aim, better, show }) => {
    const value = figure(plain, probed);
    const reaches = (goal: number) => (better === "more" ? value >= goal : value <= goal);
    const mark = reaches(aim) ? "aim" : reaches(must) ? "must" : "MISSED";
    missed += mark === "MISSED" ? 1 : 0;
    return `${mark.padEnd(7)}${name}: ${show(value)} (must ${show(must)}, aim ${show(aim)})`;
  });
  return { lines, missed };
}
