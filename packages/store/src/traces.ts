import type { Pool } from "pg";
import { type Database, toTextColumn } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { removeInParts } from "./pruning.ts";
import type { Traces } from "./store.ts";

/** Some ten thousand chunks. */
const tracesPrunedAtOnce = 100;

export function tracesOf({ pool, prisma }: Database): Traces {
  return {
    async append(chunks) {
      if (chunks.length === 0) return;
      await pool.query(Prisma.sql`
        INSERT INTO trace_chunks (migration_id, sequence, at, text)
        SELECT migration_id, sequence, at, text
        FROM unnest(
          ${chunks.map(({ migrationId }) => migrationId)}::text[],
          ${chunks.map(({ sequence }) => sequence)}::int[],
          ${chunks.map(({ at }) => at.toISOString())}::timestamptz[],
          ${chunks.map(({ text }) => toTextColumn(text))}::text[]
        ) AS new (migration_id, sequence, at, text)
        ON CONFLICT DO NOTHING`);
    },

    async read(migrationId, { from, limit }) {
      return prisma.traceChunk.findMany({
        where: { migrationId, sequence: { gte: from } },
        orderBy: { sequence: "asc" },
        take: limit,
      });
    },

    async next(migrationId) {
      const newest = await prisma.traceChunk.findFirst({
        where: { migrationId },
        orderBy: { sequence: "desc" },
        select: { sequence: true },
      });
      return newest ? newest.sequence + 1 : 0;
    },

    async prune(before) {
      return removeInParts(() => pruneOnce(pool, before));
    },
  };
}

/** Whole traces go, so that none is left with a gap; returns how many chunks went. */
async function pruneOnce(pool: Pool, before: Date): Promise<number> {
  const { rows } = await pool.query<{ removed: number }>(Prisma.sql`
    WITH doomed AS (
      SELECT DISTINCT migration_id FROM trace_chunks AS old
      WHERE at < ${before} AND NOT EXISTS (
        SELECT FROM trace_chunks AS newer WHERE newer.migration_id = old.migration_id AND newer.at >= ${before}
      )
      LIMIT ${tracesPrunedAtOnce}
    ), removed AS (
      DELETE FROM trace_chunks WHERE migration_id IN (SELECT migration_id FROM doomed) RETURNING migration_id
    )
    SELECT count(*)::int AS removed FROM removed`);
  return rows[0]?.removed ?? 0;
}
