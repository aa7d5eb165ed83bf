import { MiB } from "../bytes.ts";
import type { Random } from "../random.ts";
import { drawSteadyActivity } from "./activity.ts";
import { drawDevice, growing } from "./devices.ts";
import type { Machine } from "./machine.ts";
import { drawLightRegions, drawRegions } from "./regions.ts";
import type { Workload } from "./workload.ts";

/** `vfio-const`: a light guest with a device whose stop-only state is 0.1 to 4 times what fits. */
export function vfioConst(machine: Machine, random: Random): Workload {
  const regions = drawLightRegions(machine, random);
  const activity = drawSteadyActivity(machine, random);
  const device = drawDevice(machine, random, { name: "vfio-1", kind: "vfio" }, (fillBytes) => ({
    stopOnly: growing(random.logBetween(0.1, 4) * fillBytes),
  }));
  return { machine, regions, activity, devices: [device] };
}

/**
 * `vfio-learning`: 50 to 800 MiB of initial bytes, without which loading takes 1.5 to 6 times as long; state that is dirtied while
 * the guest runs; a stop-only state that settles at 0.05 to 2.5 times what fits, from 1.2 to 8 times as much; exact queries that cost
 * up to four times as much as usual.
 */
export function vfioLearning(drawn: Machine, random: Random): Workload {
  const regions = random.chance(0.5)
    ? drawLightRegions(drawn, random)
    : drawRegions(drawn, random, { sizeOfFit: [0.1, 3], load: [0.1, 2] });
  const activity = drawSteadyActivity(drawn, random);
  const machine = { ...drawn, syncMs: drawn.syncMs * random.between(1, 4) };
  const mean = machine.meanBytesPerSec;
  const initialBytes = random.logBetween(50, 800) * MiB;
  const coldLoadFactor = random.between(1.5, 6);
  const wish = { name: "vfio-1", kind: "vfio", mayShrink: true, initialBytes, coldLoadFactor } as const;
  const device = drawDevice(machine, random, wish, (fillBytes) => {
    const dirtyBytesPerSec = random.logBetween(0.001, 0.3) * mean;
    const dirtyCapBytes = (random.logBetween(0.05, 2) * mean * machine.limitMs) / 1000;
    const toBytes = random.logBetween(0.05, 2.5) * fillBytes;
    const fromBytes = toBytes * random.between(1.2, 8);
    const stopOnly = { shape: "learning", fromBytes, toBytes, tauSec: random.logBetween(2, 40) } as const;
    return { dirtyBytesPerSec, dirtyCapBytes, stopOnly };
  });
  return { machine, regions, activity, devices: [device] };
}
