/**
 * What a migration costs the orchestrator: its CPU time over many small migrations, held against a second of one core, and against what
 * it spends while nothing happens.
 */
import { readFile } from "node:fs/promises";
import { alphaAndBeta, Cluster } from "../test/e2e/support/cluster.ts";
import { memoryGuest } from "../test/e2e/support/guests.ts";
import type { BenchRow } from "./row.ts";

const guests = 4;
const movesOfEach = 6;
const ticksPerSecond = 100;

export async function benchOrchestratorCpu(): Promise<BenchRow[]> {
  await using cluster = await Cluster.start(alphaAndBeta({ slots: guests }));
  const names = Array.from({ length: guests }, (_, index) => `guest-${index}`);
  for (const name of names) await memoryGuest(cluster, { name });
  await moveAll(cluster, names, "beta");
  const idle = await cpuOver(cluster, async () => await new Promise((resolve) => setTimeout(resolve, 5_000)));
  const busy = await cpuOver(cluster, async () => {
    for (let move = 0; move < movesOfEach; move += 1) await moveAll(cluster, names, move % 2 === 0 ? "alpha" : "beta");
  });
  const each = (busy.cpuMs - (idle.cpuMs / idle.wallMs) * busy.wallMs) / (guests * movesOfEach);
  return [
    {
      name: "orchestrator, CPU per migration",
      figure: `${each.toFixed(0)} ms`,
      reference: "1,000 ms, a core's second",
      ratio: each / 1_000,
    },
    {
      name: "orchestrator, CPU with two agents and no migration",
      figure: `${((100 * idle.cpuMs) / idle.wallMs).toFixed(1)} % of a core`,
      reference: "one core",
      ratio: idle.cpuMs / idle.wallMs,
    },
  ];
}

async function moveAll({ client }: Cluster, names: string[], destination: string): Promise<void> {
  const limits = { downtimeLimitMs: 2_000 };
  const started = await Promise.all(names.map((guest) => client.migrations.create({ guest, destination, limits })));
  for (const { id } of started) {
    const { phase, reason } = await client.waitForEnd(id);
    if (phase !== "completed") throw new Error(`A migration ended as ${phase}: ${reason?.sentence ?? ""}`);
  }
}

async function cpuOver(cluster: Cluster, task: () => Promise<void>): Promise<{ cpuMs: number; wallMs: number }> {
  const pid = cluster.pid("server");
  const [cpu, wall] = [await cpuMsOf(pid), performance.now()];
  await task();
  return { cpuMs: (await cpuMsOf(pid)) - cpu, wallMs: performance.now() - wall };
}

/** User and system time of a process and its threads: fields 14 and 15 of proc_pid_stat(5), in clock ticks. */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000;
}
