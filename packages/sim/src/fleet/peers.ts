import type { FleetPlan, FleetPolicy, FleetView } from "./policy.ts";
import type { Patience } from "./give-up.ts";

/** How many may run at once. */
interface Counts {
  cluster: number;
  outgoing: number;
  incoming: number;
}

const all = Infinity;
const kubevirt: Counts = { cluster: 5, outgoing: 2, incoming: all };
/** KubeVirt's and, for want of another, everybody's but Nova's and oVirt's; with our way of giving up. */
const patient: Patience = { secPerGiB: 150, atPlateau: false };
const withGiveUp: Patience = { ...patient, atPlateau: true };

/** The schedulers of others: counts of migrations, first come first served, links shared out by the network. */
export const fleetPeers = {
  sequential: () => counting({ cluster: 1, outgoing: 1, incoming: 1 }, patient),
  "nova, 1 out a host": () => counting({ cluster: all, outgoing: 1, incoming: all }, { ...patient, secPerGiB: 800 }),
  "ovirt, 2 in / 2 out": () => counting({ cluster: all, outgoing: 2, incoming: 2 }, { ...patient, atMostSec: 21_600 }),
  "kubevirt, 5 / 2 out": () => counting(kubevirt, patient),
  "kubevirt, smallest first": () => counting(kubevirt, patient, "smallest first"),
  "kubevirt + our give-up": () => counting(kubevirt, withGiveUp),
  "all at once": () => counting({ cluster: all, outgoing: all, incoming: all }, patient),
  "all at once + our give-up": () => counting({ cluster: all, outgoing: all, incoming: all }, withGiveUp),
} satisfies Record<string, () => FleetPolicy>;

function counting(counts: Counts, patience: Patience, order?: "smallest first"): FleetPolicy {
  return { patience, plan: (view) => planByCounts(view, counts, order) };
}

function planByCounts(view: FleetView, { cluster, outgoing, incoming }: Counts, order?: "smallest first"): FleetPlan {
  const { fleet, running } = view;
  const [out, into] = [fleet.hosts.map(() => 0), fleet.hosts.map(() => 0)];
  const freeBytes = [...view.freeBytes];
  let count = 0;
  const begin = (source: number, destination: number, ramBytes: number) => {
    out[source] = (out[source] ?? 0) + 1;
    into[destination] = (into[destination] ?? 0) + 1;
    freeBytes[destination] = (freeBytes[destination] ?? 0) - ramBytes;
    count += 1;
  };
  for (const { source, destination, guest } of running) begin(source, destination, guest.ramBytes);
  const starts: FleetPlan["starts"] = [];
  for (const index of ordered(view, order)) {
    if (count >= cluster) break;
    const guest = fleet.guests[index];
    if (guest === undefined || (out[guest.source] ?? 0) >= outgoing) continue;
    const isOpen = (host: number) => (into[host] ?? 0) < incoming && (freeBytes[host] ?? 0) >= guest.ramBytes;
    const destination = guest.destination ?? emptiest(view, freeBytes, into, guest.source, isOpen);
    if (destination === undefined || !isOpen(destination)) continue;
    begin(guest.source, destination, guest.ramBytes);
    starts.push({ guest: index, destination });
  }
  return { starts, refusals: [], shares: undefined };
}

function ordered({ fleet, waiting }: FleetView, order: "smallest first" | undefined): readonly number[] {
  if (order === undefined) return waiting;
  const ramOf = (index: number) => fleet.guests[index]?.ramBytes ?? 0;
  return waiting.toSorted((a, b) => ramOf(a) - ramOf(b));
}

/** The host with the most memory, and of those the one to which least is under way. */
function emptiest(
  { fleet }: FleetView,
  freeBytes: readonly number[],
  into: readonly number[],
  source: number,
  isOpen: (host: number) => boolean,
): number | undefined {
  let best: number | undefined;
  for (const [host, { drained }] of fleet.hosts.entries()) {
    if (drained || host === source || !isOpen(host)) continue;
    if (best === undefined) best = host;
    const [free = 0, bestFree = 0] = [freeBytes[host], freeBytes[best]];
    if (free > bestFree || (free === bestFree && (into[host] ?? 0) < (into[best] ?? 0))) best = host;
  }
  return best;
}
