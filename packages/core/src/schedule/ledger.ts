import type { FleetHost, FleetSnapshot, RunningMove } from "./snapshot.ts";
import type { Entry } from "./order.ts";
import type { Reason } from "../reason.ts";

/** What is counted while a plan is made: every link in both directions and the cluster, with what is still free. Lives for one plan. */
export interface Ledger {
  cluster: Side;
  preparing: Counter;
  endpoints: Map<string, Endpoint>;
  streamBytesPerSec: number;
  /** Of whatever host: what no guest can exceed. */
  widestIn: number;
}

export interface Endpoint {
  host: FleetHost;
  out: Side;
  in: Side;
  preparing: Counter;
  freeBytes: number;
  keepsApart: Set<string>;
}

export interface Counter {
  taken: number;
  limit: number;
}

/** One direction of a link, or the cluster as a whole. */
export interface Side extends Counter {
  name: string;
  direction: "outgoing" | "incoming" | "cluster";
  budget: number;
  free: number;
  /** What those that run, and those that wait in front, still have to bring across. */
  aheadBytes: number;
  /** All that is to cross it, whoever's turn it is. */
  loadBytes: number;
  /** The first that waits for it, and the first that has waited for too long. */
  wantedBy: Entry | undefined;
  keptFor: Entry | undefined;
  /** That no slot is free, in a sentence for all who wait for one. */
  fullReason: Reason | undefined;
  /** That all of its bandwidth is given out. */
  spentReason: Reason | undefined;
}

export function openLedger({ cluster, hosts, running }: FleetSnapshot): Ledger {
  const endpoints = new Map(hosts.map((host) => [host.id, endpointOf(host)]));
  const ledger: Ledger = {
    cluster: side("the cluster", "cluster", cluster.bytesPerSec, cluster.limits.moving),
    preparing: { taken: 0, limit: cluster.limits.preparing },
    endpoints,
    streamBytesPerSec: cluster.streamBytesPerSec ?? Infinity,
    widestIn: hosts.reduce((most, { link }) => Math.max(most, link.inBytesPerSec ?? Infinity), 0),
  };
  for (const move of running) seat(ledger, move);
  return ledger;
}

/** The most that a migration can have on its path; without a destination, on the best one. */
export function topOf(
  ledger: Ledger,
  source: Endpoint,
  destination: Endpoint | undefined,
  cap: number | undefined,
): number {
  const into = destination?.in.budget ?? ledger.widestIn;
  return Math.min(source.out.budget, into, ledger.cluster.budget, ledger.streamBytesPerSec, cap ?? Infinity);
}

/** A migration takes its slots, its bandwidth and its memory; it counts as in preparation until the snapshot says otherwise. */
export function take(ledger: Ledger, source: Endpoint, destination: Endpoint, entry: Entry, bytesPerSec: number): void {
  for (const each of [ledger.cluster, source.out, destination.in]) {
    occupy(each);
    each.free = Math.max(0, each.free - bytesPerSec);
    each.aheadBytes += entry.move.memoryBytes;
  }
  for (const each of [ledger.preparing, source.preparing, destination.preparing]) each.taken += 1;
  house(destination, entry.move);
}

function endpointOf(host: FleetHost): Endpoint {
  return {
    host,
    out: side(host.name, "outgoing", host.link.outBytesPerSec, host.slots.outgoing),
    in: side(host.name, "incoming", host.link.inBytesPerSec, host.slots.incoming),
    preparing: { taken: 0, limit: host.slots.preparing },
    freeBytes: host.freeBytes,
    keepsApart: new Set(host.keepsApart),
  };
}

function side(name: string, direction: Side["direction"], budget: number = Infinity, limit: number): Side {
  return {
    name,
    direction,
    budget,
    free: budget,
    limit,
    taken: 0,
    aheadBytes: 0,
    loadBytes: 0,
    wantedBy: undefined,
    keptFor: undefined,
    fullReason: undefined,
    spentReason: undefined,
  };
}

/** One that runs: its bandwidth is booked where the shares are. One in preparation has its slot on the link already, so that it need not wait for it then. */
function seat(ledger: Ledger, move: RunningMove): void {
  const [source, destination] = [ledger.endpoints.get(move.sourceId), ledger.endpoints.get(move.destinationId)];
  for (const each of [ledger.cluster, source?.out, destination?.in]) {
    if (each === undefined) continue;
    occupy(each);
    each.aheadBytes += move.leftBytes;
    each.loadBytes += move.leftBytes;
  }
  if (move.stage === "preparing") {
    for (const each of [ledger.preparing, source?.preparing, destination?.preparing]) if (each) each.taken += 1;
  }
  if (destination !== undefined) house(destination, move);
}

function occupy(each: Side): void {
  each.taken += 1;
  each.fullReason = undefined;
}

function house(
  destination: Endpoint,
  { memoryBytes, keepApart }: { memoryBytes: number; keepApart: string | undefined },
) {
  destination.freeBytes -= memoryBytes;
  if (keepApart !== undefined) destination.keepsApart.add(keepApart);
}
