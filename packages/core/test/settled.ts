import { outstanding } from "../src/migration/outstanding.ts";
import { isEnded } from "../src/migration/state.ts";
import type { Parties, World } from "./explore.ts";
import { switchover } from "./facts.ts";
import {
  type DestinationHost,
  destinationHears,
  finish,
  guestId,
  newDestination,
  newSource,
  ownedEpoch,
  runs,
  type SourceHost,
  sourceHears,
} from "./hosts.ts";

/** The moment at which the orchestrator has decided to switch over, and says so. */
export function atTheSwitchover(): World {
  const epoch = ownedEpoch + 1;
  const migration = switchover("freezing");
  const source = finish(sourceHears(newSource(), { type: "prepareSource", epoch })).host;
  const destination = finish(destinationHears(newDestination, { type: "prepareDestination", epoch, peers: [] })).host;
  const known = { epoch: ownedEpoch, lost: false };
  return { migration, known, source, destination, bag: outstanding(migration) };
}

/**
 * It has ended, nothing is owed but to a host that is dead, and one host runs the guest: the one that the migration names, at the epoch
 * of its journal. Or that host has died since, or the guest is lost.
 */
export function isSettled({ migration: ended, source, destination }: Parties): boolean {
  if (!isEnded(ended)) return false;
  const hosts = { source, destination };
  if (ended.owes.some((role) => hosts[role].alive) || (runs(source) && runs(destination))) return false;
  const owner = hosts[ended.owner.role];
  if (ended.phase === "lost" || !owner.alive) return true;
  const part = owner.parts.get(guestId)?.part;
  return runs(owner) && part?.as === "owner" && part.epoch === ended.owner.epoch;
}

/** What must never be, where it is; undefined where all is as it may be. */
export function broken({ migration, source, destination }: Parties): string | undefined {
  if (runs(source) && runs(destination)) return "both run the guest";
  if (source.devices === "gone" && !owns(destination)) return "the source has destroyed the only copy";
  if (destination.droppedWhole && (!owns(source) || source.devices === "spent"))
    return "the destination has dropped the only copy";
  if (source.handover.at === "released" && destination.handover?.at === "reserved")
    return "the source has given away what the destination has not loaded";
  if (runs(destination) && destination.handover?.whole !== true) return "the destination runs what it has not loaded";
  const accepted = "fenced" in migration ? migration.fenced : undefined;
  if (runs(destination) && source.ranOn && accepted?.source?.acceptOlderCopy !== true)
    return "the destination runs an older copy, and nobody has accepted that";
  if (runs(source) && destination.ran && accepted?.destination?.acceptOlderCopy !== true)
    return "the source runs an older copy, and nobody has accepted that";
  if (!isEnded(migration) || migration.phase === "lost") return undefined;
  const owner = migration.owner.role === "source" ? source : destination;
  return runs(owner) || owner.devices === "held" || !owner.alive
    ? undefined
    : "it has ended, and the owner does not run the guest";
}

function owns({ parts }: SourceHost | DestinationHost): boolean {
  return parts.get(guestId)?.part.as === "owner";
}

/** In few words, for a counterexample. */
export function inWords({ migration: { phase, ...rest }, source, destination, bag }: World): unknown {
  const stage = "stage" in rest ? rest.stage : phase;
  return {
    stage,
    source: [source.handover.at, source.devices, ...(source.alive ? [] : ["dead"])],
    destination: [destination.handover?.at, destination.devices, ...(destination.alive ? [] : ["dead"])],
    bag,
  };
}
