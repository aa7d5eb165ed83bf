import { type FleetHost, type FleetSnapshot, planSchedule, type QueuedMove, type RunningMove } from "@godwit/core";

const now = 1_700_000_000_000;
const guestsPerHost = 20;
const sizes = [10_000, 20_000, 40_000, 80_000];
/** An orchestrator plans for days: what is told is what a plan takes once the engine has settled. */
const [warmUps, plans, sorts] = [8, 8, 4];
/** What one of so many may take, and by how much more than sorting's the time may grow from one size to the next, which is twice as large. */
const [held, mostMs, mostGrowth] = [20_000, 200, 1.12];

/** Pictures in which every queued migration is looked at, each for what costs most in another way. */
const pictures: Record<string, (count: number) => FleetSnapshot> = {
  "to named hosts": (count) => picture(count, { named: true, rests: false }),
  "hosts to be found": (count) => picture(count, { named: false, rests: false }),
  "hosts to be found where only rests of links are left": (count) => picture(count, { named: false, rests: true }),
};

/**
 * What one plan costs over queues that double, and in brackets how many times what sorting the same queue by one figure takes: the least CPU time
 * of several, to which whatever else runs on the machine only adds.
 */
export function costLines(): { lines: string[]; missed: number } {
  let missed = 0;
  const lines = Object.entries(pictures).flatMap(([name, pictureOf]) => {
    const taken = sizes.map((count) => costOf(pictureOf(count)));
    const ratios = taken.map(({ planMs, sortMs }) => planMs / sortMs);
    const growth = ((ratios.at(-1) ?? Infinity) / (ratios[0] ?? 0)) ** (1 / (sizes.length - 1));
    const isMissed = (taken[sizes.indexOf(held)]?.planMs ?? Infinity) > mostMs || growth > mostGrowth;
    missed += isMissed ? 1 : 0;
    const each = taken.map(
      ({ planMs }, index) => `${sizes[index] ?? 0} in ${planMs.toFixed(1)} ms (${(ratios[index] ?? 0).toFixed(2)})`,
    );
    return [
      `${(isMissed ? "MISSED" : "must").padEnd(7)}${name}: ${each.join(", ")}`,
      `       must ${mostMs} ms at ${held}; beside sorting, ${growth.toFixed(2)} times as long for twice as many (must ${mostGrowth})`,
    ];
  });
  return { lines, missed };
}

/** In ms; sorting by a single figure is what no order of n log n can do without, and meets the same memory. */
function costOf(snapshot: FleetSnapshot): { planMs: number; sortMs: number } {
  const planMs = leastOf(() => planSchedule(snapshot, now));
  // The system counts CPU time in steps that a single one is too short for.
  const sortsMs = leastOf(() => {
    for (let sort = 0; sort < sorts; sort += 1) snapshot.queued.toSorted((a, b) => a.memoryBytes - b.memoryBytes);
  });
  return { planMs, sortMs: sortsMs / sorts };
}

/** In ms of CPU time, of both kinds: which of it was the kernel's is only estimated. */
function leastOf(work: () => unknown): number {
  const taken = Array.from({ length: warmUps + plans }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...taken.slice(warmUps));
}

/** Twenty queued a host; half of the hosts send already, or with `rests` each of them, so that a tenth of every link is left. */
function picture(count: number, { named, rests }: { named: boolean; rests: boolean }): FleetSnapshot {
  const hosts = Array.from({ length: count / guestsPerHost }, (_, index) => hostOf(index));
  const running = hosts
    .filter((_, index) => rests || index % 2 === 0)
    .map((_, index) => runningOf(index, hosts.length, rests));
  const queued = Array.from({ length: count }, (_, index) => queuedOf(index, hosts.length, named, rests));
  const limits = { preparing: 100_000, moving: 100_000 };
  return { cluster: { paused: false, limits, bytesPerSec: undefined, streamBytesPerSec: 2e9 }, hosts, running, queued };
}

function hostOf(index: number): FleetHost {
  return {
    id: `h${index}`,
    name: `host-${index}`,
    connected: true,
    paused: false,
    cordoned: false,
    slots: { preparing: 8, outgoing: 4, incoming: 4 },
    link: { outBytesPerSec: 3e9, inBytesPerSec: index % 3 === 0 ? 1.25e9 : 3e9 },
    freeBytes: 2e12,
    keepsApart: index % 7 === 0 ? [`label-${index % 50}`] : [],
  };
}

function runningOf(index: number, hosts: number, rests: boolean): RunningMove {
  const id = `r${index}`;
  return {
    id,
    guestId: `guest-of-${id}`,
    sourceId: `h${index}`,
    destinationId: `h${(index + 1) % hosts}`,
    priority: 500,
    group: `person-${index % 7}`,
    memoryBytes: memoryBytesOf(index),
    neededBytesPerSec: neededOf(index, 1e8),
    capBytesPerSec: !rests ? undefined : (index + 1) % 3 === 0 ? 1.125e9 : 2e9,
    windows: [],
    keepApart: apartOf(index),
    stage: "moving",
    startedAt: now - 10_000 + index,
    leftBytes: 1e10,
    guaranteedBytesPerSec: 5e8,
  };
}

function queuedOf(index: number, hosts: number, named: boolean, rests: boolean): QueuedMove {
  const source = index % hosts;
  const id = `m${String(index).padStart(6, "0")}`;
  return {
    id,
    guestId: `guest-of-${id}`,
    sourceId: `h${source}`,
    destinationId: named ? `h${(source + 1 + ((index * 7) % (hosts - 1))) % hosts}` : undefined,
    priority: 500,
    group: `person-${index % 7}`,
    memoryBytes: memoryBytesOf(index),
    neededBytesPerSec: neededOf(index, rests ? 9e8 : 1e8),
    capBytesPerSec: undefined,
    windows: [],
    keepApart: apartOf(index),
    placement: index % 2 === 0 ? "spread" : "pack",
    askedAt: now - 300_000 + index,
    notBefore: undefined,
    deadlineAt: undefined,
    downtimeLimitMs: 300,
    facts: "",
    attempts: [],
    blocked: undefined,
  };
}

function memoryBytesOf(index: number): number {
  return 2e9 + ((index * 7_919) % 1_013) * 1e8;
}

function neededOf(index: number, least: number): number {
  return least + ((index * 104_729) % 50) * 1e7;
}

function apartOf(index: number): string | undefined {
  return index % 10 === 0 ? `label-${index % 50}` : undefined;
}
