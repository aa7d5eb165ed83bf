import type { MsRange } from "../convergence/verdict.ts";
import { msText, type Reason, reason } from "../reason.ts";
import type { DrainPicture } from "./picture.ts";
import { type Drain, type DrainGuest, isOpen } from "./state.ts";

/** Until all have gone that are not blocked, in the order in which they go; undefined where that is not known of one of them. */
export function timeLeft(drain: Drain, picture: DrainPicture, now: number): MsRange | undefined {
  const ends = finishes(drain, picture, now);
  return ends && (ends.at(-1)?.within ?? { lowMs: 0, highMs: 0 });
}

/** Why it cannot end by its deadline, or may not, and because of which guest. */
export function warningOf(drain: Drain, picture: DrainPicture, now: number): Reason | undefined {
  const { deadlineAt } = drain.facts;
  if (deadlineAt === undefined || drain.leg === "back") return undefined;
  const leftMs = Math.max(0, deadlineAt - now);
  const stuck = drain.guests.find(({ stands }) => stands.at === "blocked");
  if (stuck?.stands.at === "blocked") {
    const { name } = stuck.guest;
    const sentence = `It cannot end by its deadline, in ${msText(leftMs)}, because ${name} is blocked: ${stuck.stands.because.sentence}`;
    return reason("DEADLINE_BLOCKED", sentence, { guest: name, deadlineAt, leftMs });
  }
  const ends = finishes(drain, picture, now) ?? [];
  const beyond = ends.find(({ within }) => within.lowMs > leftMs) ?? ends.find(({ within }) => within.highMs > leftMs);
  if (beyond === undefined) return undefined;
  const { guest, within } = beyond;
  const inputs = { guest: guest.guest.name, deadlineAt, leftMs, lowMs: within.lowMs, highMs: within.highMs };
  const takes = `${guest.guest.name} would have gone in ${msText(within.lowMs)} at the earliest and ${msText(within.highMs)} at the latest`;
  return within.lowMs > leftMs
    ? reason("DEADLINE_UNREACHABLE", `It cannot end by its deadline, in ${msText(leftMs)}: ${takes}.`, inputs)
    : reason("DEADLINE_AT_RISK", `It may not end by its deadline, in ${msText(leftMs)}: ${takes}.`, inputs);
}

interface Finish {
  guest: DrainGuest;
  within: MsRange;
}

/**
 * When each guest should have gone, one after the other. Those beside each other share the link that they leave by: what takes its
 * whole share of the link goes alone, what takes little of it goes beside others, up to the slots.
 */
function finishes(drain: Drain, picture: DrainPicture, now: number): Finish[] | undefined {
  const going = drain.guests.filter((guest) => isOpen(guest) && guest.stands.at !== "blocked");
  const ends: Finish[] = [];
  const [low, high] = [new Course(), new Course()];
  for (const guest of going) {
    const lasts = guest.foreseen?.durationMs;
    if (lasts === undefined) return undefined;
    const spentMs = elapsedMs(guest, picture, now);
    const use = useOf(guest, drain, picture);
    const within = {
      lowMs: low.after(Math.max(0, lasts.lowMs - spentMs), use),
      highMs: high.after(Math.max(0, lasts.highMs - spentMs), use),
    };
    ends.push({ guest, within });
  }
  return ends;
}

/** What has been needed so far: of the link, of the slots, and by the longest one. */
class Course {
  #linkMs = 0;
  #slotMs = 0;
  #longestMs = 0;

  after(ms: number, { shareOfLink, slots }: Use): number {
    this.#linkMs += ms * shareOfLink;
    this.#slotMs += ms / slots;
    this.#longestMs = Math.max(this.#longestMs, ms);
    return Math.max(this.#linkMs, this.#slotMs, this.#longestMs);
  }
}

interface Use {
  shareOfLink: number;
  slots: number;
}

/** Out of a host they share its link out, back to it its link in. */
function useOf({ guest, stands }: DrainGuest, { leg, facts }: Drain, { hosts, guests }: DrainPicture): Use {
  const hostOf = (id: string | undefined) => hosts.find((each) => each.id === id);
  const host = hostOf(facts.host.id);
  const destination = hostOf("destination" in stands ? stands.destination?.id : undefined);
  const source = hostOf(guests.find(({ id }) => id === guest.id)?.hostId);
  const [shared, other, slots] =
    leg === "out"
      ? [host?.outBytesPerSec, destination?.inBytesPerSec, host?.outgoingSlots]
      : [host?.inBytesPerSec, source?.outBytesPerSec, host?.incomingSlots];
  const shareOfLink = shared === undefined ? 0 : Math.min(shared, other ?? Infinity) / shared;
  return { shareOfLink, slots: slots ?? 1 };
}

function elapsedMs({ stands }: DrainGuest, { migrations }: DrainPicture, now: number): number {
  if (stands.at !== "moving") return 0;
  const startedAt = migrations.find(({ id }) => id === stands.migrationId)?.startedAt;
  return startedAt === undefined ? 0 : Math.max(0, now - startedAt);
}
