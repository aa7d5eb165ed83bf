/** `npm run bench [-- name …]`: every figure as a ratio to a reference measured in the same run. */
import { benchChannel } from "./channel.ts";
import { benchDirectory } from "./directory.ts";
import { benchDowntime } from "./downtime.ts";
import { benchJudge } from "./judge.ts";
import { benchOrchestratorCpu } from "./orchestrator-cpu.ts";
import { benchOrchestratorKilled } from "./orchestrator-killed.ts";
import { benchPage } from "./page.ts";
import { type BenchRow, printRows } from "./row.ts";

const benches: Record<string, () => Promise<BenchRow[]>> = {
  judge: benchJudge,
  channel: benchChannel,
  downtime: benchDowntime,
  orchestrator: benchOrchestratorCpu,
  "orchestrator-killed": benchOrchestratorKilled,
  directory: benchDirectory,
  page: benchPage,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`);
  process.exitCode = 2;
} else {
  const rows: BenchRow[] = [];
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`${name} …`);
    rows.push(...(await bench()));
  }
  printRows(rows);
}
