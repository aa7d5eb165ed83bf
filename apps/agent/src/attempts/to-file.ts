import type { ToAgent } from "@godwit/contract";
import type { RestoreOrder } from "../plane/calls.ts";
import { DestinationAttempt } from "./destination-attempt.ts";
import { type AgentParts, addressesOf } from "./parts.ts";
import { SourceAttempt } from "./source-attempt.ts";

/** The handover of a guest into a folder, or out of one: the same attempts as between two hosts, with another thing at the other end. */

/** @throws with a code and the reason where the guest cannot be saved there */
export async function prepareSave(
  parts: AgentParts,
  { migrationId, guestId, epoch, folder }: ToAgent & { type: "prepareSave" },
): Promise<SourceAttempt> {
  const { guests, journal, plane } = parts;
  const guest = guests.owner(guestId);
  if (guest === undefined || guest.part.epoch !== epoch - 1 || !guests.runs(guestId))
    throw notSettled(`this host does not run the guest at epoch ${epoch - 1}`);
  await journal.append({ entry: "saving", guestId, migrationId, epoch, folder });
  const order = { migrationId, guestId, guestName: guest.name, epoch, folder, devices: addressesOf(guest) };
  await plane.openSave(order);
  const state = { epoch, at: "owns" as const, whole: true };
  return new SourceAttempt(parts, guest, migrationId, { state, live: true, folder });
}

/** What has begun to be loaded when this resolves stands still until it is granted. @throws with a code and the reason otherwise */
export async function prepareRestore(
  parts: AgentParts,
  message: ToAgent & { type: "prepareRestore" },
): Promise<DestinationAttempt> {
  const { migrationId, guestId, epoch, name, devices, folder, saveId, ofAnother = false } = message;
  const { journal, plane } = parts;
  if (journal.parts.has(guestId)) throw notSettled("this host still holds a copy of the guest");
  const reserved = { guestId, name, definitions: devices, migrationId, epoch };
  const addresses = addressesOf({ ...reserved, part: { as: "reserved", epoch, migrationId } });
  const order: RestoreOrder = { migrationId, guestId, devices: addresses, folder, saveId, ofAnother };
  await plane.checkRestore(order);
  await journal.append({ entry: "reserved", ...reserved });
  const attempt = new DestinationAttempt(parts, { guestId, migrationId, epoch, folder });
  await plane.openRestore(order);
  return attempt;
}

function notSettled(detail: string): Error {
  return Object.assign(new Error(detail), { code: "guest-not-settled" });
}
