import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, fromJsonColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { type Guest, Prisma } from "./generated/client.ts";
import type { GuestRecord, Guests, Placement } from "./store.ts";

export function guestsOf({ pool, prisma }: Database): Guests {
  return {
    async create(guest, events) {
      const { rows } = await pool.query<{ created: boolean }>(Prisma.sql`
        WITH changed AS (
          INSERT INTO guests (id, name, host_id, epoch, state, definitions, devices, created_at)
          VALUES (${guest.id}, ${guest.name}, ${guest.hostId}, ${guest.epoch}, ${guest.state}::guest_state,
            ${JSON.stringify(guest.definitions)}::json, ${JSON.stringify(guest.devices)}::json, ${guest.createdAt})
          ON CONFLICT (name) DO NOTHING
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT EXISTS (SELECT FROM changed) AS created`);
      return rows[0]?.created ? "created" : "name-taken";
    },

    async remove(id, events) {
      await pool.query(Prisma.sql`
        WITH changed AS (DELETE FROM guests WHERE id = ${id} RETURNING id), ${eventsAfter(events)}
        SELECT FROM changed`);
    },

    async place(placement) {
      const { rowCount } = await pool.query(placing(placement));
      return rowCount === 1;
    },

    // A migration that begins in the same moment finds its guest lost and its host away.
    async loseAllOn(hostId, { type, at, says }) {
      const { rows } = await pool.query<{ name: string }>(Prisma.sql`
        WITH changed AS (
          UPDATE guests SET state = 'lost'
          WHERE host_id = ${hostId} AND state <> 'lost'
            AND NOT EXISTS (SELECT FROM migrations WHERE guest_id = guests.id AND ended_at IS NULL)
          RETURNING id, name
        ), logged AS (
          INSERT INTO events (type, at, guest_id, host_id, sentence, data)
          SELECT ${type}, ${at}, id, ${hostId}, name || ' ' || ${says}, json_build_object('name', name) FROM changed
        )
        SELECT name FROM changed ORDER BY name`);
      return rows.map(({ name }) => name);
    },

    async find(nameOrId) {
      const found = await prisma.guest.findMany({ where: { OR: [{ id: nameOrId }, { name: nameOrId }] } });
      const guest = found.find(({ id }) => id === nameOrId) ?? found[0];
      return guest && record(guest);
    },

    async list(page, filter = {}) {
      const query = pageQuery(page);
      const where = filter.hostId === undefined ? query.where : { ...query.where, hostId: filter.hostId };
      return pageOf((await prisma.guest.findMany({ ...query, where })).map(record), page);
    },

    async countByHost() {
      const counts = await prisma.guest.groupBy({ by: ["hostId"], _count: true });
      return new Map(counts.map(({ hostId, _count }) => [hostId, _count]));
    },
  };
}

/** The statement that takes news of who owns a guest, unless a higher epoch is known; it can be narrowed by `AND`. */
export function placing({ guestId, hostId, epoch, state, devices }: Placement): Prisma.Sql {
  const known = devices === undefined ? null : JSON.stringify(devices);
  return Prisma.sql`
    UPDATE guests
    SET host_id = ${hostId}, epoch = ${epoch}, state = ${state}::guest_state, devices = COALESCE(${known}::json, devices)
    WHERE id = ${guestId} AND epoch <= ${epoch}`;
}

function record(guest: Guest): GuestRecord {
  return {
    ...guest,
    definitions: fromJsonColumn(guest.definitions),
    devices: fromJsonColumn(guest.devices),
  };
}
