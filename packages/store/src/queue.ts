import type { Database } from "./database.ts";
import { toTextColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { Prisma } from "./generated/client.ts";
import type { Change } from "./lease.ts";
import type { NewEvent } from "./store.ts";

/** Since when nothing starts, at whose word and why. */
export interface QueuePause {
  at: Date;
  by: string;
  reason?: string | undefined;
}

export interface Queue {
  paused(): Promise<QueuePause | undefined>;
  /** False where it is paused already: nothing changes and nothing is told then. */
  pause(pause: QueuePause, events: NewEvent[]): Promise<boolean>;
  /** False where it is not paused. */
  resume(events: NewEvent[]): Promise<boolean>;
}

/** There is one queue. */
const name = "cluster";

export function queueOf({ prisma }: Database, change: Change): Queue {
  return {
    async paused() {
      const found = await prisma.queuePause.findUnique({ where: { name } });
      if (found === null) return undefined;
      return { at: found.at, by: found.by, ...(found.reason !== null && { reason: found.reason }) };
    },

    async pause({ at, by, reason }, events) {
      return await change(Prisma.sql`
        changed AS (
          INSERT INTO queue_pauses (name, at, by, reason)
          SELECT ${name}, ${at}::timestamptz, ${toTextColumn(by)}, ${reason === undefined ? null : toTextColumn(reason)}
          WHERE EXISTS (SELECT FROM leased)
          ON CONFLICT (name) DO NOTHING
          RETURNING name AS id
        ), ${eventsAfter(events)}`);
    },

    async resume(events) {
      return await change(Prisma.sql`
        changed AS (
          DELETE FROM queue_pauses WHERE name = ${name} AND EXISTS (SELECT FROM leased) RETURNING name AS id
        ), ${eventsAfter(events)}`);
    },
  };
}
