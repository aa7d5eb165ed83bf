import type { Random } from "../random.ts";
import { cellSec } from "../series.ts";
import { drawActivity } from "./activity.ts";
import type { Machine } from "./machine.ts";
import { drawRegions } from "./regions.ts";
import type { Workload } from "./workload.ts";

/** A working set that cannot be moved while it is busy. */
const saturating = { sizeOfFit: [1, 40], load: [1.2, 8] } as const;

/** `bursty`: busy for 5 to 90 s and quiet for 3 to 60 s in the mean, both exponential. */
export function bursty(machine: Machine, random: Random): Workload {
  const regions = drawRegions(machine, random, saturating);
  const busySec = random.logBetween(5, 90);
  const quietSec = random.logBetween(3, 60);
  const quietLevel = random.logBetween(0.01, 0.4);
  let isBusy = random.chance(busySec / (busySec + quietSec));
  let leftSec = random.exponential(isBusy ? busySec : quietSec);
  const activity = drawActivity(machine, random, () => {
    leftSec -= cellSec;
    if (leftSec <= 0) {
      isBusy = !isBusy;
      leftSec = random.exponential(isBusy ? busySec : quietSec);
    }
    return isBusy ? 1 : quietLevel;
  });
  return { machine, regions, activity, devices: [] };
}

/** `ramp`: from the start on the guest goes, within 60 to 900 s, to 0.02 to 0.5 or to 2 to 8 times what it was. */
export function ramp(machine: Machine, random: Random): Workload {
  const regions = drawRegions(machine, random, { sizeOfFit: [1, 30], load: [0.5, 5] });
  const overSec = random.between(60, 900);
  const goal = random.chance(0.5) ? random.logBetween(0.02, 0.5) : random.logBetween(2, 8);
  const activity = drawActivity(machine, random, (sec) => {
    if (sec <= 0) return 1;
    return sec < overSec ? 1 + ((goal - 1) * sec) / overSec : goal;
  });
  return { machine, regions, activity, devices: [] };
}

/** `periodic`: busy for 20 to 95 % of each period of 8 to 300 s. */
export function periodic(machine: Machine, random: Random): Workload {
  const regions = drawRegions(machine, random, saturating);
  const periodSec = random.logBetween(8, 300);
  const busyShare = random.between(0.2, 0.95);
  const quietLevel = random.logBetween(0.005, 0.3);
  const shiftSec = random.between(0, periodSec);
  // Far enough back that the remainder is taken of a positive number in the ten minutes before the start too.
  const originSec = 3000;
  const activity = drawActivity(machine, random, (sec) =>
    ((sec + shiftSec + originSec) % periodSec) / periodSec < busyShare ? 1 : quietLevel,
  );
  return { machine, regions, activity, devices: [] };
}
