import {
  type FleetHost,
  type FleetSnapshot,
  isEnded,
  isRunning,
  type Migration,
  type Queued,
  queuedMoveOf,
  runningMoveOf,
} from "@godwit/core";
import type { HostRecord, QueuePause, Store } from "@godwit/store";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { OrchestratorConfig } from "../config.ts";
import { budgetOf, factsOf, freeBytesOf } from "../host-facts.ts";
import { allHosts } from "../pages.ts";
import type { Runs } from "../runs/runs.ts";

/** A host whose agent says nothing of it. */
const preparingAtOnce = 8;

export interface PictureParts {
  store: Pick<Store, "hosts" | "guests" | "queue">;
  agents: ConnectedAgents;
  runs: Pick<Runs, "all">;
  cluster: OrchestratorConfig["cluster"];
}

/** All that the planner looks at, and the hosts that it rests on by their id. */
export interface Picture {
  fleet: FleetSnapshot;
  hosts: Map<string, HostRecord>;
  paused: QueuePause | undefined;
}

export async function takePicture({ store, agents, runs, cluster }: PictureParts, now: number): Promise<Picture> {
  // Migrations first, all at one moment: what ends meanwhile may count twice, as on its way and as arrived, but never not at all.
  const states = runs.all().map(({ state }) => state);
  const [hosts, paused, labels] = await Promise.all([
    allHosts(store),
    store.queue.paused(),
    store.guests.labelsByHost(),
  ]);
  const { preparing, moving, bytesPerSec, streamBytesPerSec } = cluster;
  const fleet: FleetSnapshot = {
    cluster: { paused: paused !== undefined, limits: { preparing, moving }, bytesPerSec, streamBytesPerSec },
    hosts: hosts.map((host) => fleetHostOf(host, agents, labels.get(host.id) ?? [])),
    running: states.filter(isRunning).map((state) => runningMoveOf(state, now)),
    queued: states.filter(isQueued).map((state) => queuedMoveOf(state, factsTextOf(state, agents))),
  };
  return { fleet, paused, hosts: new Map(hosts.map((host) => [host.id, host])) };
}

/** Something waits or runs: then the planner looks again after a while, whatever wakes it. */
export function hasWork(runs: Pick<Runs, "all">): boolean {
  return runs.all().some(({ state }) => !isEnded(state));
}

function isQueued(state: Migration): state is Queued {
  return state.phase === "queued";
}

function fleetHostOf(host: HostRecord, agents: ConnectedAgents, keepsApart: string[]): FleetHost {
  const { slots } = factsOf(host);
  return {
    id: host.id,
    name: host.name,
    connected: agents.has(host.id),
    paused: host.paused !== undefined,
    cordoned: host.cordoned !== undefined,
    slots: { ...slots, preparing: slots.preparing ?? preparingAtOnce },
    link: budgetOf(host),
    freeBytes: freeBytesOf(host, agents),
    keepsApart,
    facts: agents.get(host.id)?.hello.instance,
  };
}

/** S8: whatever else an attempt rests on, wherever it goes. Its downtime limit is compared for itself. */
function factsTextOf({ facts, limits }: Queued, agents: ConnectedAgents): string {
  const session = agents.get(facts.source.id)?.hello.instance ?? "";
  return JSON.stringify([facts.policy, { ...limits, downtimeLimitMs: undefined }, session]);
}
