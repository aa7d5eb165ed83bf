import { pageOf, pageQuery } from "./cursor.ts";
import type { Database } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { Prisma, type Webhook } from "./generated/client.ts";
import type { WebhookRecord, Webhooks } from "./webhook-records.ts";

export function webhooksOf({ pool, prisma }: Database): Webhooks {
  return {
    async create(webhook, most, events) {
      const { id, url, types, description, secret, version, cursor, createdAt, updatedAt } = webhook;
      const { rows } = await pool.query<{ created: boolean }>(Prisma.sql`
        WITH changed AS (
          INSERT INTO webhooks (id, url, types, description, secret, version, cursor, created_at, updated_at)
          SELECT ${id}, ${url}, ${types}::text[], ${description}, ${secret}, ${version}::int, ${cursor},
            ${createdAt}::timestamptz, ${updatedAt}::timestamptz
          WHERE (SELECT count(*) FROM webhooks) < ${most}
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT EXISTS (SELECT FROM changed) AS created`);
      return rows[0]?.created === true ? "created" : "too-many";
    },

    async update({ id, version, url, types, description, at }, events) {
      const { rows } = await pool.query<ChangeRow>(Prisma.sql`
        WITH changed AS (
          UPDATE webhooks
          SET url = ${url}, types = ${types}::text[], description = ${description}, version = version + 1, updated_at = ${at}
          WHERE id = ${id} AND version = ${version}
          RETURNING id
        ), ${eventsAfter(events)}
        ${whatBecameOf(id)}`);
      return outcomeOf(rows[0], "updated");
    },

    async rotate({ id, secret, formerUntil, at }, events) {
      const { rows } = await pool.query<{ changed: boolean }>(Prisma.sql`
        WITH changed AS (
          UPDATE webhooks
          SET former_secret = secret, former_until = ${formerUntil}, secret = ${secret}, version = version + 1,
            updated_at = ${at}
          WHERE id = ${id}
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT EXISTS (SELECT FROM changed) AS changed`);
      return rows[0]?.changed === true;
    },

    async remove(id, version, events) {
      const { rows } = await pool.query<ChangeRow>(Prisma.sql`
        WITH changed AS (
          DELETE FROM webhooks WHERE id = ${id} AND version = ${version} RETURNING id
        ), removed_deliveries AS (
          DELETE FROM webhook_deliveries WHERE webhook_id IN (SELECT id FROM changed)
        ), ${eventsAfter(events)}
        ${whatBecameOf(id)}`);
      return outcomeOf(rows[0], "removed");
    },

    async find(id) {
      const webhook = await prisma.webhook.findUnique({ where: { id } });
      return webhook ? record(webhook) : undefined;
    },

    async list(page) {
      return pageOf((await prisma.webhook.findMany(pageQuery(page))).map(record), page);
    },

    async all() {
      return (await prisma.webhook.findMany({ orderBy: [{ createdAt: "asc" }, { id: "asc" }] })).map(record);
    },
  };
}

interface ChangeRow {
  changed: boolean;
  known: boolean;
}

/** The rest of the statement sees the table as it was before. */
function whatBecameOf(id: string): Prisma.Sql {
  return Prisma.sql`
    SELECT EXISTS (SELECT FROM changed) AS changed, EXISTS (SELECT FROM webhooks WHERE id = ${id}) AS known`;
}

function outcomeOf<Done extends string>(row: ChangeRow | undefined, done: Done): Done | "stale" | "gone" {
  if (row?.changed === true) return done;
  return row?.known === true ? "stale" : "gone";
}

function record({ formerSecret, formerUntil, ...webhook }: Webhook): WebhookRecord {
  return {
    ...webhook,
    ...(formerSecret !== null && formerUntil !== null && { former: { secret: formerSecret, until: formerUntil } }),
  };
}
