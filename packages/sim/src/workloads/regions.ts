import type { Random } from "../random.ts";
import type { Region } from "../scenario.ts";
import type { Machine } from "./machine.ts";

/** Shape of a working set, in terms of what the link can do. */
export interface WorkingSet {
  /** Its size over the bytes that the link's mean carries within the limit. */
  sizeOfFit: number;
  /** Its total write rate over the link's mean; above 1 it saturates the link and settles at size (1 - 1 / load). */
  load: number;
  /** The write rate of all that is cold over the link's mean. */
  coldLoad?: number;
}

/** The ends, in between which the size and the load of a working set are drawn, each log-uniformly. */
export interface WorkingSetRange {
  sizeOfFit: readonly [number, number];
  load: readonly [number, number];
}

/** Everything that is not zero, written evenly at 0.1 to 6 times the link's mean. */
export function drawUniformRegion(machine: Machine, random: Random): Region[] {
  const bytes = machine.ramBytes - machine.zeroBytes;
  return [{ bytes, writesPerSec: (random.logBetween(0.1, 6) * machine.meanBytesPerSec) / bytes }];
}

/** A working set drawn within `range`, with the warm and cold RAM around it. */
export function drawRegions(machine: Machine, random: Random, range: WorkingSetRange): Region[] {
  const sizeOfFit = random.logBetween(...range.sizeOfFit);
  const load = random.logBetween(...range.load);
  return surround(machine, random, { sizeOfFit, load });
}

/** A guest that any rule should move: a working set of at most 30 % of what fits, written at no more than 60 % of the link. */
export function drawLightRegions(machine: Machine, random: Random): Region[] {
  const sizeOfFit = random.logBetween(0.02, 0.3);
  const load = random.logBetween(0.05, 0.6);
  const coldLoad = random.logBetween(0.002, 0.03);
  return surround(machine, random, { sizeOfFit, load, coldLoad });
}

/**
 * Hot, warm and cold RAM: the working set takes at most 60 % of what is not zero, the warm part 0.5 to 4 times as much but at most
 * 30 %, and the rest is cold.
 */
function surround(machine: Machine, random: Random, { sizeOfFit, load, coldLoad }: WorkingSet): Region[] {
  const mean = machine.meanBytesPerSec;
  const usedBytes = machine.ramBytes - machine.zeroBytes;
  const fitBytes = (mean * machine.limitMs) / 1000;
  const hotBytes = Math.min(0.6 * usedBytes, sizeOfFit * fitBytes);
  const warmBytes = Math.min(0.3 * usedBytes, hotBytes * random.between(0.5, 4));
  const coldBytes = Math.max(usedBytes - hotBytes - warmBytes, 0.05 * usedBytes);
  return [
    { bytes: hotBytes, writesPerSec: (load * mean) / hotBytes },
    { bytes: warmBytes, writesPerSec: ((random.logBetween(0.01, 0.3) * mean) / warmBytes) * 0.5 },
    { bytes: coldBytes, writesPerSec: ((coldLoad ?? random.logBetween(0.002, 0.05)) * mean) / coldBytes },
  ];
}
