import type { Pool } from "pg";
import { type Database, toTextColumn } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import { removeInParts } from "./pruning.ts";
import type { Accuracy, AccuracyFilter, OutcomeDevice, OutcomeRecord, Outcomes } from "./store.ts";

const pruneBatch = 10_000;

export function outcomesOf({ pool, prisma }: Database): Outcomes {
  return {
    async ofPair(sourceId, destinationId, limit) {
      const { rows } = await pool.query<OutcomeRow>(Prisma.sql`
        SELECT migration_id, source_id, destination_id, at, predicted_ms, low_ms, high_ms, actual_ms, limit_ms,
          bandwidth_bytes_per_sec, handover_ms, ${devicesOfOutcome} AS devices
        FROM outcomes
        WHERE source_id = ${sourceId} AND destination_id = ${destinationId}
        ORDER BY at DESC, migration_id DESC
        LIMIT ${limit}`);
      return rows.map(record);
    },

    async ofBackEnd(kind, version, limit) {
      return prisma.outcomeDevice.findMany({
        where: { kind: toTextColumn(kind), version: toTextColumn(version) },
        orderBy: [{ at: "desc" }, { migrationId: "desc" }, { position: "asc" }],
        take: limit,
        select: { declaredMs: true, actualMs: true, at: true },
      });
    },

    // A relative error of an actual time of zero says nothing: it is left out of the quantiles.
    async accuracy(filter = {}) {
      const { rows } = await pool.query<AccuracyRow>(Prisma.sql`
        SELECT count(*)::int AS count,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY error) AS error_p50,
          percentile_cont(0.9) WITHIN GROUP (ORDER BY error) AS error_p90,
          avg(actual_ms - predicted_ms) AS bias_ms,
          avg((actual_ms BETWEEN low_ms AND high_ms)::int)::float8 AS within_band,
          avg((actual_ms <= limit_ms)::int)::float8 AS within_limit
        FROM (
          SELECT *, abs(predicted_ms - actual_ms) / nullif(actual_ms, 0) AS error
          FROM outcomes
          WHERE predicted_ms IS NOT NULL ${conditions(filter)}
        ) AS predicted`);
      return rows[0] ? accuracyOf(rows[0]) : { count: 0 };
    },

    async prune(before) {
      return removeInParts(() => pruneOnce(pool, before));
    },
  };
}

/**
 * The parts of a statement that keep what a migration has shown if the part named `changed` returned a row. A migration has
 * one outcome: where it is kept already, nothing changes.
 */
export function outcomeAfter(outcome: OutcomeRecord): Prisma.Sql {
  const { migrationId, sourceId, destinationId, predictedMs, lowMs, highMs, actualMs, limitMs, devices } = outcome;
  const at = outcome.at.toISOString();
  return Prisma.sql`
    shown AS (
      INSERT INTO outcomes (migration_id, source_id, destination_id, at, predicted_ms, low_ms, high_ms, actual_ms, limit_ms,
        bandwidth_bytes_per_sec, handover_ms)
      SELECT ${migrationId}, ${sourceId}, ${destinationId}, ${at}::timestamptz, ${predictedMs ?? null}::float8,
        ${lowMs ?? null}::float8, ${highMs ?? null}::float8, ${actualMs}::float8, ${limitMs}::float8,
        ${outcome.bandwidthBytesPerSec ?? null}::float8, ${outcome.handoverMs ?? null}::float8
      WHERE EXISTS (SELECT FROM changed)
      ON CONFLICT DO NOTHING
      RETURNING migration_id
    ), shown_devices AS (
      INSERT INTO outcome_devices (migration_id, position, name, kind, version, at, declared_ms, actual_ms)
      SELECT shown.migration_id, position, name, kind, version, ${at}::timestamptz, declared_ms, actual_ms
      FROM shown, unnest(
        ${devices.map(({ name }) => toTextColumn(name))}::text[],
        ${devices.map(({ kind }) => toTextColumn(kind))}::text[],
        ${devices.map(({ version }) => toTextColumn(version))}::text[],
        ${devices.map(({ declaredMs }) => declaredMs)}::float8[],
        ${devices.map((device) => device.actualMs)}::float8[]
      ) WITH ORDINALITY AS new (name, kind, version, declared_ms, actual_ms, position)
    )`;
}

interface OutcomeRow {
  migration_id: string;
  source_id: string;
  destination_id: string;
  at: Date;
  predicted_ms: number | null;
  low_ms: number | null;
  high_ms: number | null;
  actual_ms: number;
  limit_ms: number;
  bandwidth_bytes_per_sec: number | null;
  handover_ms: number | null;
  devices: OutcomeDevice[] | null;
}

/** In the order in which they were given; nothing where there are none. */
const devicesOfOutcome = Prisma.sql`(
  SELECT json_agg(json_build_object('name', name, 'kind', kind, 'version', version,
    'declaredMs', declared_ms, 'actualMs', outcome_devices.actual_ms) ORDER BY position)
  FROM outcome_devices
  WHERE outcome_devices.migration_id = outcomes.migration_id
)`;

function record(row: OutcomeRow): OutcomeRecord {
  return {
    migrationId: row.migration_id,
    sourceId: row.source_id,
    destinationId: row.destination_id,
    at: row.at,
    predictedMs: row.predicted_ms ?? undefined,
    lowMs: row.low_ms ?? undefined,
    highMs: row.high_ms ?? undefined,
    actualMs: row.actual_ms,
    limitMs: row.limit_ms,
    bandwidthBytesPerSec: row.bandwidth_bytes_per_sec ?? undefined,
    handoverMs: row.handover_ms ?? undefined,
    devices: row.devices ?? [],
  };
}

interface AccuracyRow {
  count: number;
  error_p50: number | null;
  error_p90: number | null;
  bias_ms: number | null;
  within_band: number | null;
  within_limit: number | null;
}

function accuracyOf(row: AccuracyRow): Accuracy {
  return {
    count: row.count,
    errorP50: row.error_p50 ?? undefined,
    errorP90: row.error_p90 ?? undefined,
    biasMs: row.bias_ms ?? undefined,
    withinBand: row.within_band ?? undefined,
    withinLimit: row.within_limit ?? undefined,
  };
}

function conditions({ since, sourceId, destinationId, kind }: AccuracyFilter): Prisma.Sql {
  const ofKind = (kind: string): Prisma.Sql => Prisma.sql`AND EXISTS (
    SELECT FROM outcome_devices
    WHERE outcome_devices.migration_id = outcomes.migration_id AND kind = ${toTextColumn(kind)}
  )`;
  return Prisma.sql`
    ${since === undefined ? Prisma.empty : Prisma.sql`AND at >= ${since}`}
    ${sourceId === undefined ? Prisma.empty : Prisma.sql`AND source_id = ${sourceId}`}
    ${destinationId === undefined ? Prisma.empty : Prisma.sql`AND destination_id = ${destinationId}`}
    ${kind === undefined ? Prisma.empty : ofKind(kind)}`;
}

/** Outcomes and their devices go together, in one statement; returns how many outcomes went. */
async function pruneOnce(pool: Pool, before: Date): Promise<number> {
  const { rows } = await pool.query<{ removed: number }>(Prisma.sql`
    WITH doomed AS (
      SELECT migration_id FROM outcomes WHERE at < ${before} ORDER BY at LIMIT ${pruneBatch} FOR UPDATE SKIP LOCKED
    ), removed AS (
      DELETE FROM outcomes WHERE migration_id IN (SELECT migration_id FROM doomed) RETURNING migration_id
    ), removed_devices AS (
      DELETE FROM outcome_devices WHERE migration_id IN (SELECT migration_id FROM doomed)
    )
    SELECT count(*)::int AS removed FROM removed`);
  return rows[0]?.removed ?? 0;
}
