import type { Region } from "../scenario.ts";

/** Hosts with their links, and the guests that are to be moved between them: plain data, so that a variant is a spread away. */
export interface Fleet {
  hosts: readonly SimulatedHost[];
  guests: readonly SimulatedGuest[];
  /** What one migration can send at the most, whatever the links carry, in bytes/s. */
  streamBytesPerSec: number;
  /** What all migrations together may take; Infinity: no such limit. */
  clusterBytesPerSec: number;
  /** Of the noise. */
  seed: number;
}

export interface SimulatedHost {
  id: string;
  /** What migrations may take of its link. */
  outBytesPerSec: number;
  inBytesPerSec: number;
  /** Memory for guests that is free before anything moves; Infinity: enough for all. */
  freeBytes: number;
  /** Its guests leave it: nothing is placed on it. */
  drained: boolean;
}

export interface SimulatedGuest {
  id: string;
  /** Its host's place in the fleet's list. */
  source: number;
  /** Undefined: the policy finds one. */
  destination: number | undefined;
  ramBytes: number;
  /** The parts that it writes; what is left of its RAM is not written. Together at most `ramBytes`. */
  regions: readonly Region[];
  /** What only the stop can move. */
  stopcopyBytes: number;
  /** The downtime that it may see, and what of it passes whatever the bandwidth. */
  limitMs: number;
  fixedMs: number;
  /** What is known beforehand of how it is written, as a factor on its true write rates; undefined: nothing. */
  knownWrites: number | undefined;
}

/** U(τ): the distinct bytes that it writes in a window of so many seconds, at `factor` times its write rates. */
export function writtenBytes({ regions }: SimulatedGuest, sec: number, factor = 1): number {
  return regions.reduce((sum, { bytes, writesPerSec }) => sum - bytes * Math.expm1(-writesPerSec * factor * sec), 0);
}

/** Of the time that the limit leaves for bytes; the rest is for what goes wrong. */
const usableOfLimit = 0.95;

/** The least bandwidth at which precopy gets under the limit, in bytes/s: (U(L') + S) / L'. The truth, which nobody is told. */
export function bandwidthToMove(guest: SimulatedGuest): number {
  const roomSec = (usableOfLimit * (guest.limitMs - guest.fixedMs)) / 1000;
  return roomSec <= 0 ? Infinity : (writtenBytes(guest, roomSec) + guest.stopcopyBytes) / roomSec;
}

/** The most that it could ever have: of its own path, or of the best one where it has none yet. */
export function topOf(fleet: Fleet, { source, destination }: SimulatedGuest): number {
  const into =
    destination === undefined
      ? fleet.hosts.reduce((most, host) => (host.drained ? most : Math.max(most, host.inBytesPerSec)), 0)
      : (fleet.hosts[destination]?.inBytesPerSec ?? 0);
  const out = fleet.hosts[source]?.outBytesPerSec ?? 0;
  return Math.min(out, into, fleet.streamBytesPerSec, fleet.clusterBytesPerSec);
}

/** A need that is missed by less than that is met often enough. */
const doubt = 1.02;

/** Whether its whole path would make it converge. */
export function isMovable(fleet: Fleet, guest: SimulatedGuest): boolean {
  return bandwidthToMove(guest) <= doubt * topOf(fleet, guest);
}

/**
 * The least time in which the movable guests can be moved, in ms: each byte once over the busiest link, or over the cluster. Where
 * the guests' destinations are open only the links that they leave count.
 */
export function busiestLinkMs(fleet: Fleet): number {
  const out = new Float64Array(fleet.hosts.length);
  const into = new Float64Array(fleet.hosts.length);
  let allBytes = 0;
  for (const guest of fleet.guests) {
    if (!isMovable(fleet, guest)) continue;
    allBytes += guest.ramBytes;
    out[guest.source] = (out[guest.source] ?? 0) + guest.ramBytes;
    if (guest.destination !== undefined) into[guest.destination] = (into[guest.destination] ?? 0) + guest.ramBytes;
  }
  const links = fleet.hosts.map(({ outBytesPerSec, inBytesPerSec }, index) =>
    Math.max((out[index] ?? 0) / outBytesPerSec, (into[index] ?? 0) / inBytesPerSec),
  );
  return links.reduce((most, sec) => Math.max(most, sec), allBytes / fleet.clusterBytesPerSec) * 1000;
}
