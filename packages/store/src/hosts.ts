import { type Database, objectFromJsonColumn } from "./database.ts";
import { pageOf, pageQuery } from "./cursor.ts";
import type { Host } from "./generated/client.ts";
import type { HostRecord, Hosts } from "./store.ts";

export function hostsOf({ prisma }: Database): Hosts {
  return {
    // An upsert on one unique column is a single INSERT ... ON CONFLICT, so that two first hellos make one record.
    async seen({ id, name, facts, at }) {
      const host = await prisma.host.upsert({
        where: { name },
        create: { id, name, facts, lastSeenAt: at, createdAt: at },
        update: { facts, lastSeenAt: at },
      });
      return record(host);
    },

    async touch(ids, at) {
      await prisma.host.updateMany({ where: { id: { in: ids } }, data: { lastSeenAt: at } });
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

function record(host: Host): HostRecord {
  return { ...host, facts: objectFromJsonColumn(host.facts) };
}
