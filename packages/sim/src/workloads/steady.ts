import type { Machine } from "./machine.ts";
import type { Random } from "../random.ts";
import { drawSteadyActivity } from "./activity.ts";
import { drawLightRegions, drawRegions, drawUniformRegion } from "./regions.ts";
import type { Workload } from "./workload.ts";

/** `idle`: a light guest. */
export function idle(machine: Machine, random: Random): Workload {
  const regions = drawLightRegions(machine, random);
  return { machine, regions, activity: drawSteadyActivity(machine, random), devices: [] };
}

/** `uniform`: all of the RAM is one region. */
export function uniform(machine: Machine, random: Random): Workload {
  const regions = drawUniformRegion(machine, random);
  return { machine, regions, activity: drawSteadyActivity(machine, random), devices: [] };
}

/** `hotcold`: a working set of 0.1 to 30 times what fits, written at 0.1 to 8 times the link. */
export function hotcold(machine: Machine, random: Random): Workload {
  const regions = drawRegions(machine, random, { sizeOfFit: [0.1, 30], load: [0.1, 8] });
  return { machine, regions, activity: drawSteadyActivity(machine, random), devices: [] };
}
