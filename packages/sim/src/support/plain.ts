import { MiB } from "../bytes.ts";
import type { Rule, RuleAction } from "../run.ts";
import type { Device, DeviceTruth, Hidden, Region, Scenario } from "../scenario.ts";
import { World } from "../world/world.ts";

/** A link of 1 GB/s without noise. */
export const plainBytesPerSec = 1e9;
/** The fixed part of a plain scenario's downtime: stop 10, final sync 1, three round trips of 1, resume 20. */
export const plainFixedMs = 34;

export type Plain = Omit<Partial<Scenario>, "hidden"> & { hidden?: Partial<Hidden>; regions?: Region[] };

/** A scenario without noise or surprises: 1 GB of RAM that nobody writes, no devices; a tenth of the link is never used. */
export function plain({ hidden, regions = [{ bytes: 1e9, writesPerSec: 0 }], ...wish }: Plain = {}): Scenario {
  const deadlineMs = wish.deadlineMs ?? 60_000;
  const cells = Math.ceil(deadlineMs / 100) + 1300;
  return {
    kind: "uniform",
    seed: 1,
    ramBytes: regions.reduce((sum, { bytes }) => sum + bytes, 0),
    limitMs: 500,
    deadlineMs,
    linkBytesPerSec: plainBytesPerSec / 0.9,
    capBytesPerSec: undefined,
    parallelLoad: true,
    syncMs: 1,
    known: { stopResumeMs: 30, rttMs: 1, priorBytesPerSec: plainBytesPerSec, reservedBytesPerSec: plainBytesPerSec },
    history: [],
    devices: [],
    ...wish,
    hidden: {
      regions,
      activity: new Float32Array(cells).fill(1),
      link: new Float32Array(cells).fill(plainBytesPerSec),
      meanBytesPerSec: plainBytesPerSec,
      zeroBytes: 0,
      zeroAfterShare: 0.5,
      scanBytesPerSec: 4e9,
      costs: { stopMs: 10, resumeMs: 20, rttMs: 1, finalSyncFactor: 1 },
      ...hidden,
    },
  };
}

/** One region that settles at `settledMs` of sending when it is sent at full rate: W (1 - 1 / load), W written at `load` times the link. */
export function saturating(settledMs: number, load = 3): Region[] {
  const bytes = (settledMs / 1000) * plainBytesPerSec * (load / (load - 1));
  return [{ bytes, writesPerSec: (load * plainBytesPerSec) / bytes }];
}

/** A device that costs nothing but what is asked for. */
export function plainDevice(kind: Device["kind"], truth: Partial<DeviceTruth> = {}): Device {
  const hidden: DeviceTruth = {
    saveMs: 0,
    loadMs: 0,
    coldLoadFactor: 1,
    bytesPerSec: 100e9,
    initialBytes: 0,
    dirtyBytesPerSec: 0,
    dirtyCapBytes: 0,
    stopOnly: { shape: "growing", bytes: 100 * MiB, bytesPerSec: 0, jumpBytes: 0, jumpAtSec: Infinity },
    reportError: 0,
    reportPhase: 0,
    ...truth,
  };
  const { saveMs, loadMs, bytesPerSec } = hidden;
  return { name: `${kind}-1`, kind, declared: { saveMs, loadMs, bytesPerSec, mayShrink: false }, hidden };
}

/** Sends at full rate for `ms`, with an exact query whenever nothing known is left; `each` sees the world after every step. */
export function sendOut(world: World, ms: number, each: (world: World) => void = () => {}): World {
  const untilMs = world.atMs + ms;
  while (world.atMs < untilMs - 1e-6) {
    if (world.ram.knownBytes + world.devicesKnownBytes <= 1) world.requestExact();
    world.step(50);
    each(world);
  }
  return world;
}

/** Lets an exact query begin and end. */
export function askExactly(world: World): World {
  world.requestExact();
  while (world.inSync) world.step(1);
  return world;
}

/** Runs a rule to its end or the deadline; the world stays as it is then. */
export function played(scenario: Scenario, rule: Rule): { world: World; action: RuleAction | undefined } {
  const world = new World(scenario);
  for (;;) {
    const action = rule.look(world);
    if (action !== undefined || world.atMs >= scenario.deadlineMs) return { world, action };
    world.step(50);
  }
}
