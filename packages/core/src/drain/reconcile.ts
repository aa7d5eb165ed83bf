import type { DrainedGuest, DrainMigration, DrainPicture } from "./picture.ts";
import { type Drain, type DrainGuest, isOpen, standing, type DrainStanding } from "./state.ts";

type Moving = DrainStanding & { at: "moving" };

/** Each guest as it stands by what has come of its migration and where it is by now. One that there is not any more is forgotten. */
export function reconciled(drain: Drain, picture: DrainPicture, now: number): DrainGuest[] {
  const places = new Map(picture.guests.map((guest) => [guest.id, guest]));
  const known = drain.guests.flatMap((guest) => {
    const place = places.get(guest.guest.id);
    return place === undefined ? [] : (reconcile(guest, place, drain, picture, now) ?? []);
  });
  return drain.leg === "back" ? known : [...known, ...newcomers(drain, picture, now)];
}

/** What appears on the host while it is drained belongs to the drain. */
function newcomers(drain: Drain, { guests }: DrainPicture, now: number): DrainGuest[] {
  const listed = new Set(drain.guests.map(({ guest }) => guest.id));
  return guests
    .filter((guest) => isToLeave(guest, drain) && !listed.has(guest.id))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, name }) => ({ guest: { id, name }, since: now, attempts: [], stands: { at: "queued" } }));
}

function isToLeave(guest: DrainedGuest, { facts }: Drain): boolean {
  return guest.hostId === facts.host.id && !isGone(guest);
}

/** One that is in a folder, or lost with its host, has nothing that could move. */
function isGone({ state }: DrainedGuest): boolean {
  return state === "saved" || state === "lost";
}

function reconcile(
  guest: DrainGuest,
  place: DrainedGuest,
  drain: Drain,
  picture: DrainPicture,
  now: number,
): DrainGuest | undefined {
  const { stands } = guest;
  const settled = stands.at === "moving" ? afterMigration(guest, stands, picture, now) : guest;
  if (settled.stands.at === "moving") return settled;
  if (isGone(place) && isOpen(settled)) return undefined;
  if (isThere(place, drain)) return arrived(settled, place, picture, now);
  if (settled.stands.at === "moved") return standing(settled, { at: "queued" }, now);
  const other = picture.migrations.find(({ guestId, stage }) => guestId === place.id && isUnderWay(stage));
  if (other === undefined || !isOpen(settled)) return settled;
  return standing(settled, { at: "moving", migrationId: other.id, destination: other.destination }, now);
}

function isUnderWay(stage: DrainMigration["stage"]): boolean {
  return stage === "queued" || stage === "underWay";
}

/** Out of the host, or back on it. */
function isThere({ hostId }: DrainedGuest, { facts, leg }: Drain): boolean {
  return leg === "out" ? hostId !== facts.host.id : hostId === facts.host.id;
}

/** However it got there. */
function arrived(guest: DrainGuest, { hostId }: DrainedGuest, { hosts }: DrainPicture, now: number): DrainGuest {
  if (guest.stands.at === "moved") return guest;
  const to = { id: hostId, name: hosts.find(({ id }) => id === hostId)?.name ?? hostId };
  return standing(guest, { at: "moved", to, own: false }, now);
}

/** One of this drain's that is not known yet is still to be asked for. */
function afterMigration(guest: DrainGuest, stands: Moving, { migrations }: DrainPicture, now: number): DrainGuest {
  const { migrationId, conditions } = stands;
  const migration = migrations.find(({ id }) => id === migrationId);
  if (migration === undefined) return conditions === undefined ? standing(guest, { at: "queued" }, now) : guest;
  if (isUnderWay(migration.stage)) return guest;
  const { destination: to, downtimeMs, code, sentence, endedAt = now } = migration;
  const own = conditions !== undefined;
  if (migration.stage === "completed") return standing(guest, { at: "moved", to, migrationId, downtimeMs, own }, now);
  if (stands.skip !== undefined) return standing(guest, { at: "skipped", because: stands.skip }, now);
  const queued = standing(guest, { at: "queued" }, now);
  if (conditions === undefined || stands.calledOff === true) return queued;
  return { ...queued, attempts: [...queued.attempts, { ...conditions, endedAt, code, sentence }] };
}
