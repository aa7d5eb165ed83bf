/**
 * The downtime with the orchestrator killed, or stopped, as soon as `freeze` has left it, held against the downtime with it alive: nothing
 * of it is in the way, so that the ratios should be one. The downtime is the longest time in which no write of the load was acknowledged,
 * as clients see it; the three kinds come turn and turn about, so that what else the machine does falls on all. On one machine to end a
 * process of some hundred megabytes takes time of the same processors: that is in the ratio of the killed, and not in that of the stopped.
 */
import { alphaAndBeta } from "../test/e2e/support/cluster.ts";
import {
  type Cell,
  freezeSentAndKilled,
  freezeSentAndPaused,
  freezeSentAndSpared,
} from "../test/faults/support/cells.ts";
import { Stage } from "../test/faults/support/stage.ts";
import { type BenchRow, median } from "./row.ts";

const runsOfEach = 7;

export async function benchOrchestratorKilled(): Promise<BenchRow[]> {
  await using stage = await Stage.start(alphaAndBeta());
  const gaps: Record<"spared" | "stopped" | "killed", number[]> = { spared: [], stopped: [], killed: [] };
  for (let run = 0; run < runsOfEach; run += 1) {
    gaps.spared.push(await gapOf(stage, freezeSentAndSpared));
    gaps.stopped.push(await gapOf(stage, freezeSentAndPaused));
    gaps.killed.push(await gapOf(stage, freezeSentAndKilled));
  }
  return (["stopped", "killed"] as const).map((struck) => ({
    name: `downtime, orchestrator ${struck} after freeze`,
    figure: `${median(gaps[struck]).toFixed(1)} ms`,
    reference: `${median(gaps.spared).toFixed(1)} ms with it alive`,
    ratio: median(gaps[struck]) / median(gaps.spared),
    goal: "1, whatever the machine's noise",
  }));
}

async function gapOf(stage: Stage, cell: Cell): Promise<number> {
  const { phase, longestGapMs } = await stage.play(cell);
  if (phase !== "completed") throw new Error(`A migration ended as ${phase}`);
  return longestGapMs;
}
