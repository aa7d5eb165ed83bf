import { reason } from "../reason.ts";
import type { DrainEffect, DrainEvent, DrainStep } from "./events.ts";
import { noticesOf } from "./notices.ts";
import { type Drain, type DrainGuest, isOpen, standing } from "./state.ts";

/** Why something cannot be asked of a drain; the codes are those of the API's problems. */
export interface DrainRejection {
  code: "drain-ended" | "drain-under-way" | "not-in-drain" | "nothing-to-bring-back";
  detail: string;
}

/** What somebody asks of a drain is taken into its state; `look` sees to the rest. What it is already it stays. */
export function stepDrain(drain: Drain, event: DrainEvent, now: number): DrainStep | DrainRejection {
  const rejection = rejectionOf(drain, event);
  if (rejection !== undefined) return rejection;
  const { next, effects = [] } = taken(drain, event, now);
  return { drain: next, effects, notices: noticesOf(drain, next) };
}

function rejectionOf(drain: Drain, event: DrainEvent): DrainRejection | undefined {
  const { name } = drain.facts.host;
  if (event.type === "refused") return undefined;
  if (event.type !== "bringBack") {
    if (drain.end !== undefined)
      return { code: "drain-ended", detail: `The drain of ${name} has ended: ${drain.end.as}.` };
    if (event.type !== "skip" || drain.guests.some(({ guest }) => guest.id === event.guestId)) return undefined;
    return { code: "not-in-drain", detail: `It is not one of the guests that the drain of ${name} has.` };
  }
  if (drain.end === undefined) {
    return { code: "drain-under-way", detail: `The drain of ${name} has not ended. Abort it first.` };
  }
  if (drain.guests.some(isToReturn)) return undefined;
  return { code: "nothing-to-bring-back", detail: `The drain of ${name} has moved no guest.` };
}

interface Taken {
  next: Drain;
  effects?: DrainEffect[];
}

function taken(drain: Drain, event: DrainEvent, now: number): Taken {
  switch (event.type) {
    case "pause":
      return { next: { ...drain, paused: true } };
    case "resume":
      return { next: { ...drain, paused: false } };
    case "abort":
      return { next: { ...drain, aborting: drain.aborting ?? abortedBy(drain, event.by) } };
    case "skip":
      return skip(drain, event, now);
    case "bringBack":
      return { next: returning(drain, now) };
    case "refused":
      return { next: { ...drain, guests: drain.guests.map((guest) => refused(guest, event, now)) } };
  }
}

function abortedBy({ facts }: Drain, by: string) {
  return reason("ABORTED", `${by} aborted the drain of ${facts.host.name}.`, { by });
}

/** One that is on its way is called off, and stays on its way until that is done; if it arrives all the same it counts as moved. */
function skip(drain: Drain, { guestId, by }: DrainEvent & { type: "skip" }, now: number): Taken {
  const effects: DrainEffect[] = [];
  const guests = drain.guests.map((guest) => {
    if (guest.guest.id !== guestId || !isOpen(guest)) return guest;
    const { stands } = guest;
    const because = reason("SKIPPED", `${by} had the drain go on without it.`, { by });
    if (stands.at !== "moving" || stands.conditions === undefined)
      return standing(guest, { at: "skipped", because }, now);
    effects.push({ type: "cancel", migrationId: stands.migrationId });
    return standing(guest, { ...stands, calledOff: true, skip: stands.skip ?? because }, now);
  });
  return { next: { ...drain, guests }, effects };
}

/** Those that it has moved itself; whether they are still where they went is seen when it looks. */
function returning(drain: Drain, now: number): Drain {
  const guests = drain.guests
    .filter(isToReturn)
    .map((guest) => ({ ...standing(guest, { at: "queued" as const }, now), attempts: [], foreseen: undefined }));
  return { ...drain, leg: "back", paused: false, looked: false, warning: undefined, end: undefined, guests };
}

function isToReturn({ stands }: DrainGuest): boolean {
  return stands.at === "moved" && stands.own;
}

/** A guest that somebody else moves is not this drain's failure. */
function refused(
  guest: DrainGuest,
  { migrationId, code, sentence }: DrainEvent & { type: "refused" },
  now: number,
): DrainGuest {
  const { stands } = guest;
  if (stands.at !== "moving" || stands.migrationId !== migrationId) return guest;
  if (stands.skip !== undefined) return standing(guest, { at: "skipped", because: stands.skip }, now);
  const queued = standing(guest, { at: "queued" }, now);
  if (stands.conditions === undefined || code === "guest-busy") return queued;
  return { ...queued, attempts: [...guest.attempts, { ...stands.conditions, endedAt: now, code, sentence }] };
}
