import { Random } from "./random.ts";
import { type Kind, type Scenario, kinds } from "./scenario.ts";
import { bursty, periodic, ramp } from "./workloads/changing.ts";
import { manyDevices, vhostUserBlob } from "./workloads/device-state.ts";
import { type Size, drawMachine } from "./workloads/machine.ts";
import { mismeasure } from "./workloads/mismeasure.ts";
import { netChaos } from "./workloads/net-chaos.ts";
import { hotcold, idle, uniform } from "./workloads/steady.ts";
import { vfioConst, vfioLearning } from "./workloads/vfio.ts";
import type { DrawWorkload, Workload } from "./workloads/workload.ts";

const workloads: Record<Kind, DrawWorkload> = {
  idle,
  uniform,
  hotcold,
  bursty,
  ramp,
  periodic,
  "vfio-const": vfioConst,
  "vfio-learning": vfioLearning,
  "vhost-user-blob": vhostUserBlob,
  "many-devices": manyDevices,
  "net-chaos": netChaos,
  mismeasure,
};

/** The scenario of a kind and a seed (a whole number below 2^21): always the same one, whatever was drawn before. */
export function scenarioOf(kind: Kind, seed: number): Scenario {
  const random = new Random(seed * 2654435761 + kinds.indexOf(kind) * 97);
  const drawn = drawMachine(random, drawSize(kind, random));
  const workload = workloads[kind](drawn, random);
  const mean = drawn.meanBytesPerSec;
  const priorBytesPerSec = mean * random.logNormal(0.1);
  const reservedBytesPerSec = mean * random.between(0.9, 1);
  const { rttMs } = drawn.costs;
  return assembled(kind, seed, workload, { stopResumeMs: 30, rttMs, priorBytesPerSec, reservedBytesPerSec });
}

/** A third of the guests with many devices have 512 GiB to 6 TiB of RAM, behind 100 Gb/s. */
function drawSize(kind: Kind, random: Random): Size | undefined {
  if (kind !== "many-devices" || !random.chance(0.35)) return undefined;
  return { gbitPerSec: 100, ramGiB: random.logBetween(512, 6144) };
}

function assembled(kind: Kind, seed: number, workload: Workload, known: Scenario["known"]): Scenario {
  const { machine, regions, activity, devices } = workload;
  return {
    kind,
    seed,
    ramBytes: machine.ramBytes,
    limitMs: machine.limitMs,
    deadlineMs: machine.deadlineSec * 1000,
    linkBytesPerSec: machine.linkBytesPerSec,
    capBytesPerSec: machine.capBytesPerSec,
    parallelLoad: machine.parallelLoad,
    syncMs: machine.syncMs,
    known,
    history: activity.history,
    devices,
    hidden: {
      regions,
      activity: activity.values,
      link: machine.link,
      meanBytesPerSec: machine.meanBytesPerSec,
      zeroBytes: machine.zeroBytes,
      zeroAfterShare: machine.zeroAfterShare,
      scanBytesPerSec: machine.scanBytesPerSec,
      costs: machine.costs,
    },
  };
}
