/**
 * `npm run bench:convergence -- [--seeds N] [--from K] [--rules "godwit + history,ovirt"] [--rows FILE]`: every rule over the same seeded
 * scenarios, N seeds of each of the twelve kinds from seed K on (167 seeds are 2,004 scenarios). What is feasible says an oracle that
 * knows the future. Ends with 1 where a goal is missed over at least 2,000 scenarios.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeArguments } from "@godwit/launch";
import { kinds } from "@godwit/sim";
import { goalLines } from "./goals.ts";
import { type Row, ruleNames } from "./rows.ts";
import { figuresOf, kindsTable, tableOf } from "./table.ts";

const enoughForGoals = 2_000;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "20" },
    from: { type: "string", default: "30001" },
    rules: { type: "string" },
    rows: { type: "string" },
  },
});
const seeds = wholeNumber("--seeds", values.seeds, 1);
const from = wholeNumber("--from", values.from, 0);
const rules = values.rules === undefined ? ruleNames : values.rules.split(",").map((name) => name.trim());
const unknown = rules.filter((name) => !ruleNames.includes(name));
if (unknown.length > 0) throw new Error(`There is no rule ${unknown.join(", ")}; there are ${ruleNames.join(", ")}`);

const startedMs = performance.now();
const rows = await allRows();
if (values.rows !== undefined) await writeFile(values.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
const scenarios = rows.filter((row) => row.rule === rules[0]);
const count = (truth: Row["truth"]) => scenarios.filter((row) => row.truth === truth).length;
console.log(
  `${scenarios.length} scenarios (seeds ${from} to ${from + seeds - 1}): ${count("feasible")} feasible, ${count("infeasible")} infeasible, ` +
    `${count("marginal")} marginal; ${Math.round((performance.now() - startedMs) / 1000)} s\n`,
);
console.log(
  `${tableOf(rows, rules)}\n\nPer kind: success on feasible / switchovers over the limit / give-ups on feasible\n`,
);
console.log(`${kindsTable(rows, rules)}\n`);
const [plain, probed] = ["godwit + history", "godwit + history + probe"].map((name) =>
  rows.filter((row) => row.rule === name),
);
if (plain !== undefined && probed !== undefined && plain.length > 0 && probed.length > 0) {
  const { lines, missed } = goalLines(figuresOf(plain), figuresOf(probed));
  console.log(lines.join("\n"));
  if (missed > 0 && scenarios.length >= enoughForGoals) process.exitCode = 1;
}

/** One process a core; the order of the rows does not depend on who was faster. */
async function allRows(): Promise<Row[]> {
  const workers = Math.max(1, Math.min(availableParallelism(), seeds));
  const parts = await Promise.all(Array.from({ length: workers }, (_, worker) => rowsFrom(worker, workers)));
  const place = (row: Row) => row.seed * kinds.length + kinds.indexOf(row.kind);
  return parts.flat().toSorted((a, b) => place(a) - place(b) || rules.indexOf(a.rule) - rules.indexOf(b.rule));
}

async function rowsFrom(worker: number, workers: number): Promise<Row[]> {
  const program = fileURLToPath(new URL("./worker.ts", import.meta.url));
  const order = JSON.stringify({ from, seeds, worker, workers, rules });
  const child = spawn(process.execPath, [...nodeArguments(), program, order], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const found: Row[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line));
  if ((await ended) !== 0) throw new Error("a worker of the bench failed");
  return found;
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${flag} ${text}: a whole number of at least ${least}`);
  return value;
}
