/**
 * `npm run sim -- [--seeds N] [--from K]`: the whole system under N seeds from K on, with a process a core. `npm run sim -- --seed K`
 * tells what happens in one. Ends with 1 where a seed has failed.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeArguments } from "@godwit/launch";
import { type Simulated, simulate } from "../test/sim/simulate.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    /** Of a worker: every so-many-th seed, from the given one on. */
    every: { type: "string" },
  },
});
const [seeds, from] = [Number(values.seeds), Number(values.from)];

if (values.seed !== undefined) await tellOne(Number(values.seed));
else if (values.every !== undefined) await work(Number(values.every));
else await tellAll();

async function tellOne(seed: number): Promise<void> {
  const { trace, endings, objections } = await simulate(seed, true);
  console.log(trace.join("\n"));
  console.log(`\nseed ${seed} ends with ${endings.join(", ") || "no migration"}`);
  for (const objection of objections) console.log(`FAILED: ${objection}`);
  if (objections.length > 0) process.exitCode = 1;
}

/** Sends a line of JSON for each of its seeds. */
async function work(every: number): Promise<void> {
  for (let seed = from; seed < from + seeds; seed += every) console.log(JSON.stringify(await simulate(seed)));
}

async function tellAll(): Promise<void> {
  const startedMs = performance.now();
  const workers = Math.max(1, Math.min(availableParallelism(), seeds));
  const parts = await Promise.all(Array.from({ length: workers }, (_, worker) => runsOf(worker, workers)));
  const runs = parts.flat().toSorted((a, b) => a.seed - b.seed);
  const seconds = (performance.now() - startedMs) / 1000;
  const counts = new Map<string, number>();
  for (const ending of runs.flatMap(({ endings }) => endings)) counts.set(ending, (counts.get(ending) ?? 0) + 1);
  for (const [ending, count] of [...counts].toSorted((a, b) => b[1] - a[1]))
    console.log(`${String(count).padStart(8)}  ${ending}`);
  const failed = runs.filter(({ objections }) => objections.length > 0);
  for (const { seed, objections } of failed) console.log(`seed ${seed} FAILED: ${objections.join("; ")}`);
  const rate = (runs.length / seconds).toFixed(0);
  console.log(`${runs.length} seeds in ${seconds.toFixed(1)} s (${rate} a second), ${failed.length} failed`);
  if (failed.length > 0) process.exitCode = 1;
}

async function runsOf(worker: number, workers: number): Promise<Simulated[]> {
  const share = ["--from", String(from + worker), "--seeds", String(seeds - worker), "--every", String(workers)];
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...nodeArguments(), program, ...share], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const runs: Simulated[] = [];
  for await (const line of createInterface({ input: child.stdout })) runs.push(JSON.parse(line));
  if ((await ended) !== 0) throw new Error("a worker of the simulation failed");
  return runs;
}
