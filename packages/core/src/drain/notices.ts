import type { DrainNotice } from "./events.ts";
import { type Drain, type DrainGuest, phaseOf } from "./state.ts";

/** What has changed between two states, for people. */
export function noticesOf(before: Drain, after: Drain): DrainNotice[] {
  const known = new Map(before.guests.map((guest) => [guest.guest.id, guest]));
  // What is blocked is told before what moves, and the end of the drain after that of its last migration.
  const stuck = after.guests.filter(({ stands }) => stands.at === "blocked");
  const others = after.guests.filter(({ stands }) => stands.at !== "blocked");
  const guests = [...stuck, ...others].flatMap((guest) => ofGuest(known.get(guest.guest.id), guest));
  return [...guests, ...ofPhase(before, after), ...ofWarning(before, after)];
}

function ofPhase(before: Drain, after: Drain): DrainNotice[] {
  const [from, phase] = [phaseOf(before), phaseOf(after)];
  if (from === phase) return [];
  const { name } = after.facts.host;
  const because = after.end?.because ?? after.aborting;
  const sentence = because?.sentence ?? `The drain of ${name} is ${phase}.`;
  return [{ type: "drain.phase", sentence, data: { from, phase, ...(because && { code: because.code }) } }];
}

function ofGuest(before: DrainGuest | undefined, { guest, stands }: DrainGuest): DrainNotice[] {
  const state = stands.at;
  if (before?.stands.at === state && codeOf(before) === codeOf({ stands })) return [];
  if (before === undefined && state === "queued") return [];
  const data = { guest: guest.name, state, ...detailsOf(stands) };
  const migrationId = "migrationId" in stands ? stands.migrationId : undefined;
  return [{ type: "drain.guest", guestId: guest.id, migrationId, sentence: sentenceOf(guest.name, stands), data }];
}

/** A wait's reason changes from moment to moment; that of a block is news. */
function codeOf({ stands }: Pick<DrainGuest, "stands">): string {
  return stands.at === "blocked" ? stands.because.code : "";
}

function sentenceOf(name: string, stands: DrainGuest["stands"]): string {
  switch (stands.at) {
    case "queued":
      return `${name} is to go${stands.destination === undefined ? "" : ` to ${stands.destination.name}`}.`;
    case "moving":
      return `${name} is on its way to ${stands.destination.name}.`;
    case "moved":
      return `${name} is on ${stands.to.name}.`;
    case "blocked":
      return `${name} is blocked: ${stands.because.sentence} ${stands.remedy}`;
    case "skipped":
      return `${name} stays where it is: ${stands.because.sentence}`;
  }
}

function detailsOf(stands: DrainGuest["stands"]): Record<string, string> {
  switch (stands.at) {
    case "blocked":
      return { code: stands.because.code, remedy: stands.remedy };
    case "moving":
      return { destination: stands.destination.name };
    case "moved":
      return { destination: stands.to.name };
    default:
      return {};
  }
}

function ofWarning(before: Drain, after: Drain): DrainNotice[] {
  const { warning } = after;
  if (warning === undefined) return [];
  const same = before.warning?.code === warning.code && before.warning.inputs["guest"] === warning.inputs["guest"];
  if (same) return [];
  return [{ type: "drain.warning", sentence: warning.sentence, data: { ...warning.inputs, code: warning.code } }];
}
