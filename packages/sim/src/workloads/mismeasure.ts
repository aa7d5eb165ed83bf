import type { Random } from "../random.ts";
import { drawSteadyActivity } from "./activity.ts";
import type { Machine } from "./machine.ts";
import { drawRegions } from "./regions.ts";
import type { Workload } from "./workload.ts";

/**
 * `mismeasure`: what misleads a rule that divides bytes by wall time. One of: 60 to 95 % of the RAM is zero and slow to scan; a cap of
 * 15 to 60 % of the link while the guest runs; exact queries that cost 5 to 60 % of the limit.
 */
export function mismeasure(drawn: Machine, random: Random): Workload {
  const trouble = random.pick(["zero-heavy", "capped", "sync-heavy"] as const);
  const machine = { ...drawn };
  if (trouble === "zero-heavy") {
    machine.zeroBytes = machine.ramBytes * random.between(0.6, 0.95);
    machine.scanBytesPerSec = random.between(2e9, 6e9);
  }
  const regions = drawRegions(machine, random, { sizeOfFit: [0.1, 6], load: [0.1, 2] });
  const activity = drawSteadyActivity(machine, random);
  if (trouble === "capped") machine.capBytesPerSec = machine.meanBytesPerSec * random.between(0.15, 0.6);
  if (trouble === "sync-heavy") machine.syncMs = machine.limitMs * random.between(0.05, 0.6);
  return { machine, regions, activity, devices: [] };
}
