import { outstanding } from "../src/migration/outstanding.ts";
import { isEnded } from "../src/migration/state.ts";
import type { Parties, World } from "./explore.ts";
import { switchover } from "./facts.ts";
import { destinationHears, finish, guestId, newDestination, newSource, ownedEpoch, sourceHears } from "./hosts.ts";

/** The moment at which the orchestrator has decided to switch over, and says so. */
export function atTheSwitchover(): World {
  const epoch = ownedEpoch + 1;
  const migration = switchover("freezing");
  const source = finish(sourceHears(newSource(), { type: "prepareSource", epoch })).host;
  const destination = finish(destinationHears(newDestination, { type: "prepareDestination", epoch, peers: [] })).host;
  return { migration, source, destination, bag: outstanding(migration) };
}

/** It has ended, nothing is owed, and one host runs the guest: the one that the migration names, at the epoch of its journal. */
export function isSettled({ migration: ended, source: from, destination: to }: Parties): boolean {
  if (!isEnded(ended) || ended.owes.length > 0) return false;
  const part = (ended.owner.role === "source" ? from : to).parts.get(guestId)?.part;
  const oneRuns = (from.devices === "running") !== (to.devices === "running");
  return oneRuns && part?.as === "owner" && part.epoch === ended.owner.epoch;
}

/** What must never be, where it is; undefined where all is as it may be. */
export function broken({ migration, source, destination }: Parties): string | undefined {
  if (source.devices === "running" && destination.devices === "running") return "both run the guest";
  if (source.devices === "gone" && destination.devices !== "running") return "the source has destroyed the only copy";
  if (destination.handover?.at === "dropped" && source.devices !== "running")
    return "the destination has dropped the only copy";
  if (source.handover.at === "released" && destination.handover?.at === "reserved")
    return "the source has given away what the destination has not loaded";
  if (!isEnded(migration)) return undefined;
  const owner = migration.owner.role === "source" ? source : destination;
  return owner.devices === "running" ? undefined : "it has ended, and the owner does not run the guest";
}

/** In few words, for a counterexample. */
export function inWords({ migration: { phase, ...rest }, source, destination, bag }: World): unknown {
  const stage = "stage" in rest ? rest.stage : phase;
  return {
    stage,
    source: [source.handover.at, source.devices],
    destination: [destination.handover?.at, destination.devices],
    bag,
  };
}
