import type { Random } from "../random.ts";
import type { Device, StopOnly } from "../scenario.ts";
import { drawSteadyActivity } from "./activity.ts";
import { drawDevice, growing } from "./devices.ts";
import type { Machine } from "./machine.ts";
import { drawLightRegions, drawRegions } from "./regions.ts";
import type { Workload } from "./workload.ts";

/**
 * `vhost-user-blob`: a back end's state of 0.02 to 2.5 times what fits, which grows by up to 0.4 % a second and in three of ten
 * scenarios jumps by up to as much again.
 */
export function vhostUserBlob(machine: Machine, random: Random): Workload {
  const regions = random.chance(0.6)
    ? drawLightRegions(machine, random)
    : drawRegions(machine, random, { sizeOfFit: [0.1, 3], load: [0.1, 2] });
  const activity = drawSteadyActivity(machine, random);
  const device = drawDevice(machine, random, { name: "vhost-user-1", kind: "vhost-user" }, (fillBytes) => {
    const bytes = random.logBetween(0.02, 2.5) * fillBytes;
    const bytesPerSec = bytes * random.logBetween(0.00005, 0.004);
    const jumpAtSec = random.exponential(300);
    const jumpBytes = random.chance(0.3) ? bytes * random.between(0.1, 1) : 0;
    return { stopOnly: { shape: "growing", bytes, bytesPerSec, jumpBytes, jumpAtSec } satisfies StopOnly };
  });
  return { machine, regions, activity, devices: [device] };
}

/** `many-devices`: two to eight devices whose states are together 0.15 to 3 times what fits; those that are not VFIO grow slowly. */
export function manyDevices(machine: Machine, random: Random): Workload {
  const regions = drawLightRegions(machine, random);
  const activity = drawSteadyActivity(machine, random);
  const count = random.integer(2, 8);
  const totalOfFit = random.logBetween(0.15, 3);
  const devices: Device[] = [];
  for (let number = 1; number <= count; number++) {
    const kind = random.chance(0.6) ? "vfio" : random.pick(["vhost-user", "daemon"] as const);
    const device = drawDevice(machine, random, { name: `${kind}-${number}`, kind }, (fillBytes) => {
      const bytes = (totalOfFit / count) * random.logNormal(0.4) * fillBytes;
      return { stopOnly: growing(bytes, kind === "vfio" ? 0 : bytes * random.logBetween(0.00002, 0.001)) };
    });
    devices.push(device);
  }
  return { machine, regions, activity, devices };
}
