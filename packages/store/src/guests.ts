import { pageOf, pageQuery } from "./cursor.ts";
import { type Database, fromJsonColumn, objectFromJsonColumn } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { type Guest, Prisma } from "./generated/client.ts";
import { labelsOf } from "./guest-labels.ts";
import type { Change, ChangeNamed } from "./lease.ts";
import type { GuestRecord, Guests, Placement, SaveCommit } from "./store.ts";

export function guestsOf(database: Database, change: Change, changeNamed: ChangeNamed): Guests {
  const { prisma } = database;
  return {
    ...labelsOf(database, change),

    async create(guest, events) {
      const created = await change(Prisma.sql`
        changed AS (
          INSERT INTO guests (id, name, host_id, epoch, state, definitions, devices, created_at, keep_apart)
          SELECT ${guest.id}, ${guest.name}, ${guest.hostId}, ${guest.epoch}::int, ${guest.state}::guest_state,
            ${JSON.stringify(guest.definitions)}::json, ${JSON.stringify(guest.devices)}::json,
            ${guest.createdAt}::timestamptz, ${guest.keepApart ?? null}::text
          WHERE EXISTS (SELECT FROM leased)
          ON CONFLICT (name) DO NOTHING
          RETURNING id
        ), ${eventsAfter(events)}`);
      return created ? "created" : "name-taken";
    },

    async remove(id, events) {
      await change(Prisma.sql`
        changed AS (
          DELETE FROM guests WHERE id = ${id} AND EXISTS (SELECT FROM leased) RETURNING id
        ), ${eventsAfter(events)}`);
    },

    async place(placement) {
      return await change(Prisma.sql`changed AS (${placing(placement)} AND EXISTS (SELECT FROM leased) RETURNING id)`);
    },

    // A migration that begins in the same moment finds its guest lost and its host away.
    async loseAllOn(hostId, { type, at, says }) {
      return await changeNamed(Prisma.sql`
        changed AS (
          UPDATE guests SET state = 'lost'
          WHERE host_id = ${hostId} AND state NOT IN ('lost', 'saved') AND EXISTS (SELECT FROM leased)
            AND NOT EXISTS (SELECT FROM migrations WHERE guest_id = guests.id AND ended_at IS NULL)
          RETURNING id, name
        ), logged AS (
          INSERT INTO events (type, at, guest_id, host_id, sentence, data)
          SELECT ${type}, ${at}, id, ${hostId}, name || ' ' || ${says}, json_build_object('name', name) FROM changed
        )`);
    },

    async commitSave({ guestId, save, seen, placement }, events) {
      const stands =
        seen === undefined
          ? Prisma.empty
          : Prisma.sql`AND epoch = ${seen.epoch} AND state = ${seen.state}::guest_state
              AND NOT EXISTS (SELECT FROM migrations WHERE guest_id = ${guestId} AND ended_at IS NULL)`;
      return await change(Prisma.sql`
        changed AS (
          UPDATE guests SET save = ${save === undefined ? null : JSON.stringify(save)}::json ${placedBy(placement)}
          WHERE id = ${guestId} AND EXISTS (SELECT FROM leased) ${stands}
          RETURNING id
        ), ${eventsAfter(events)}`);
    },

    async withSave() {
      const found = await prisma.guest.findMany({ where: { save: { not: Prisma.AnyNull } }, orderBy: { id: "asc" } });
      return found.map(record);
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

    countByHost: async () => await countByHost(prisma),
  };
}

async function countByHost(prisma: Database["prisma"]): Promise<Map<string, number>> {
  const counts = await prisma.guest.groupBy({ by: ["hostId"], _count: true });
  return new Map(counts.map(({ hostId, _count }) => [hostId, _count]));
}

/** The statement that takes news of who owns a guest, unless a higher epoch is known; it can be narrowed by `AND`. */
export function placing({ guestId, hostId, epoch, state, devices }: Placement): Prisma.Sql {
  const known = devices === undefined ? null : JSON.stringify(devices);
  return Prisma.sql`
    UPDATE guests
    SET host_id = ${hostId}, epoch = ${epoch}, state = ${state}::guest_state, devices = COALESCE(${known}::json, devices)
    WHERE id = ${guestId} AND epoch <= ${epoch}`;
}

/** The same within another update of the guest's row. */
function placedBy(placement: SaveCommit["placement"]): Prisma.Sql {
  if (placement === undefined) return Prisma.empty;
  const { hostId, epoch, state, devices } = placement;
  const known = devices === undefined ? null : JSON.stringify(devices);
  const unlessPassed = (column: Prisma.Sql, value: Prisma.Sql) =>
    Prisma.sql`${column} = CASE WHEN epoch <= ${epoch} THEN ${value} ELSE ${column} END`;
  return Prisma.sql`,
    ${unlessPassed(Prisma.sql`host_id`, Prisma.sql`${hostId}::text`)},
    ${unlessPassed(Prisma.sql`epoch`, Prisma.sql`${epoch}::int`)},
    ${unlessPassed(Prisma.sql`state`, Prisma.sql`${state}::guest_state`)},
    ${unlessPassed(Prisma.sql`devices`, Prisma.sql`COALESCE(${known}::json, devices)`)}`;
}

function record({ save, keepApart, ...guest }: Guest): GuestRecord {
  return {
    ...guest,
    ...(keepApart !== null && { keepApart }),
    ...(save !== null && { save: objectFromJsonColumn(save) }),
    definitions: fromJsonColumn(guest.definitions),
    devices: fromJsonColumn(guest.devices),
  };
}
