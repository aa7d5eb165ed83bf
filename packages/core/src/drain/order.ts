import type { DrainPicture } from "./picture.ts";
import type { Drain, DrainGuest, DrainStanding } from "./state.ts";

/** In this order they are shown: what goes on, what is to go, what stands, what is done. */
const places: Record<DrainStanding["at"], number> = { moving: 0, queued: 1, blocked: 2, skipped: 3, moved: 4 };

/** The guests, those that are still to go in the order in which they go. */
export function inOrder(drain: Drain, picture: DrainPicture): DrainGuest[] {
  const queued = drain.guests.filter(({ stands }) => stands.at === "queued");
  const others = drain.guests.filter(({ stands }) => stands.at !== "queued");
  return [...others, ...ordered(queued, drain, picture)].toSorted((a, b) => places[a.stands.at] - places[b.stands.at]);
}

function ordered(queued: DrainGuest[], drain: Drain, picture: DrainPicture): DrainGuest[] {
  const bytes = new Map(picture.guests.map(({ id, sizeBytes }) => [id, sizeBytes]));
  const sizeOf = ({ guest, foreseen }: DrainGuest) => foreseen?.sizeBytes ?? bytes.get(guest.id) ?? 0;
  const largest = queued.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (a.guest.id < b.guest.id ? -1 : 1));
  if (drain.facts.order === "largestFirst") return largest;
  if (drain.facts.order === "smallestFirst") return largest.toReversed();
  return busiestFirst(largest, (guest) => endpointOf(guest, drain, picture), sizeOf);
}

/** The end that its migrations do not share: the destination on the way out, the source on the way back. */
function endpointOf({ guest, stands }: DrainGuest, { leg }: Drain, { guests }: DrainPicture): string {
  if (leg === "back") return guests.find(({ id }) => id === guest.id)?.hostId ?? "";
  return stands.at === "queued" ? (stands.destination?.id ?? "") : "";
}

/** One after the other of the end that has the most still to carry, so that all of them have as much to do until the last. */
function busiestFirst(
  largest: DrainGuest[],
  endpointOf: (guest: DrainGuest) => string,
  sizeOf: (guest: DrainGuest) => number,
): DrainGuest[] {
  const loads = new Map<string, { bytes: number; guests: DrainGuest[] }>();
  for (const guest of largest) {
    const load = loads.get(endpointOf(guest)) ?? { bytes: 0, guests: [] };
    load.bytes += sizeOf(guest);
    load.guests.push(guest);
    loads.set(endpointOf(guest), load);
  }
  const order: DrainGuest[] = [];
  while (order.length < largest.length) {
    const [busiest] = [...loads.values()]
      .filter(({ guests }) => guests.length > 0)
      .toSorted((a, b) => b.bytes - a.bytes);
    const next = busiest?.guests.shift();
    if (busiest === undefined || next === undefined) break;
    busiest.bytes -= sizeOf(next);
    order.push(next);
  }
  return order;
}
