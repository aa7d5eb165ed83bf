import type { Named } from "../migration/state.ts";
import { bytesText, msText, type Reason, reason } from "../reason.ts";
import { type Conditions, differs, retriesAt, spent } from "../schedule/retry.ts";
import { type DrainedGuest, type DrainHost, type DrainPicture, type DrainSurvey, foreseenBy } from "./picture.ts";
import type { Drain, DrainGuest, Foreseen, Obstacle } from "./state.ts";

/** Where a guest that is still to go may go. */
export type Assignment =
  | { kind: "goes"; destination: Named; foreseen: Foreseen; conditions: Conditions }
  /** For a while only: it has failed and is tried again, or the host's agent is away. */
  | { kind: "waits"; destination: Named; foreseen?: Foreseen | undefined; waitsFor: Reason }
  /** Nobody has looked yet whether it could go there. */
  | { kind: "unlooked"; destination: Named }
  | { kind: "blocked"; because: Reason; remedy: string; obstacles: Obstacle[] };

export interface Assignments {
  byGuest: Map<string, Assignment>;
  /** What is to be looked at, or looked at again. */
  surveys: { guestId: string; destinationId: string }[];
}

/** What stands against it is looked at again after so long, each time twice as long, and at once where something has changed. */
const firstLookAgainMs = 30_000;
const lastLookAgainMs = 15 * 60_000;

/**
 * A host for each guest that is still to go: the largest first, since they fit in the fewest places. Each takes its memory and its label
 * from those after it. A guest is blocked where something stands against each host, and every one of them says what.
 */
export function assign(drain: Drain, going: readonly DrainGuest[], picture: DrainPicture, now: number): Assignments {
  const desk: Desk = { drain, picture, now, places: placesOf(drain, picture), surveys: [] };
  const byId = new Map(picture.guests.map((guest) => [guest.id, guest]));
  const sized = going.flatMap((guest) => {
    const known = byId.get(guest.guest.id);
    return known === undefined ? [] : [{ guest, known, bytes: guest.foreseen?.sizeBytes ?? known.sizeBytes }];
  });
  const byGuest = new Map(
    sized
      .toSorted((a, b) => b.bytes - a.bytes || (a.guest.guest.id < b.guest.guest.id ? -1 : 1))
      .map((each) => [each.guest.guest.id, assignOne(each, desk)]),
  );
  return { byGuest, surveys: desk.surveys };
}

/** Hosts that guests of the drain may go to, whatever stands against each. */
export function destinationsOf(drain: Drain, hosts: readonly DrainHost[]): DrainHost[] {
  const { host, destinations } = drain.facts;
  const there = hosts.filter(({ connected, away, paused }) => (connected || away) && !paused);
  if (drain.leg === "back") return there.filter(({ id }) => id === host.id);
  const named = destinations?.map(({ id }) => id);
  return there.filter(({ id, cordoned }) => id !== host.id && !cordoned && (named?.includes(id) ?? true));
}

/** What is left of a host while one plan is made. */
interface Place {
  host: DrainHost;
  freeBytes: number;
  keepsApart: Set<string>;
}

interface Desk {
  drain: Drain;
  picture: DrainPicture;
  now: number;
  places: Place[];
  surveys: Assignments["surveys"];
}

interface Going {
  guest: DrainGuest;
  known: DrainedGuest;
  bytes: number;
}

function placesOf(drain: Drain, { hosts }: DrainPicture): Place[] {
  return destinationsOf(drain, hosts).map((host) => ({
    host,
    freeBytes: host.freeBytes,
    keepsApart: new Set(host.keepsApart),
  }));
}

function assignOne(going: Going, desk: Desk): Assignment {
  const { guest, known } = going;
  if (known.busy) return blocked(busy(known), "Wait until that is over.", []);
  if (known.state !== "running") return blocked(unsettled(known), "See to it that it runs, or go on without it.", []);
  const over = spent(guest.attempts);
  if (over !== undefined) return blocked(over, "Find out why it fails, or go on without it.", []);
  const obstacles: Obstacle[] = [];
  const sources = desk.places.filter(({ host }) => host.id !== known.hostId);
  for (const place of sources.toSorted((a, b) => suits(desk.drain, a, b))) {
    const found = tryPlace(place, going, desk);
    if ("kind" in found) {
      take(place, going);
      return found;
    }
    obstacles.push(found);
  }
  return blockedBy(obstacles);
}

/** Spread: where most memory is left. Pack: where least is. One that is away only where no other one will do. */
function suits({ facts }: Drain, a: Place, b: Place): number {
  if (a.host.connected !== b.host.connected) return a.host.connected ? -1 : 1;
  const byMemory = facts.placement === "spread" ? b.freeBytes - a.freeBytes : a.freeBytes - b.freeBytes;
  return byMemory || (a.host.id < b.host.id ? -1 : 1);
}

function take(place: Place, { known, bytes }: Going): void {
  place.freeBytes -= bytes;
  if (known.keepApart !== undefined) place.keepsApart.add(known.keepApart);
}

function tryPlace(place: Place, going: Going, desk: Desk): Assignment | Obstacle {
  const { guest, known } = going;
  const destination: Named = { id: place.host.id, name: place.host.name };
  const unfit = noRoom(place, going) ?? apart(place, going);
  if (unfit !== undefined) return { host: destination, ...unfit };
  if (!place.host.connected) return { kind: "waits", destination, waitsFor: offline(destination) };
  const survey = desk.picture.surveys.find(
    (each) => each.guestId === known.id && each.destinationId === destination.id,
  );
  if (survey === undefined || isDue(survey, desk.now))
    desk.surveys.push({ guestId: known.id, destinationId: destination.id });
  if (survey === undefined) return { kind: "unlooked", destination };
  const foreseen = foreseenBy(survey);
  if (foreseen === undefined) return { host: destination, ...obstacleIn(survey) };
  const conditions = conditionsOf(survey, place.host, known, desk.picture);
  const { same } = differs(guest.attempts, conditions);
  if (same !== undefined) return { host: destination, code: same.code, sentence: lastFailure(guest, same) };
  const again = retriesAt(guest.attempts);
  if (desk.now >= again) return { kind: "goes", destination, foreseen, conditions };
  return { kind: "waits", destination, foreseen, waitsFor: backsOff(guest, again - desk.now) };
}

function isDue({ found, at, times, outdated }: DrainSurvey, now: number): boolean {
  if (outdated) return true;
  if ("sizeBytes" in found) return false;
  return now - at >= Math.min(lastLookAgainMs, firstLookAgainMs * 2 ** Math.max(0, times - 1));
}

function obstacleIn({ found }: DrainSurvey): Omit<Obstacle, "host"> {
  return "code" in found ? found : { code: "UNKNOWN", sentence: "" };
}

/** Under what an attempt would be made; one like any that failed is not made again. */
function conditionsOf(
  survey: DrainSurvey,
  destination: DrainHost,
  known: DrainedGuest,
  { hosts, downtimeLimitMs }: DrainPicture,
): Conditions {
  const source = hosts.find(({ id }) => id === known.hostId);
  const rate = Math.min(source?.outBytesPerSec ?? Infinity, destination.inBytesPerSec ?? Infinity);
  return {
    destinationId: destination.id,
    shareBytesPerSec: rate === Infinity ? undefined : rate,
    downtimeLimitMs,
    neededBytesPerSec: undefined,
    facts: survey.facts,
  };
}

function noRoom({ host, freeBytes }: Place, { bytes }: Going): Omit<Obstacle, "host"> | undefined {
  if (freeBytes >= bytes) return undefined;
  const free = bytesText(Math.max(0, freeBytes));
  const sentence = `It needs ${bytesText(bytes)} of memory, and ${free} are left for it on ${host.name}.`;
  return { code: "NO_ROOM", sentence };
}

function apart({ host, keepsApart }: Place, { known }: Going): Omit<Obstacle, "host"> | undefined {
  if (known.keepApart === undefined || !keepsApart.has(known.keepApart)) return undefined;
  const sentence = `${host.name} has, or is to have, a guest of the label ${known.keepApart}, from which it is kept apart.`;
  return { code: "KEPT_APART", sentence, remedy: "Connect another host, or move that guest away." };
}

function lastFailure({ attempts }: DrainGuest, same: Reason): string {
  const last = attempts.at(-1);
  return last?.sentence === undefined ? same.sentence : `${last.sentence} Nothing has changed since.`;
}

function backsOff({ attempts }: DrainGuest, ms: number): Reason {
  const times = attempts.length === 1 ? "once" : `${attempts.length} times`;
  const sentence = `It has failed ${times}, and is tried again in ${msText(ms)}.`;
  return reason("BACKS_OFF", sentence, { attempts: attempts.length });
}

function offline({ name }: Named): Reason {
  return reason("HOST_OFFLINE", `It waits for the agent of ${name} to connect.`, { host: name });
}

function busy({ name }: DrainedGuest): Reason {
  return reason("GUEST_BUSY", `${name} is being saved into a folder, or restored from one.`);
}

function unsettled({ name, state }: DrainedGuest): Reason {
  return reason("GUEST_NOT_SETTLED", `${name} does not run on its host: it is ${state}.`, { state });
}

/** Room is the least of what may be wrong: what else stands against a host says more. */
function blockedBy(obstacles: Obstacle[]): Assignment {
  const [first] = obstacles.toSorted((a, b) => rank(a) - rank(b));
  if (first === undefined) {
    const sentence =
      "There is no host that it could go to: none that is allowed is connected, uncordoned and not paused.";
    return blocked(reason("NO_DESTINATION", sentence), "Connect, uncordon or resume a host.", []);
  }
  const room = isOfRoom(first) ? `Free memory on ${first.host.name}, or connect another host.` : undefined;
  const remedy = first.remedy ?? room ?? "Go on without it, or move it by itself with other limits.";
  const byName = obstacles.toSorted((a, b) => (a.host.name < b.host.name ? -1 : 1));
  return blocked(reason(first.code, first.sentence, { host: first.host.name }), remedy, byName);
}

function rank(obstacle: Obstacle): number {
  if (isOfRoom(obstacle)) return 2;
  return obstacle.code === "KEPT_APART" ? 1 : 0;
}

/** As it was reckoned here, or as the host's agent has said. */
function isOfRoom({ code }: Obstacle): boolean {
  return code === "NO_ROOM" || code === "no-room";
}

function blocked(because: Reason, remedy: string, obstacles: Obstacle[]): Assignment {
  return { kind: "blocked", because, remedy, obstacles };
}
