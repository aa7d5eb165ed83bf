import { type Reason, reason } from "../reason.ts";

/** What the planner looks at: immutable, taken whole, so that one decision rests on one picture. */
export interface Snapshot {
  hosts: SnapshotHost[];
  /** Admitted and not ended. */
  running: { id: string; sourceId: string; destinationId: string }[];
  /** In the order of their making. */
  queued: QueuedSnapshot[];
}

export interface QueuedSnapshot {
  id: string;
  sourceId: string;
  destinationId: string;
  /** It may enter a host that is cordoned. */
  returns?: boolean | undefined;
}

export interface SnapshotHost {
  id: string;
  name: string;
  connected: boolean;
  /** Nothing starts from it or to it. */
  paused: boolean;
  /** Nothing starts to it. */
  cordoned: boolean;
  slots: { outgoing: number; incoming: number };
}

export type Decision = { migrationId: string; kind: "admit" } | { migrationId: string; kind: "wait"; waitsFor: Reason };

/**
 * S1 to S3: first come, first served, within the slots of both hosts. One that must wait holds up only those behind it that
 * want the same slots. Level-triggered: the same snapshot gives the same decisions, whatever woke the planner.
 */
export function plan(snapshot: Snapshot): Decision[] {
  const hosts = new Map(snapshot.hosts.map((host) => [host.id, host]));
  const outgoing = countBy(snapshot.running, (each) => each.sourceId);
  const incoming = countBy(snapshot.running, (each) => each.destinationId);
  return snapshot.queued.map(({ id, sourceId, destinationId, returns = false }) => {
    const waitsFor =
      unfit(hosts.get(sourceId), false) ??
      unfit(hosts.get(destinationId), !returns) ??
      full(hosts.get(sourceId), "outgoing", outgoing.get(sourceId) ?? 0) ??
      full(hosts.get(destinationId), "incoming", incoming.get(destinationId) ?? 0);
    if (waitsFor !== undefined) return { migrationId: id, kind: "wait", waitsFor };
    outgoing.set(sourceId, (outgoing.get(sourceId) ?? 0) + 1);
    incoming.set(destinationId, (incoming.get(destinationId) ?? 0) + 1);
    return { migrationId: id, kind: "admit" };
  });
}

/** S13, S14: what nothing starts from, or to. */
function unfit(host: SnapshotHost | undefined, comesTo: boolean): Reason | undefined {
  const name = host?.name ?? "a host";
  if (host?.connected !== true) {
    return reason("HOST_OFFLINE", `It waits for the agent of ${name} to connect.`, { host: name });
  }
  if (host.paused) return reason("HOST_PAUSED", `It waits for ${name}, which is paused.`, { host: name });
  if (!comesTo || !host.cordoned) return undefined;
  return reason("HOST_CORDONED", `It waits for ${name}, which is cordoned: nothing is started to it.`, { host: name });
}

function full(host: SnapshotHost | undefined, direction: "outgoing" | "incoming", used: number): Reason | undefined {
  if (host === undefined || used < host.slots[direction]) return undefined;
  const slots = host.slots[direction];
  const sentence = `It waits for a slot: ${used} of ${slots} ${direction} slots on ${host.name} are taken.`;
  return reason("SLOTS_TAKEN", sentence, { host: host.name, direction, used, slots });
}

function countBy<Item>(items: Item[], key: (item: Item) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
