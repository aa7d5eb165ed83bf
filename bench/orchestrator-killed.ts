/**
 * The downtime with the orchestrator killed as soon as `freeze` has left it, held against the downtime with it alive: nothing of it
 * is in the way, so that the ratio should be one. The downtime is the longest time in which no write of the load was acknowledged, as
 * clients see it; the migrations with and without the kill come turn and turn about, so that what else the machine does falls on both.
 */
import { alphaAndBeta } from "../test/e2e/support/cluster.ts";
import { freezeSentAndKilled, freezeSentAndSpared } from "../test/faults/support/cells.ts";
import { Stage } from "../test/faults/support/stage.ts";
import { type BenchRow, median } from "./row.ts";

const runsOfEach = 5;

export async function benchOrchestratorKilled(): Promise<BenchRow[]> {
  await using stage = await Stage.start(alphaAndBeta());
  const [spared, killed]: [number[], number[]] = [[], []];
  for (let run = 0; run < runsOfEach; run += 1) {
    spared.push(await gapOf(stage, freezeSentAndSpared));
    killed.push(await gapOf(stage, freezeSentAndKilled));
  }
  return [
    {
      name: "downtime, orchestrator killed after freeze",
      figure: `${median(killed).toFixed(1)} ms`,
      reference: `${median(spared).toFixed(1)} ms with it alive`,
      ratio: median(killed) / median(spared),
      goal: "1, whatever the machine's noise",
    },
  ];
}

async function gapOf(stage: Stage, cell: typeof freezeSentAndKilled): Promise<number> {
  const { phase, longestGapMs } = await stage.play(cell);
  if (phase !== "completed") throw new Error(`A migration ended as ${phase}`);
  return longestGapMs;
}
