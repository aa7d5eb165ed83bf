import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, objectFromJsonColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { type Drain, Prisma } from "./generated/client.ts";
import type { Change } from "./lease.ts";
import type { DrainRecord, Drains } from "./store.ts";
import { breaks } from "./unique.ts";

export function drainsOf({ prisma }: Database, change: Change): Drains {
  return {
    async create({ id, hostId, phase, version, state, createdAt, endedAt }, events) {
      const created = await change(Prisma.sql`
        changed AS (
          INSERT INTO drains (id, host_id, phase, version, state, created_at, ended_at)
          SELECT ${id}, ${hostId}, ${phase}, ${version}::int, ${JSON.stringify(state)}::json, ${createdAt}::timestamptz,
            ${endedAt ?? null}::timestamptz
          WHERE EXISTS (SELECT FROM leased)
          ON CONFLICT (host_id) WHERE ended_at IS NULL DO NOTHING
          RETURNING id
        ), ${eventsAfter(events)}`);
      return created ? "created" : "under-way";
    },

    async commit({ id, version, phase, state, endedAt, events }) {
      try {
        const committed = await change(Prisma.sql`
          changed AS (
            UPDATE drains
            SET phase = ${phase}, version = version + 1, state = ${JSON.stringify(state)}::json, ended_at = ${endedAt ?? null}
            WHERE id = ${id} AND version = ${version} AND EXISTS (SELECT FROM leased)
            RETURNING id
          ), ${eventsAfter(events)}`);
        return committed ? "committed" : "stale";
      } catch (error) {
        if (breaks(error, "drains_active_host_key")) return "under-way";
        throw error;
      }
    },

    async find(id) {
      const drain = await prisma.drain.findUnique({ where: { id } });
      return drain ? record(drain) : undefined;
    },

    async list(page, { hostId } = {}) {
      const query = pageQuery(page);
      const where = { AND: [query.where, hostId === undefined ? {} : { hostId }] };
      return pageOf((await prisma.drain.findMany({ ...query, where })).map(record), page);
    },

    async active() {
      const orderBy = [{ createdAt: "asc" as const }, { id: "asc" as const }];
      return (await prisma.drain.findMany({ where: { endedAt: null }, orderBy })).map(record);
    },
  };
}

function record({ endedAt, ...drain }: Drain): DrainRecord {
  return { ...drain, state: objectFromJsonColumn(drain.state), ...(endedAt && { endedAt }) };
}
