import { type FleetHost, type FleetSnapshot, planSchedule, type QueuedMove, type RunningMove } from "@godwit/core";

const now = 1_700_000_000_000;
const guestsPerHost = 20;
const sizes = [2_500, 5_000, 10_000, 20_000];
const [warmUps, plans] = [3, 9];
/** What the largest one may take, and by how much the time may grow from one size to the next, which is twice as large. */
const [mostMs, mostGrowth] = [200, 2.4];

/** Pictures in which every queued migration is looked at, each for what costs most in another way. */
const pictures: Record<string, (count: number) => FleetSnapshot> = {
  "to named hosts": (count) => picture(count, { named: true, rests: false }),
  "hosts to be found": (count) => picture(count, { named: false, rests: false }),
  "hosts to be found where only rests of links are left": (count) => picture(count, { named: false, rests: true }),
};

/** What one plan costs over queues that double: the least CPU time of several, to which whatever else runs on the machine only adds. */
export function costLines(): { lines: string[]; missed: number } {
  let missed = 0;
  const lines = Object.entries(pictures).flatMap(([name, pictureOf]) => {
    const costs = sizes.map((count) => costOf(pictureOf(count)));
    const last = costs.at(-1) ?? Infinity;
    const growth = (last / (costs[0] ?? 0)) ** (1 / (sizes.length - 1));
    const isMissed = last > mostMs || growth > mostGrowth;
    missed += isMissed ? 1 : 0;
    return [
      `${(isMissed ? "MISSED" : "must").padEnd(7)}${name}: ` +
        costs.map((ms, index) => `${sizes[index] ?? 0} in ${ms.toFixed(1)} ms`).join(", "),
      `       ${growth.toFixed(2)} times as long for twice as many (must ${mostMs} ms and ${mostGrowth}); step by step ` +
        costs
          .slice(1)
          .map((ms, index) => (ms / (costs[index] ?? 0)).toFixed(2))
          .join(", "),
    ];
  });
  return { lines, missed };
}

function costOf(snapshot: FleetSnapshot): number {
  const taken = Array.from({ length: warmUps + plans }, () => {
    const before = process.cpuUsage();
    planSchedule(snapshot, now);
    return process.cpuUsage(before).user / 1000;
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

function move(id: string, index: number) {
  return {
    id,
    guestId: `guest-of-${id}`,
    priority: 500,
    group: `person-${index % 7}`,
    memoryBytes: 2e9 + ((index * 7_919) % 1_013) * 1e8,
    neededBytesPerSec: 1e8 + ((index * 104_729) % 50) * 1e7,
    capBytesPerSec: undefined,
    windows: [],
    keepApart: index % 10 === 0 ? `label-${index % 50}` : undefined,
  };
}

function runningOf(index: number, hosts: number, rests: boolean): RunningMove {
  return {
    ...move(`r${index}`, index),
    sourceId: `h${index}`,
    destinationId: `h${(index + 1) % hosts}`,
    stage: "moving",
    startedAt: now - 10_000 + index,
    leftBytes: 1e10,
    ...(rests ? { capBytesPerSec: (index + 1) % 3 === 0 ? 1.125e9 : 2e9 } : {}),
    guaranteedBytesPerSec: 5e8,
  };
}

function queuedOf(index: number, hosts: number, named: boolean, rests: boolean): QueuedMove {
  const source = index % hosts;
  const needed = rests ? { neededBytesPerSec: 9e8 + ((index * 104_729) % 50) * 1e7 } : {};
  return {
    ...move(`m${String(index).padStart(6, "0")}`, index),
    ...needed,
    sourceId: `h${source}`,
    destinationId: named ? `h${(source + 1 + ((index * 7) % (hosts - 1))) % hosts}` : undefined,
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
