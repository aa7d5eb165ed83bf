import type { Migration } from "../migration/state.ts";
import { type Counter, openLedger } from "./ledger.ts";
import type { FleetSnapshot, RunningMove } from "./snapshot.ts";

/** What is taken of everything that is counted, for people. */
export interface InUse {
  cluster: { preparing: Count; moving: Count };
  hosts: { id: string; name: string; preparing: Count; outgoing: Count; incoming: Count }[];
}

export interface Count {
  used: number;
  of: number;
}

/** As the planner counts: one in preparation has its slot on the link already. */
export function slotsInUse(snapshot: FleetSnapshot): InUse {
  const { cluster, preparing, endpoints } = openLedger(snapshot);
  return {
    cluster: { preparing: countOf(preparing), moving: countOf(cluster) },
    hosts: [...endpoints.values()].map((each) => ({
      id: each.host.id,
      name: each.host.name,
      preparing: countOf(each.preparing),
      outgoing: countOf(each.out),
      incoming: countOf(each.in),
    })),
  };
}

function countOf({ taken, limit }: Counter): Count {
  return { used: taken, of: limit };
}

/** One migration on a link. `grantedBytesPerSec` undefined: as much as there is. */
export interface Flow {
  migrationId: string;
  stage: RunningMove["stage"];
  guaranteedBytesPerSec: number;
  grantedBytesPerSec: number | undefined;
}

export interface LinkUse {
  budgetBytesPerSec: number | undefined;
  guaranteedBytesPerSec: number;
  grantedBytesPerSec: number;
  flows: Flow[];
}

/**
 * What a migration was told that it may take, in bytes a second; undefined: as much as there is. In its switchover it is what is reserved
 * for that. What was carried out counts, not what is only planned.
 */
export function grantedOf({ phase, share }: Pick<Migration, "phase" | "share">): number | undefined {
  return phase === "switchover" ? share?.reservedBytesPerSec : share?.bytesPerSec;
}

/** Who may take how much of which link. What each was granted is said by `granted`, by the migration's id. */
export function linksInUse(
  { cluster, hosts, running }: FleetSnapshot,
  granted: (migrationId: string) => number | undefined,
): { cluster: LinkUse; hosts: { id: string; name: string; outgoing: LinkUse; incoming: LinkUse }[] } {
  const use = (budgetBytesPerSec: number | undefined, moves: RunningMove[]): LinkUse => {
    const flows = moves.map(({ id, stage, guaranteedBytesPerSec }) => ({
      migrationId: id,
      stage,
      guaranteedBytesPerSec,
      grantedBytesPerSec: granted(id),
    }));
    return {
      budgetBytesPerSec,
      guaranteedBytesPerSec: flows.reduce((sum, flow) => sum + flow.guaranteedBytesPerSec, 0),
      grantedBytesPerSec: flows.reduce((sum, flow) => sum + (flow.grantedBytesPerSec ?? 0), 0),
      flows,
    };
  };
  return {
    cluster: use(cluster.bytesPerSec, running),
    hosts: hosts.map(({ id, name, link }) => ({
      id,
      name,
      outgoing: use(
        link.outBytesPerSec,
        running.filter(({ sourceId }) => sourceId === id),
      ),
      incoming: use(
        link.inBytesPerSec,
        running.filter(({ destinationId }) => destinationId === id),
      ),
    })),
  };
}
