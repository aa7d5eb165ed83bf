import { GiB } from "../bytes.ts";
import { type Choice, Random } from "../random.ts";
import type { Fleet, SimulatedGuest } from "./fleet.ts";
import { isMovable } from "./fleet.ts";

/**
 * What is to be done: one of nine hosts is drained; four of sixteen; the same with only such guests as can be moved; or 80 to 200
 * guests change places among sixteen hosts while migrations may take 40 % of what the links carry together.
 */
export type Errand = (typeof errands)[number];

/** Their order is part of the seed. */
export const errands = ["drain 1", "drain 4 of 16", "drain 4, all movable", "rebalance"] as const;

type Weight = "light" | "middling" | "heavy" | "unmovable";
const weights: readonly [Choice<Weight>, ...Choice<Weight>[]] = [
  ["light", 0.6],
  ["middling", 0.22],
  ["heavy", 0.12],
  ["unmovable", 0.06],
];
/** Of the guests it is known, within 15 %, how they are written. */
const shareKnown = 0.85;

/** The fleet of an errand and a seed: always the same one. */
export function fleetOf(errand: Errand, seed: number): Fleet {
  const random = new Random(seed * 2654435761 + errands.indexOf(errand) * 193);
  const count = errand === "drain 1" ? 9 : 16;
  const linkBytesPerSec = random.pick([10, 25, 100]) * 1.25e8;
  // One stream cannot fill a fast link.
  const streamBytesPerSec = Math.min(linkBytesPerSec, random.between(1.2e9, 3e9));
  const hosts = Array.from({ length: count }, (_, index) => ({
    id: `host-${index + 1}`,
    outBytesPerSec: linkBytesPerSec,
    inBytesPerSec: linkBytesPerSec,
    freeBytes: Infinity,
    drained: errand !== "rebalance" && index < (errand === "drain 1" ? 1 : 4),
  }));
  const empty: Fleet = {
    hosts,
    guests: [],
    streamBytesPerSec,
    clusterBytesPerSec: errand === "rebalance" ? 0.4 * count * linkBytesPerSec : Infinity,
    seed,
  };
  const all = Array.from({ length: guestCount(errand, random) }, (_, index) => {
    const { source, destination } = ends(errand, index, random);
    const place = { id: `guest-${index + 1}`, source, destination };
    return drawGuest(place, { linkBytesPerSec, topBytesPerSec: streamBytesPerSec }, random);
  });
  const guests = errand === "drain 4, all movable" ? all.filter((guest) => isMovable(empty, guest)) : all;
  return { ...empty, guests };
}

function guestCount(errand: Errand, random: Random): number {
  if (errand === "drain 1") return random.integer(15, 40);
  return errand === "rebalance" ? random.integer(80, 200) : random.integer(60, 120);
}

function ends(errand: Errand, index: number, random: Random): { source: number; destination: number } {
  if (errand === "drain 1") return { source: 0, destination: random.integer(1, 8) };
  if (errand !== "rebalance") return { source: index % 4, destination: random.integer(4, 15) };
  const source = random.integer(0, 15);
  return { source, destination: (source + random.integer(1, 15)) % 16 };
}

interface Path {
  linkBytesPerSec: number;
  topBytesPerSec: number;
}

/** How fast the hot part is written is drawn against the best bandwidth that the guest could ever have. */
function drawGuest(
  place: Pick<SimulatedGuest, "id" | "source" | "destination">,
  { linkBytesPerSec, topBytesPerSec }: Path,
  random: Random,
): SimulatedGuest {
  const ramBytes = random.logBetween(2, linkBytesPerSec > 2e9 ? 128 : 48) * GiB;
  const limitMs = random.pick([300, 500, 1000]);
  const fitBytes = (topBytesPerSec * limitMs) / 1000;
  const load = drawLoad(random.pickWeighted(weights), random);
  const hotBytes = Math.min(0.5 * ramBytes, Math.max(2.5, random.logBetween(2, 30)) * fitBytes);
  const fixedMs = random.between(30, 80);
  const hasDevice = random.chance(0.2);
  const stopcopyBytes = hasDevice ? (random.between(0.05, 0.35) * topBytesPerSec * (limitMs - fixedMs)) / 1000 : 0;
  return {
    ...place,
    ramBytes,
    regions: [
      { bytes: hotBytes, writesPerSec: (load * topBytesPerSec) / hotBytes },
      { bytes: ramBytes - hotBytes, writesPerSec: (random.between(0.001, 0.02) * topBytesPerSec) / ramBytes },
    ],
    stopcopyBytes,
    limitMs,
    fixedMs,
    knownWrites: random.chance(shareKnown) ? random.logNormal(0.15) : undefined,
  };
}

function drawLoad(weight: Weight, random: Random): number {
  if (weight === "light") return random.logBetween(0.01, 0.15);
  if (weight === "middling") return random.between(0.2, 0.5);
  return weight === "heavy" ? random.between(0.5, 0.85) : random.between(1.6, 4);
}
