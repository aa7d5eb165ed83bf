import type { Random } from "../random.ts";
import { cellSec, noise, series } from "../series.ts";
import type { Machine } from "./machine.ts";

/** How busy the guest is, relative to the write rates of its regions. */
export interface Activity {
  /** One value per cell of 0.1 s, from the start of the migration on. */
  values: Float32Array;
  /** The ten minutes before, as a monitor that looks every 10 s would have seen them, with an error of 10 %; oldest first. */
  history: number[];
}

const historySec = 600;
const historyCells = historySec / cellSec;
const sampleCells = 100;

/**
 * `levelAt(sec)` times noise of 3 to 20 %. It is called once a cell, in order, from 600 s before the start (sec = -600) to the end of
 * the link's series, so that it may draw from the same stream.
 */
export function drawActivity(machine: Machine, random: Random, levelAt: (sec: number) => number): Activity {
  const ownNoise = noise(random, random.between(0.03, 0.2), random.between(0.5, 8));
  const values = series(historyCells + machine.link.length, (sec) => ownNoise() * levelAt(sec - historySec));
  const history: number[] = [];
  for (let cell = 0; cell < historyCells; cell += sampleCells) {
    const mean = values.subarray(cell, cell + sampleCells).reduce((sum, value) => sum + value, 0) / sampleCells;
    history.push(mean * random.logNormal(0.1));
  }
  return { values: values.subarray(historyCells), history };
}

/** A guest that keeps doing what it does. */
export function drawSteadyActivity(machine: Machine, random: Random): Activity {
  return drawActivity(machine, random, () => 1);
}
