import type { Drain as View, DrainCounts, DrainGuest as GuestView, DrainPlan } from "@godwit/contract";
import { type DrainGuest, type DrainStanding, type Foreseen, type Obstacle, phaseOfDrain } from "@godwit/core";
import { dateOf } from "../clock.ts";
import { rounded } from "../outlook.ts";
import type { KnownDrain } from "./drains.ts";

/** A drain as the API shows it. */
export function drainView(known: KnownDrain): View {
  const { facts, end, warning, aborting } = known.drain;
  return {
    id: facts.id,
    ...wantedOf(known),
    phase: phaseOfDrain(known.drain),
    reason: end?.because ?? aborting ?? warning,
    guests: known.drain.guests.map((guest) => guestView(guest)),
    by: facts.by,
    createdAt: stamp(facts.createdAt),
    endedAt: end === undefined ? undefined : stamp(end.at),
  };
}

/** What a drain would do, which was looked through without any of it being done. */
export function drainPlanView(known: KnownDrain): DrainPlan {
  const { guests, warning } = known.drain;
  const stuck = guests.find(({ stands }) => stands.at === "blocked")?.stands;
  const reason = warning ?? (stuck?.at === "blocked" ? stuck.because : undefined);
  return {
    ...wantedOf(known),
    possible: reason === undefined || reason.code === "DEADLINE_AT_RISK",
    reason,
    guests: guests.map((guest) => planned(guest)),
  };
}

function wantedOf({ drain, policy, limits, left }: KnownDrain) {
  const { host, order, placement, destinations, deadlineAt } = drain.facts;
  return {
    host: host.name,
    hostId: host.id,
    policy,
    limits,
    order,
    placement,
    destinations: destinations?.map(({ name }) => name),
    deadline: deadlineAt === undefined ? undefined : stamp(deadlineAt),
    counts: countsOf(drain.guests),
    etaRangeMs: drain.end === undefined ? rounded(left, 1) : undefined,
  };
}

function countsOf(guests: readonly DrainGuest[]): DrainCounts {
  const counts: DrainCounts = { queued: 0, moving: 0, moved: 0, blocked: 0, skipped: 0 };
  for (const { stands } of guests) counts[stands.at] += 1;
  return counts;
}

function guestView({ guest, stands, attempts, since, foreseen }: DrainGuest): GuestView {
  return {
    guest: guest.name,
    guestId: guest.id,
    state: stands.at,
    ...placeOf(stands),
    reason: reasonOf(stands),
    remedy: stands.at === "blocked" ? stands.remedy : undefined,
    obstacles: obstaclesOf(stands),
    attempts: attempts.length,
    ...(foreseen && foreseenView(foreseen)),
    downtimeMs: stands.at === "moved" ? stands.downtimeMs : undefined,
    since: stamp(since),
  };
}

/** Nothing of it stands so yet, and what it waits for is only that it is a plan. */
function planned(guest: DrainGuest): GuestView {
  const { since: _, ...view } = guestView(guest);
  return view.state === "blocked" ? view : { ...view, reason: undefined };
}

function placeOf(stands: DrainStanding): Pick<GuestView, "destination" | "destinationId" | "migrationId"> {
  switch (stands.at) {
    case "queued":
      return { destination: stands.destination?.name, destinationId: stands.destination?.id };
    case "moving":
      return {
        destination: stands.destination.name,
        destinationId: stands.destination.id,
        migrationId: stands.migrationId,
      };
    case "moved":
      return { destination: stands.to.name, destinationId: stands.to.id, migrationId: stands.migrationId };
    case "blocked":
    case "skipped":
      return {};
  }
}

function reasonOf(stands: DrainStanding): GuestView["reason"] {
  if (stands.at === "queued") return stands.waitsFor;
  return stands.at === "blocked" || stands.at === "skipped" ? stands.because : undefined;
}

function obstaclesOf(stands: DrainStanding): GuestView["obstacles"] {
  return stands.at === "blocked" ? stands.obstacles.map(obstacleView) : [];
}

export function obstacleView({ host, code, sentence, remedy }: Obstacle): GuestView["obstacles"][number] {
  return { host: host.name, hostId: host.id, code, sentence, remedy };
}

function foreseenView({ sizeBytes, durationMs, downtimeMs, probability }: Foreseen): Partial<GuestView> {
  return {
    sizeBytes,
    durationRangeMs: rounded(durationMs, 1),
    predictedDowntimeRangeMs: rounded(downtimeMs, 10),
    probability,
  };
}

function stamp(ms: number): string {
  return dateOf(ms).toISOString();
}
