import type { Named } from "../migration/state.ts";
import { type Reason, reason } from "../reason.ts";
import { type Assignment, type Assignments, assign, destinationsOf } from "./assign.ts";
import type { DrainEffect, DrainStep } from "./events.ts";
import { noticesOf } from "./notices.ts";
import { inOrder } from "./order.ts";
import type { DrainHost, DrainPicture } from "./picture.ts";
import { reconciled } from "./reconcile.ts";
import { type Drain, type DrainGuest, isOpen, standing } from "./state.ts";
import { warningOf } from "./time-left.ts";

/** So many more are asked for than can leave at once, so that the planner has its choice and no slot waits for this drain. */
const ahead = 2;

/**
 * What a drain does, seeing what there is: level-triggered, an event only wakes it. It takes in what has become of its migrations, gives
 * each guest a place, and asks for as many migrations as are worth asking for. Each new migration gets an id of `newId`.
 */
export function look(drain: Drain, picture: DrainPicture, now: number, newId: () => string): DrainStep {
  if (drain.end !== undefined) return { drain, effects: [], notices: [] };
  const host = picture.hosts.find(({ id }) => id === drain.facts.host.id);
  const seen: Drain = { ...drain, guests: reconciled(drain, picture, now) };
  if (seen.aborting !== undefined) return told(drain, callOff(seen, picture, now));
  if (isOver(seen)) return told(drain, ended(seen, host, now));
  if (isLate(seen, now)) return told(drain, expire(seen, picture, now));
  const assigned = assign(seen, seen.guests.filter(isToAssign), picture, now);
  const placed = place(seen, assigned, picture, now);
  const effects: DrainEffect[] = [
    ...(seen.leg === "out" && host?.cordoned === false ? [{ type: "cordon" as const }] : []),
    ...assigned.surveys.map((survey) => ({ type: "survey" as const, ...survey })),
    ...askAgain(placed, picture),
  ];
  const away = withdraw(placed, picture);
  const started = start(away.drain, assigned, { host, now, newId });
  const after = { ...started.drain, warning: warningOf(started.drain, picture, now) };
  return told(drain, { drain: after, effects: [...effects, ...away.effects, ...started.effects] });
}

type Done = Omit<DrainStep, "notices">;

function told(before: Drain, { drain, effects }: Done): DrainStep {
  return { drain, effects, notices: noticesOf(before, drain) };
}

function isToAssign({ stands }: DrainGuest): boolean {
  return stands.at === "queued" || stands.at === "blocked";
}

function isOver({ guests }: Drain): boolean {
  return !guests.some(isOpen);
}

function isLate({ facts, leg }: Drain, now: number): boolean {
  return leg === "out" && facts.deadlineAt !== undefined && now >= facts.deadlineAt;
}

function ended(drain: Drain, host: DrainHost | undefined, now: number): Done {
  if (drain.leg === "back" && host?.cordonedByIt === true) return uncordoned(drain);
  const { name } = drain.facts.host;
  const stay = drain.guests.filter(({ stands }) => stands.at === "skipped").length;
  const but = stay === 0 ? "" : `, but for ${stay} that it went on without`;
  if (drain.leg === "back") {
    const because = reason("RETURNED", `The guests of ${name} are back${but}.`, { skipped: stay });
    return { drain: { ...drain, end: { as: "returned", at: now, because } }, effects: [] };
  }
  const because = reason("EMPTY", `${name} has no guest any more${but}.`, { skipped: stay });
  return { drain: { ...drain, warning: undefined, end: { as: "completed", at: now, because } }, effects: [] };
}

/** It ends once its cordon is seen to be gone: one that has ended looks no more, and would leave behind what was not carried out. */
function uncordoned(drain: Drain): Done {
  return { drain, effects: [{ type: "uncordon" }] };
}

/** After the deadline nothing is begun; what has begun ends by its own limits. */
function expire(drain: Drain, picture: DrainPicture, now: number): Done {
  const { drain: withdrawn, effects } = cancelWhere(
    drain,
    picture,
    ({ stage }, { skip }) => stage === "queued" || skip !== undefined,
  );
  if (withdrawn.guests.some(({ stands }) => stands.at === "moving")) {
    return { drain: withdrawn, effects: [...askAgain(withdrawn, picture), ...effects] };
  }
  const left = withdrawn.guests.filter(isOpen);
  const names = left.map(({ guest }) => guest.name).join(", ");
  const because = reason("DEADLINE_PASSED", `Its deadline has passed, and these have not gone: ${names}.`, {
    left: left.length,
  });
  return { drain: { ...withdrawn, end: { as: "failed", at: now, because } }, effects };
}

/** Whatever cannot be called off any more is waited for. */
function callOff(drain: Drain, picture: DrainPicture, now: number): Done {
  const { drain: off, effects } = cancelWhere(drain, picture, () => true);
  if (off.aborting === undefined || off.guests.some(({ stands }) => stands.at === "moving" && isOwn(stands)))
    return { drain: off, effects: [...askAgain(off, picture), ...effects] };
  const host = picture.hosts.find(({ id }) => id === drain.facts.host.id);
  if (host?.cordonedByIt === true) return uncordoned(off);
  const end = { as: "aborted" as const, at: now, because: off.aborting };
  return { drain: { ...off, aborting: undefined, warning: undefined, end }, effects: [] };
}

function isOwn(stands: DrainGuest["stands"]): boolean {
  return stands.at === "moving" && stands.conditions !== undefined;
}

type Migration = DrainPicture["migrations"][number];
type Moving = DrainGuest["stands"] & { at: "moving" };

/** This drain's migrations that are such are called off; of one that was never made nothing is left to call off. */
function cancelWhere(
  drain: Drain,
  picture: DrainPicture,
  isSuch: (migration: Migration, stands: Moving) => boolean,
): Done {
  const effects: DrainEffect[] = [];
  const guests = drain.guests.map((guest) => {
    const { stands } = guest;
    if (stands.at !== "moving" || !isOwn(stands)) return guest;
    const migration = picture.migrations.find(({ id }) => id === stands.migrationId);
    if (migration === undefined || !isSuch(migration, stands)) return guest;
    effects.push({ type: "cancel", migrationId: migration.id });
    return { ...guest, stands: { ...stands, calledOff: true } };
  });
  return { drain: { ...drain, guests }, effects };
}

/** Where each one that is still to go stands by its assignment. Once each has been looked at, moving may begin. */
function place(drain: Drain, { byGuest }: Assignments, picture: DrainPicture, now: number): Drain {
  const guests = drain.guests.map((guest) => {
    const assignment = byGuest.get(guest.guest.id);
    return assignment === undefined ? guest : placed(guest, assignment, now);
  });
  const looked = drain.looked || [...byGuest.values()].every(({ kind }) => kind !== "unlooked");
  return { ...drain, looked, guests: inOrder({ ...drain, guests }, picture) };
}

function placed(guest: DrainGuest, assignment: Assignment, now: number): DrainGuest {
  switch (assignment.kind) {
    case "blocked": {
      const { because, remedy, obstacles } = assignment;
      return standing(guest, { at: "blocked", because, remedy, obstacles }, now);
    }
    case "unlooked":
      return standing(guest, { at: "queued", destination: assignment.destination, waitsFor: unlooked }, now);
    case "waits": {
      const { destination, foreseen = guest.foreseen, waitsFor } = assignment;
      return { ...standing(guest, { at: "queued", destination, waitsFor }, now), foreseen };
    }
    case "goes": {
      const { destination, foreseen } = assignment;
      return { ...standing(guest, { at: "queued", destination }, now), foreseen };
    }
  }
}

const unlooked = reason("LOOKED_AT", "It waits until it is known whether it can go there.");

/**
 * What was stored and not carried out, since the process ended in between, is carried out now: also where it is to be called off, since
 * nobody knows that it was never begun.
 */
function askAgain({ guests, facts, leg }: Drain, { migrations }: DrainPicture): DrainEffect[] {
  return guests.flatMap(({ guest, stands }): DrainEffect[] => {
    if (stands.at !== "moving" || !isOwn(stands) || migrations.some(({ id }) => id === stands.migrationId)) return [];
    return [beginning(guest, stands, leg === "out" ? facts.deadlineAt : undefined)];
  });
}

function beginning(
  { id: guestId }: Named,
  { migrationId, destination }: { migrationId: string; destination: Named },
  deadlineAt: number | undefined,
): DrainEffect {
  return { type: "begin", migrationId, guestId, destinationId: destination.id, deadlineAt };
}

/**
 * What is skipped on its way is called off. While it is paused nothing of it waits in the planner's queue; nor does what waits for a host
 * that takes nothing any more.
 */
function withdraw(drain: Drain, picture: DrainPicture): Done {
  const open = new Set(destinationsOf(drain, picture.hosts).map(({ id }) => id));
  return cancelWhere(
    drain,
    picture,
    ({ stage, destination }, { skip }) =>
      skip !== undefined || (stage === "queued" && (drain.paused || !open.has(destination.id))),
  );
}

interface Circumstances {
  host: DrainHost | undefined;
  now: number;
  newId: () => string;
}

/** As many as can leave at once, and a few ahead. */
function start(drain: Drain, { byGuest }: Assignments, { host, now, newId }: Circumstances): Done {
  const hold = holdOf(drain, host);
  if (hold !== undefined) return { drain: waiting(drain, byGuest, hold, now), effects: [] };
  const effects: DrainEffect[] = [];
  const slots = drain.leg === "out" ? host?.outgoingSlots : host?.incomingSlots;
  let room = (slots ?? 1) + ahead - drain.guests.filter(({ stands }) => stands.at === "moving").length;
  const guests = drain.guests.map((guest) => {
    const assignment = byGuest.get(guest.guest.id);
    if (assignment?.kind !== "goes") return guest;
    if (room <= 0) return behind(guest, assignment, now);
    room -= 1;
    const { destination, conditions } = assignment;
    const stands = { at: "moving" as const, migrationId: newId(), destination, conditions };
    effects.push(beginning(guest.guest, stands, drain.leg === "out" ? drain.facts.deadlineAt : undefined));
    return standing(guest, stands, now);
  });
  return { drain: { ...drain, guests }, effects };
}

function behind(guest: DrainGuest, { destination }: { destination: Named }, now: number): DrainGuest {
  const waitsFor = reason("TURN", "It waits for its turn: others of the drain go before it.");
  return standing(guest, { at: "queued", destination, waitsFor }, now);
}

/** Why nothing of the drain starts now. */
function holdOf({ paused, looked, facts }: Drain, host: DrainHost | undefined): Reason | undefined {
  const { name } = facts.host;
  if (paused) return reason("DRAIN_PAUSED", "It waits for the drain, which is paused.");
  if (host?.connected !== true)
    return reason("HOST_OFFLINE", `It waits for the agent of ${name} to connect.`, { host: name });
  if (host.paused) return reason("HOST_PAUSED", `It waits for ${name}, which is paused.`, { host: name });
  if (!looked) return reason("LOOKED_AT", "It waits until every guest of the drain has been looked at.");
  return undefined;
}

function waiting(drain: Drain, byGuest: Assignments["byGuest"], waitsFor: Reason, now: number): Drain {
  const guests = drain.guests.map((guest) => {
    const assignment = byGuest.get(guest.guest.id);
    if (assignment?.kind !== "goes") return guest;
    return standing(guest, { at: "queued", destination: assignment.destination, waitsFor }, now);
  });
  return { ...drain, guests };
}
