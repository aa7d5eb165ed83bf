import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, objectFromJsonColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { type Policy, Prisma } from "./generated/client.ts";
import type { Policies, PolicyRecord } from "./store.ts";
import { breaks } from "./unique.ts";

export function policiesOf({ pool, prisma }: Database): Policies {
  return {
    // Of several processes that start at once, those that come second wait for the rows, then find nothing that differs.
    async ensureBuiltIn(policies) {
      if (policies.length === 0) return;
      await pool.query(Prisma.sql`
        WITH new AS (
          SELECT id, name, settings, at
          FROM unnest(
            ${policies.map(({ id }) => id)}::text[],
            ${policies.map(({ name }) => name)}::text[],
            ${policies.map(({ settings }) => JSON.stringify(settings))}::text[],
            ${policies.map(({ at }) => at.toISOString())}::timestamptz[]
          ) AS new (id, name, settings, at)
        ), refreshed AS (
          UPDATE policies AS old
          SET name = new.name, settings = new.settings::json, version = old.version + 1, updated_at = new.at
          FROM new
          WHERE old.built_in
            AND (old.name = new.name
              OR old.id = new.id AND NOT EXISTS (SELECT FROM policies AS taken WHERE taken.name = new.name))
            AND (old.name, old.settings::text) <> (new.name, new.settings)
        )
        INSERT INTO policies (id, name, built_in, version, settings, created_at, updated_at)
        SELECT id, name, true, 1, settings::json, at, at FROM new ORDER BY name
        ON CONFLICT DO NOTHING`);
    },

    async create(policy, events) {
      const { id, name, builtIn, version, settings, createdAt, updatedAt } = policy;
      const { rows } = await pool.query<{ created: boolean }>(Prisma.sql`
        WITH changed AS (
          INSERT INTO policies (id, name, built_in, version, settings, created_at, updated_at)
          VALUES (${id}, ${name}, ${builtIn}, ${version}, ${JSON.stringify(settings)}::json, ${createdAt}, ${updatedAt})
          ON CONFLICT (name) DO NOTHING
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT EXISTS (SELECT FROM changed) AS created`);
      return rows[0]?.created ? "created" : "name-taken";
    },

    async update({ id, version, name, settings, at }, events) {
      const change = pool.query<ChangeRow>(Prisma.sql`
        WITH changed AS (
          UPDATE policies
          SET name = ${name}, version = version + 1, settings = ${JSON.stringify(settings)}::json, updated_at = ${at}
          WHERE id = ${id} AND version = ${version}
          RETURNING id
        ), ${eventsAfter(events)}
        ${whatBecameOf(id)}`);
      try {
        return outcomeOf((await change).rows[0], "updated");
      } catch (error) {
        // The index decides, so that of two policies that take a name at once one gets it.
        if (breaks(error, "policies_name_key")) return "name-taken";
        throw error;
      }
    },

    async remove(id, version, events) {
      const { rows } = await pool.query<ChangeRow>(Prisma.sql`
        WITH changed AS (DELETE FROM policies WHERE id = ${id} AND version = ${version} RETURNING id), ${eventsAfter(events)}
        ${whatBecameOf(id)}`);
      return outcomeOf(rows[0], "removed");
    },

    async find(nameOrId) {
      const found = await prisma.policy.findMany({ where: { OR: [{ id: nameOrId }, { name: nameOrId }] } });
      const policy = found.find(({ id }) => id === nameOrId) ?? found[0];
      return policy && record(policy);
    },

    async list(page) {
      return pageOf((await prisma.policy.findMany(pageQuery(page))).map(record), page);
    },
  };
}

/** `found` is of the moment before the change. */
interface ChangeRow {
  changed: boolean;
  found: boolean;
}

function whatBecameOf(id: string): Prisma.Sql {
  return Prisma.sql`
    SELECT EXISTS (SELECT FROM changed) AS changed, EXISTS (SELECT FROM policies WHERE id = ${id}) AS found`;
}

function outcomeOf<Changed extends string>(row: ChangeRow | undefined, changed: Changed): Changed | "stale" | "gone" {
  if (row?.changed) return changed;
  return row?.found ? "stale" : "gone";
}

function record(policy: Policy): PolicyRecord {
  return { ...policy, settings: objectFromJsonColumn(policy.settings) };
}
