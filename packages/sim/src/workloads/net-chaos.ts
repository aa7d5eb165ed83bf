import type { Random } from "../random.ts";
import { cellSec } from "../series.ts";
import { drawSteadyActivity } from "./activity.ts";
import type { Machine } from "./machine.ts";
import { drawRegions } from "./regions.ts";
import type { Workload } from "./workload.ts";

/** `net-chaos`: a working set of 0.1 to 8 times what fits, and one of five troubles of the link. */
export function netChaos(drawn: Machine, random: Random): Workload {
  const regions = drawRegions(drawn, random, { sizeOfFit: [0.1, 8], load: [0.1, 2.5] });
  const activity = drawSteadyActivity(drawn, random);
  const factorAt = drawTrouble(drawn, random);
  const link = drawn.link.map((bytesPerSec, cell) => bytesPerSec * factorAt(cell * cellSec));
  return { machine: { ...drawn, link }, regions, activity, devices: [] };
}

/** A factor on what the link carries; to be called once a cell, in order, since some troubles draw as they go. */
function drawTrouble(machine: Machine, random: Random): (sec: number) => number {
  const trouble = random.pick(["contention", "outages", "halve", "recover", "slow-start"] as const);
  const firstSec = random.exponential(30);
  const turnSec = random.between(5, 0.4 * machine.deadlineSec);
  const share = random.between(0.15, 0.7);
  switch (trouble) {
    case "contention":
      return inSpells(random, firstSec, [40, 20], (isTroubled) => (isTroubled ? random.between(0.25, 0.7) : 1));
    case "outages":
      return inSpells(random, firstSec, [60, 4], (isTroubled) => (isTroubled ? 0.001 : 1));
    case "halve":
      return (sec) => (sec > turnSec ? share : 1);
    case "recover":
      return (sec) => (sec < turnSec ? share : 1);
    case "slow-start":
      return (sec) => (sec < 20 ? 0.2 + (0.8 * sec) / 20 : 1);
  }
}

/** Calm and trouble take turns, each exponential around its mean; `factorOf` is called at the beginning of each. */
function inSpells(
  random: Random,
  firstSec: number,
  [calmSec, troubleSec]: readonly [number, number],
  factorOf: (isTroubled: boolean) => number,
): () => number {
  let [isTroubled, leftSec, factor] = [false, firstSec, 1];
  return () => {
    leftSec -= cellSec;
    if (leftSec <= 0) {
      isTroubled = !isTroubled;
      leftSec = random.exponential(isTroubled ? troubleSec : calmSec);
      factor = factorOf(isTroubled);
    }
    return factor;
  };
}
