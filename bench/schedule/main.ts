/**
 * `npm run bench:schedule [-- --seeds N] [--from K] [--policies "godwit,sequential"] [--rows FILE]`: the planner beside the schedulers
 * of others over N seeded fleets of each of four errands; makespans as multiples of what the busiest link needs at the least. Then what
 * one plan costs. Ends with 1 where a goal is missed over at least 30 seeds, or a plan takes too long.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeArguments } from "@godwit/launch";
import { costLines } from "./cost.ts";
import { ours, policyNames, type Row } from "./rows.ts";
import { goalLines, tables } from "./table.ts";

const enoughForGoals = 30;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "30" },
    from: { type: "string", default: "50001" },
    policies: { type: "string" },
    rows: { type: "string" },
  },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];
if (!Number.isInteger(seeds) || seeds < 0 || !Number.isInteger(from))
  throw new Error("--seeds and --from take whole numbers");
const policies = values.policies === undefined ? policyNames : values.policies.split(",").map((name) => name.trim());
const unknown = policies.filter((name) => !policyNames.includes(name));
if (unknown.length > 0)
  throw new Error(`There is no policy ${unknown.join(", ")}; there are ${policyNames.join("; ")}`);

let missed = 0;
if (seeds > 0) {
  const startedMs = performance.now();
  const rows = await allRows();
  if (values.rows !== undefined) await writeFile(values.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const took = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `${seeds} fleets an errand (seeds ${from} to ${from + seeds - 1}); ${took} s\n\n${tables(rows, policies)}\n`,
  );
  if (policies.includes(ours)) {
    const goals = goalLines(rows.filter((row) => row.policy === ours));
    console.log(`${goals.lines.join("\n")}\n`);
    if (seeds >= enoughForGoals) missed += goals.missed;
  }
}
const cost = costLines();
console.log(`One plan of a queue, in CPU time, with 20 queued for each host\n\n${cost.lines.join("\n")}`);
if (missed + cost.missed > 0) process.exitCode = 1;

/** One process a core; the order of the rows does not depend on who was faster. */
async function allRows(): Promise<Row[]> {
  const workers = Math.max(1, Math.min(availableParallelism(), seeds));
  const parts = await Promise.all(Array.from({ length: workers }, (_, worker) => rowsFrom(worker, workers)));
  return parts.flat().toSorted((a, b) => a.seed - b.seed || a.errand.localeCompare(b.errand));
}

async function rowsFrom(worker: number, workers: number): Promise<Row[]> {
  const program = fileURLToPath(new URL("./worker.ts", import.meta.url));
  const order = JSON.stringify({ from, seeds, worker, workers, policies });
  const child = spawn(process.execPath, [...nodeArguments(), program, order], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const found: Row[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line));
  if ((await ended) !== 0) throw new Error("a worker of the bench failed");
  return found;
}
