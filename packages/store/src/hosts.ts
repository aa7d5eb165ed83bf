import { type Database, objectFromJsonColumn, toTextColumn } from "./database.ts";
import { pageOf, pageQuery } from "./cursor.ts";
import { eventsAfter } from "./events.ts";
import { type Host, Prisma } from "./generated/client.ts";
import type { Change } from "./lease.ts";
import type { HostMark, HostRecord, Hosts, JsonObject } from "./store.ts";

export function hostsOf({ prisma }: Database, change: Change): Hosts {
  return {
    // A single INSERT ... ON CONFLICT, so that two first hellos make one record.
    async seen({ id, name, facts, at }) {
      await change(Prisma.sql`
        changed AS (
          INSERT INTO hosts (id, name, facts, last_seen_at, created_at)
          SELECT ${id}, ${name}, ${JSON.stringify(facts)}::json, ${at}::timestamptz, ${at}::timestamptz
          WHERE EXISTS (SELECT FROM leased)
          ON CONFLICT (name) DO UPDATE SET facts = excluded.facts, last_seen_at = excluded.last_seen_at,
            fenced_at = NULL, fenced_by = NULL, fenced_reason = NULL, fenced_accept_older_copy = NULL
          RETURNING id
        )`);
      return record(await prisma.host.findUniqueOrThrow({ where: { name } }));
    },

    async touch(ids, at) {
      await change(Prisma.sql`
        changed AS (
          UPDATE hosts SET last_seen_at = ${at}
          WHERE id = ANY(${ids}::text[]) AND EXISTS (SELECT FROM leased)
          RETURNING id
        )`);
    },

    async fence({ id, at, by, reason, acceptOlderCopy }, events) {
      await change(Prisma.sql`
        changed AS (
          UPDATE hosts
          SET fenced_at = ${at}, fenced_by = ${toTextColumn(by)}, fenced_reason = ${toTextColumn(reason)},
            fenced_accept_older_copy = ${acceptOlderCopy}
          WHERE id = ${id} AND EXISTS (SELECT FROM leased)
          RETURNING id
        ), ${eventsAfter(events)}`);
    },

    async set(id, settings, events) {
      const set = (column: string, value: object | null | undefined) =>
        value === undefined
          ? []
          : [Prisma.sql`${Prisma.raw(column)} = ${value === null ? null : JSON.stringify(value)}::json`];
      const changes = [
        ...set("cordoned", settings.cordoned),
        ...set("paused", settings.paused),
        ...set("link_budget", settings.linkBudget),
      ];
      if (changes.length === 0) return;
      await change(Prisma.sql`
        changed AS (
          UPDATE hosts SET ${Prisma.join(changes)} WHERE id = ${id} AND EXISTS (SELECT FROM leased) RETURNING id
        ), ${eventsAfter(events)}`);
    },

    async find(nameOrId) {
      const found = await prisma.host.findMany({ where: { OR: [{ id: nameOrId }, { name: nameOrId }] } });
      const host = found.find(({ id }) => id === nameOrId) ?? found[0];
      return host && record(host);
    },

    async list(page) {
      return pageOf((await prisma.host.findMany(pageQuery(page))).map(record), page);
    },
  };
}

function record({ fencedAt, fencedBy, fencedReason, fencedAcceptOlderCopy, ...host }: Host): HostRecord {
  const { cordoned, paused, linkBudget, ...known } = host;
  return {
    ...known,
    facts: objectFromJsonColumn(host.facts),
    ...(fencedAt !== null && {
      fenced: {
        at: fencedAt,
        by: fencedBy ?? "",
        reason: fencedReason ?? "",
        acceptOlderCopy: fencedAcceptOlderCopy === true,
      },
    }),
    ...(cordoned !== null && { cordoned: markIn(objectFromJsonColumn(cordoned)) }),
    ...(paused !== null && { paused: markIn(objectFromJsonColumn(paused)) }),
    ...(linkBudget !== null && { linkBudget: objectFromJsonColumn(linkBudget) }),
  };
}

/** As `set` has written it. */
function markIn(mark: JsonObject): HostMark {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { at, ...told } = mark as unknown as Omit<HostMark, "at"> & { at: string };
  return { ...told, at: new Date(at) };
}
