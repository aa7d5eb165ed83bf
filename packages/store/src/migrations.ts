import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, objectFromJsonColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { type Migration, Prisma } from "./generated/client.ts";
import { placing } from "./guests.ts";
import type { Change } from "./lease.ts";
import { outcomeAfter } from "./outcomes.ts";
import type { MigrationFilter, MigrationRecord, Migrations, Placement } from "./store.ts";

export function migrationsOf({ pool, prisma }: Database, change: Change): Migrations {
  return {
    async create(migration, events) {
      const { id, guestId, sourceId, destinationId, phase, version, state, createdAt, endedAt } = migration;
      const created = await change(Prisma.sql`
        changed AS (
          INSERT INTO migrations
            (id, guest_id, source_id, destination_id, phase, version, state, created_at, ended_at)
          SELECT ${id}, ${guestId}, ${sourceId}, ${destinationId}, ${phase}, ${version}::int,
            ${JSON.stringify(state)}::json, ${createdAt}::timestamptz, ${endedAt ?? null}::timestamptz
          WHERE EXISTS (SELECT FROM leased)
            AND NOT EXISTS (
              SELECT FROM guests WHERE id = ${guestId} AND save->>'at' IN ('saving', 'saved', 'restoring')
            )
          ON CONFLICT (guest_id) WHERE ended_at IS NULL DO NOTHING
          RETURNING id
        ), ${eventsAfter(events)}`);
      return created ? "created" : "guest-busy";
    },

    // One statement is one transaction: a second commit from the same version waits for the row, then finds the version
    // moved on and changes nothing.
    async commit({ id, version, phase, destinationId, state, endedAt, placement, outcome, events }) {
      const committed = await change(Prisma.sql`
        changed AS (
          UPDATE migrations
          SET phase = ${phase}, destination_id = COALESCE(${destinationId ?? null}::text, destination_id), version = version + 1, state = ${JSON.stringify(state)}::json, ended_at = ${endedAt ?? null}
          WHERE id = ${id} AND version = ${version} AND EXISTS (SELECT FROM leased)
          RETURNING id
        ), ${placement ? placedAfter(placement) : Prisma.empty}
        ${outcome ? Prisma.sql`${outcomeAfter(outcome)},` : Prisma.empty} ${eventsAfter(events)}`);
      return committed ? "committed" : "stale";
    },

    async find(id) {
      const migration = await prisma.migration.findUnique({ where: { id } });
      return migration ? record(migration) : undefined;
    },

    async list(page, filter = {}) {
      const query = pageQuery(page);
      const where = { AND: [query.where, conditions(filter)] };
      return pageOf((await prisma.migration.findMany({ ...query, where })).map(record), page);
    },

    async active() {
      const found = await prisma.migration.findMany({
        where: { endedAt: null },
        orderBy: [{ createdAt: "asc" }, { id: "asc" }],
      });
      return found.map(record);
    },

    countByPhase: async (endedSince) => await countByPhase(pool, endedSince),

    // A migration has one sample at an instant: the same batch sent twice changes nothing.
    async addSamples(samples) {
      if (samples.length === 0) return;
      await pool.query(Prisma.sql`
        INSERT INTO samples (migration_id, at, body)
        SELECT migration_id, at, body::json
        FROM unnest(
          ${samples.map(({ migrationId }) => migrationId)}::text[],
          ${samples.map(({ at }) => at.toISOString())}::timestamptz[],
          ${samples.map(({ body }) => JSON.stringify(body))}::text[]
        ) AS new (migration_id, at, body)
        ON CONFLICT DO NOTHING`);
    },

    async samples(migrationId, { after, limit }) {
      const found = await prisma.sample.findMany({
        where: { migrationId, ...(after && { at: { gt: after } }) },
        orderBy: { at: "asc" },
        take: limit,
      });
      return found.map((sample) => ({ ...sample, body: objectFromJsonColumn(sample.body) }));
    },
  };
}

async function countByPhase(pool: Database["pool"], endedSince: Date): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ phase: string; count: number }>(Prisma.sql`
    SELECT phase, count(*)::int AS count FROM migrations
    WHERE ended_at IS NULL OR ended_at >= ${endedSince} GROUP BY phase`);
  return new Map(rows.map(({ phase, count }) => [phase, count]));
}

function placedAfter(placement: Placement): Prisma.Sql {
  return Prisma.sql`placed AS (${placing(placement)} AND EXISTS (SELECT FROM changed)),`;
}

function conditions({ guestId, hostId, phases }: MigrationFilter): Prisma.MigrationWhereInput {
  return {
    ...(guestId !== undefined && { guestId }),
    ...(hostId !== undefined && { OR: [{ sourceId: hostId }, { destinationId: hostId }] }),
    ...(phases && { phase: { in: phases } }),
  };
}

function record({ endedAt, ...migration }: Migration): MigrationRecord {
  return { ...migration, state: objectFromJsonColumn(migration.state), ...(endedAt && { endedAt }) };
}
