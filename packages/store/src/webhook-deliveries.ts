import type { Pool } from "pg";
import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, toTextColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { Prisma, type WebhookDelivery } from "./generated/client.ts";
import { removeInParts } from "./pruning.ts";
import type { Deliveries, DeliveryRecord, NewDelivery } from "./webhook-records.ts";

const prunedAtOnce = 1_000;

export function deliveriesOf({ pool, prisma }: Database): Deliveries {
  return {
    async advance({ webhookIds, from, to, deliveries }) {
      await pool.query(Prisma.sql`
        WITH changed AS (
          UPDATE webhooks SET cursor = ${to} WHERE id = ANY(${webhookIds}::text[]) AND cursor = ${from} RETURNING id
        )
        ${inserting(deliveries)}`);
    },

    async add(delivery) {
      const { rowCount } = await pool.query(Prisma.sql`
        WITH changed AS (SELECT id FROM webhooks WHERE id = ${delivery.webhookId} FOR UPDATE)
        ${inserting([delivery])}`);
      return rowCount === 1;
    },

    async countPending() {
      const { rows } = await pool.query<{ webhook_id: string; count: number }>(Prisma.sql`
        SELECT webhook_id, count(*)::int AS count FROM webhook_deliveries WHERE ended_at IS NULL GROUP BY webhook_id`);
      return new Map(rows.map((row) => [row.webhook_id, row.count]));
    },

    async due({ now, except, limit }) {
      const { rows } = await pool.query<{ id: string }>(Prisma.sql`
        SELECT id FROM (
          SELECT DISTINCT ON (webhook_id) id, next_attempt_at FROM webhook_deliveries
          WHERE ended_at IS NULL AND next_attempt_at <= ${now} AND ${isOf(except)}
          ORDER BY webhook_id, position
        ) AS oldest
        ORDER BY next_attempt_at LIMIT ${limit}`);
      const found = await prisma.webhookDelivery.findMany({ where: { id: { in: rows.map(({ id }) => id) } } });
      return rows.flatMap(({ id }) => found.filter((each) => each.id === id).map(record));
    },

    async nextDueAt(except) {
      const { rows } = await pool.query<{ at: Date | null }>(Prisma.sql`
        SELECT min(next_attempt_at) AS at FROM webhook_deliveries
        WHERE ended_at IS NULL AND ${isOf(except)}`);
      return rows[0]?.at ?? undefined;
    },

    async attempted({ id, attempts, firstAttemptAt, at, status, failure, next }, events) {
      const [nextAttemptAt, endedAt] = next.state === "pending" ? [next.nextAttemptAt, null] : [null, next.endedAt];
      await pool.query(Prisma.sql`
        WITH changed AS (
          UPDATE webhook_deliveries
          SET state = ${next.state}::delivery_state, attempts = ${attempts}::int, first_attempt_at = ${firstAttemptAt},
            last_attempt_at = ${at}, last_status = ${status ?? null}, last_failure = ${failure ?? null},
            next_attempt_at = ${nextAttemptAt}, ended_at = ${endedAt}
          WHERE id = ${id} AND ended_at IS NULL AND attempts = ${attempts}::int - 1
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT FROM changed`);
    },

    async resend(webhookId, id, at) {
      const again = { state: "pending" as const, attempts: 0, firstAttemptAt: null, nextAttemptAt: at, endedAt: null };
      const { count } = await prisma.webhookDelivery.updateMany({ where: { id, webhookId }, data: again });
      if (count === 0) return undefined;
      const found = await prisma.webhookDelivery.findUnique({ where: { id } });
      return found ? record(found) : undefined;
    },

    async list(page, { webhookId, state }) {
      const query = pageQuery(page);
      const where = { AND: [query.where, { webhookId, ...(state !== undefined && { state }) }] };
      return pageOf((await prisma.webhookDelivery.findMany({ ...query, where })).map(record), page);
    },

    async prune({ before, keep }) {
      return (
        (await removeInParts(() => removeOlder(pool, before))) + (await removeInParts(() => removeSurplus(pool, keep)))
      );
    },
  };
}

/** One that was made at the very moment at which its webhook was removed is nobody's; it is pruned. */
function isOf(except: string[]): Prisma.Sql {
  return Prisma.sql`webhook_id <> ALL(${except}::text[]) AND webhook_id IN (SELECT id FROM webhooks)`;
}

/** The rest of a statement whose part `changed` names the webhooks that get theirs. */
function inserting(deliveries: NewDelivery[]): Prisma.Sql {
  return Prisma.sql`
    INSERT INTO webhook_deliveries (id, webhook_id, type, body, state, attempts, created_at, next_attempt_at)
    SELECT id, webhook_id, type, body, 'pending'::delivery_state, 0, created_at, created_at
    FROM unnest(
      ${deliveries.map(({ id }) => id)}::text[],
      ${deliveries.map(({ webhookId }) => webhookId)}::text[],
      ${deliveries.map(({ type }) => type)}::text[],
      ${deliveries.map(({ body }) => toTextColumn(body))}::text[],
      ${deliveries.map(({ createdAt }) => createdAt.toISOString())}::timestamptz[]
    ) WITH ORDINALITY AS new (id, webhook_id, type, body, created_at, place)
    WHERE webhook_id IN (SELECT id FROM changed)
    ORDER BY place`;
}

function record(row: WebhookDelivery): DeliveryRecord {
  const { firstAttemptAt, nextAttemptAt, lastAttemptAt, lastStatus, lastFailure, endedAt } = row;
  const { id, webhookId, type, body, state, attempts, createdAt } = row;
  return {
    id,
    webhookId,
    type,
    body,
    state,
    attempts,
    createdAt,
    ...(firstAttemptAt && { firstAttemptAt }),
    ...(nextAttemptAt && { nextAttemptAt }),
    ...(lastAttemptAt && {
      lastAttempt: {
        at: lastAttemptAt,
        ...(lastStatus !== null && { status: lastStatus }),
        ...(lastFailure !== null && { failure: lastFailure }),
      },
    }),
    ...(endedAt && { endedAt }),
  };
}

async function removeOlder(pool: Pool, before: Date): Promise<number> {
  const { rowCount } = await pool.query(Prisma.sql`
    DELETE FROM webhook_deliveries WHERE id IN (
      SELECT id FROM webhook_deliveries
      WHERE ended_at < ${before} OR webhook_id NOT IN (SELECT id FROM webhooks)
      LIMIT ${prunedAtOnce}
    )`);
  return rowCount ?? 0;
}

async function removeSurplus(pool: Pool, keep: number): Promise<number> {
  const { rowCount } = await pool.query(Prisma.sql`
    DELETE FROM webhook_deliveries WHERE id IN (
      SELECT id FROM webhook_deliveries WHERE ended_at IS NOT NULL
      ORDER BY ended_at DESC, id DESC OFFSET ${keep} LIMIT ${prunedAtOnce}
    )`);
  return rowCount ?? 0;
}
