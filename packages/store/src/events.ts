/**
 * The feed of events, ordered by (xid, id): the transaction that wrote an event, then its order inside it. Readers see only
 * what lies below the oldest transaction still running. No event can appear there any more, so a cursor that was handed out
 * has everything before it.
 */
import type { Client, Pool } from "pg";
import { type FeedPlace, feedCursor, parseFeedCursor } from "./cursor.ts";
import { type Database, toTextColumn } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { EventRecord, Events, JsonObject, NewEvent } from "./store.ts";

const origin: FeedPlace = { xid: 0n, id: 0n };
/** Under this id `event_horizons` keeps the newest place pruned from the feed as a whole. */
const wholeFeed = "";
const pruneBatch = 10_000;

export function eventsOf({ pool }: Database): Events {
  return {
    async add(events) {
      if (events.length === 0) return;
      await pool.query(Prisma.sql`INSERT INTO events ${newEvents(events, Prisma.empty)}`);
    },

    async after({ cursor, migrationId, limit }) {
      const place = cursor === undefined ? undefined : parseFeedCursor(cursor);
      const rows = await readFeed(pool, place ?? origin, migrationId, limit);
      return {
        events: rows.flatMap((row) => (row.id === null ? [] : [record(row)])),
        expired: place !== undefined && rows[0]?.expired === true,
      };
    },

    async latest() {
      const { rows } = await pool.query<PlaceRow>(Prisma.sql`
        SELECT xid::text, id::text FROM (
          (SELECT xid, id FROM events WHERE xid < ${settled} ORDER BY xid DESC, id DESC LIMIT 1)
          UNION ALL
          SELECT xid, event_id FROM event_horizons WHERE migration_id = ${wholeFeed}
        ) AS place
        ORDER BY place.xid DESC, place.id DESC LIMIT 1`);
      return feedCursor(rows[0] ? placeOf(rows[0]) : origin);
    },

    async prune({ before, keep }) {
      let total = 0;
      for (let removed = pruneBatch; removed === pruneBatch; total += removed) {
        removed = await pruneOnce(pool, before, keep);
      }
      return total;
    },
  };
}

/**
 * The part of a statement that writes events if the part named `changed` returned a row, so that a change and its events
 * are one transaction.
 */
export function eventsAfter(events: NewEvent[]): Prisma.Sql {
  return Prisma.sql`logged AS (INSERT INTO events ${newEvents(events, Prisma.sql`WHERE EXISTS (SELECT FROM changed)`)})`;
}

/**
 * A dump keeps the numbers of the transactions of the server that it came from, and a new server begins to count anew: its
 * events would hide behind those of the old one. Where such numbers are found, all events go to the front, in their order.
 */
export async function adoptRestoredEvents(client: Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(
    "SELECT EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) AS found",
  );
  if (rows[0]?.found) await client.query("UPDATE events SET xid = '3'; UPDATE event_horizons SET xid = '3'");
}

/** Everything below was written by a transaction that has ended. */
const settled = Prisma.sql`pg_snapshot_xmin(pg_current_snapshot())`;

/** What follows `INSERT INTO events`. Sentences may quote what an agent sent. */
function newEvents(events: NewEvent[], condition: Prisma.Sql): Prisma.Sql {
  const column = <Value>(of: (event: NewEvent) => Value): Value[] => events.map(of);
  return Prisma.sql`(type, at, migration_id, guest_id, host_id, sentence, data)
    SELECT type, at, migration_id, guest_id, host_id, sentence, data::json
    FROM unnest(
      ${column((event) => event.type)}::text[],
      ${column((event) => event.at.toISOString())}::timestamptz[],
      ${column((event) => event.migrationId ?? null)}::text[],
      ${column((event) => event.guestId ?? null)}::text[],
      ${column((event) => event.hostId ?? null)}::text[],
      ${column((event) => toTextColumn(event.sentence))}::text[],
      ${column((event) => JSON.stringify(event.data))}::text[]
    ) WITH ORDINALITY AS new (type, at, migration_id, guest_id, host_id, sentence, data, position)
    ${condition}
    ORDER BY position`;
}

/** The numbers of a place have 64 bits: they come as text. */
interface PlaceRow {
  xid: string;
  id: string;
}

/** A row of the feed; where there is none, one row of nothing but `expired`. */
type FeedRow = { expired: boolean } & (
  | { id: null }
  | (PlaceRow & {
      type: string;
      at: Date;
      migration_id: string | null;
      guest_id: string | null;
      host_id: string | null;
      sentence: string;
      data: JsonObject;
    })
);

/**
 * Events and horizon come from one snapshot. A place that is not settled yet was handed out by another server, before its
 * data was restored into this one: what came after it is not known here, so it is expired too.
 */
async function readFeed(
  pool: Pool,
  { xid, id }: FeedPlace,
  migrationId: string | undefined,
  limit: number,
): Promise<FeedRow[]> {
  const place = Prisma.sql`(${xid.toString()}::xid8, ${id}::bigint)`;
  const ofMigration = migrationId === undefined ? Prisma.empty : Prisma.sql`AND migration_id = ${migrationId}`;
  const { rows } = await pool.query<FeedRow>(Prisma.sql`
    SELECT feed.expired, event.*
    FROM (
      SELECT ${xid.toString()}::xid8 >= ${settled} OR EXISTS (
        SELECT FROM event_horizons
        WHERE migration_id = ${migrationId ?? wholeFeed} AND (xid, event_id) > ${place}
      ) AS expired
    ) AS feed
    LEFT JOIN LATERAL (
      SELECT id::text, xid::text, type, at, migration_id, guest_id, host_id, sentence, data
      FROM events
      WHERE (events.xid, events.id) > ${place} AND events.xid < ${settled} ${ofMigration}
      ORDER BY events.xid, events.id
      LIMIT ${limit}
    ) AS event ON true`);
  return rows;
}

function record(row: Extract<FeedRow, { type: string }>): EventRecord {
  return {
    cursor: feedCursor(placeOf(row)),
    type: row.type,
    at: row.at,
    ...(row.migration_id !== null && { migrationId: row.migration_id }),
    ...(row.guest_id !== null && { guestId: row.guest_id }),
    ...(row.host_id !== null && { hostId: row.host_id }),
    sentence: row.sentence,
    data: row.data,
  };
}

function placeOf({ xid, id }: PlaceRow): FeedPlace {
  return { xid: BigInt(xid), id: BigInt(id) };
}

/** Removes the oldest of what is to go and moves the horizons past it, in one statement; returns how many went. */
async function pruneOnce(pool: Pool, before: Date, keep: number): Promise<number> {
  const { rows } = await pool.query<{ removed: number }>(Prisma.sql`
    WITH surplus AS (
      SELECT xid, id FROM events WHERE xid < ${settled} ORDER BY xid DESC, id DESC OFFSET ${keep} LIMIT 1
    ), doomed AS (
      SELECT id FROM events
      WHERE xid < ${settled} AND (at < ${before} OR (xid, id) <= (SELECT xid, id FROM surplus))
      ORDER BY xid, id LIMIT ${pruneBatch}
      FOR UPDATE SKIP LOCKED
    ), removed AS (
      DELETE FROM events WHERE id IN (SELECT id FROM doomed) RETURNING xid, id, migration_id
    ), places AS (
      SELECT migration_id, xid, id FROM removed WHERE migration_id IS NOT NULL
      UNION ALL
      SELECT ${wholeFeed}::text, xid, id FROM removed
    ), horizons AS (
      INSERT INTO event_horizons AS old (migration_id, xid, event_id)
      SELECT DISTINCT ON (migration_id) migration_id, xid, id FROM places ORDER BY migration_id, xid DESC, id DESC
      ON CONFLICT (migration_id) DO UPDATE SET xid = excluded.xid, event_id = excluded.event_id
      WHERE (excluded.xid, excluded.event_id) > (old.xid, old.event_id)
    )
    SELECT count(*)::int AS removed FROM removed`);
  return rows[0]?.removed ?? 0;
}
