import { type Database, objectFromJsonColumn, toTextColumn } from "./database.ts";
import { pageOf, pageQuery } from "./cursor.ts";
import { eventsAfter } from "./events.ts";
import { type Host, Prisma } from "./generated/client.ts";
import type { HostRecord, Hosts } from "./store.ts";

const unfenced = { fencedAt: null, fencedBy: null, fencedReason: null, fencedAcceptOlderCopy: null };

export function hostsOf({ pool, prisma }: Database): Hosts {
  return {
    // An upsert on one unique column is a single INSERT ... ON CONFLICT, so that two first hellos make one record.
    async seen({ id, name, facts, at }) {
      const host = await prisma.host.upsert({
        where: { name },
        create: { id, name, facts, lastSeenAt: at, createdAt: at },
        update: { facts, lastSeenAt: at, ...unfenced },
      });
      return record(host);
    },

    async touch(ids, at) {
      await prisma.host.updateMany({ where: { id: { in: ids } }, data: { lastSeenAt: at } });
    },

    async fence({ id, at, by, reason, acceptOlderCopy }, events) {
      await pool.query(Prisma.sql`
        WITH changed AS (
          UPDATE hosts
          SET fenced_at = ${at}, fenced_by = ${toTextColumn(by)}, fenced_reason = ${toTextColumn(reason)},
            fenced_accept_older_copy = ${acceptOlderCopy}
          WHERE id = ${id}
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT FROM changed`);
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
  const known = { ...host, facts: objectFromJsonColumn(host.facts) };
  if (fencedAt === null) return known;
  const [by, reason] = [fencedBy ?? "", fencedReason ?? ""];
  return { ...known, fenced: { at: fencedAt, by, reason, acceptOlderCopy: fencedAcceptOlderCopy === true } };
}
