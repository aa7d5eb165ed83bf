import type { Database } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { Prisma } from "./generated/client.ts";
import type { Change } from "./lease.ts";
import type { Guests } from "./store.ts";

/** The labels by which guests are kept on different hosts. */
export function labelsOf(
  { prisma }: Pick<Database, "prisma">,
  change: Change,
): Pick<Guests, "keepApart" | "labelsByHost"> {
  return {
    async keepApart(id, label, events) {
      await change(Prisma.sql`
        changed AS (
          UPDATE guests SET keep_apart = ${label ?? null}::text WHERE id = ${id} AND EXISTS (SELECT FROM leased)
          RETURNING id
        ), ${eventsAfter(events)}`);
    },

    async labelsByHost() {
      const found = await prisma.guest.findMany({
        where: { keepApart: { not: null } },
        select: { hostId: true, keepApart: true },
      });
      const labels = new Map<string, string[]>();
      for (const { hostId, keepApart } of found)
        if (keepApart !== null) labels.set(hostId, [...(labels.get(hostId) ?? []), keepApart]);
      return labels;
    },
  };
}
