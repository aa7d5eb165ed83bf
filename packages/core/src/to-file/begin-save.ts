import type { Named } from "../migration/state.ts";
import type { Restoring, Save, Saved, SaveState, Saving } from "./save-state.ts";

/** What is known of a guest that somebody wants to save, before its host is asked. */
export interface SaveCandidate {
  guest: { name: string; state: "running" | "stopped" | "lost" | "saved"; busyWith: string | undefined };
  host: { name: string; connected: boolean; backends: { kind: string; can: { toFile?: boolean | undefined } }[] };
  kinds: { device: string; kind: string }[];
  save: SaveState | undefined;
}

export interface SaveObjection {
  code:
    | "guest-busy"
    | "guest-saved"
    | "guest-not-saved"
    | "guest-not-settled"
    | "host-offline"
    | "cannot-save"
    | "missing-back-end"
    | "save-of-another";
  detail: string;
}

/** F2: the first thing that speaks against saving a guest. */
export function objectionToSave({ guest, host, kinds, save }: SaveCandidate): SaveObjection | undefined {
  const busy = busyness(guest, save);
  if (busy !== undefined) return busy;
  if (guest.state === "saved") return { code: "guest-saved", detail: savedIn(guest.name, save) };
  if (!host.connected) return { code: "host-offline", detail: `The agent of ${host.name} is not connected.` };
  if (guest.state !== "running")
    return { code: "guest-not-settled", detail: `${guest.name} does not run on ${host.name}.` };
  const unable = kinds.find(({ kind }) => host.backends.find((each) => each.kind === kind)?.can.toFile !== true);
  if (unable === undefined) return undefined;
  const detail = `${unable.device} of ${guest.name} is of the kind ${unable.kind}, which ${host.name} cannot save into a folder.`;
  return { code: "cannot-save", detail };
}

export interface RestoreCandidate extends Omit<SaveCandidate, "kinds"> {
  guestId: string;
  epoch: number;
}

/** What speaks against restoring a guest before the host has looked into the folder. */
export function objectionToRestore({ guest, host, save }: RestoreCandidate): SaveObjection | undefined {
  const busy = busyness(guest, save);
  if (busy !== undefined) return busy;
  // One that is lost with its host may have been whole in a folder before.
  if (guest.state !== "saved" && guest.state !== "lost")
    return { code: "guest-not-saved", detail: `${guest.name} is on a host and in no folder.` };
  if (!host.connected) return { code: "host-offline", detail: `The agent of ${host.name} is not connected.` };
  return undefined;
}

/** What a host has found in a folder. */
export interface FoundSave {
  saveId: string;
  guestId: string;
  epoch: number;
  kinds: string[];
}

/**
 * F4: a save is its guest's only while nobody has run the guest since: it is the one that the guest was released into last. Of a guest that
 * is lost, any that was released after its last owner was known.
 */
export function objectionToFound(candidate: RestoreCandidate, found: FoundSave): SaveObjection | undefined {
  const { guest, guestId, host, save, epoch } = candidate;
  const ofAnother = save?.at === "saved" && save.save.ofAnother === true;
  if (found.guestId !== guestId && !ofAnother)
    return { code: "save-of-another", detail: `The folder holds another guest than ${guest.name}.` };
  const isCurrent = save?.at === "saved" ? found.saveId === save.save.id : found.epoch > epoch;
  if (!isCurrent) {
    const detail = `The folder holds ${guest.name} as it was at epoch ${found.epoch}, and it has been run or saved since (epoch ${epoch}).`;
    return { code: "save-of-another", detail };
  }
  return objectionToKinds(host, found);
}

/** What is asked of a host that restores, of whatever guest. */
export function objectionToKinds(
  host: SaveCandidate["host"],
  found: Pick<FoundSave, "kinds">,
): SaveObjection | undefined {
  const missing = found.kinds.find((kind) => !host.backends.some((each) => each.kind === kind && each.can.toFile));
  if (missing === undefined) return undefined;
  return { code: "missing-back-end", detail: `${host.name} has no back end of the kind ${missing} that restores.` };
}

export interface SaveOrder {
  id: string;
  guest: Named;
  host: Named;
  folder: string;
  /** Of the guest's ownership. */
  ownedAt: number;
  limitMs: number;
}

export function saving({ id, guest, host, folder, ownedAt, limitMs }: SaveOrder, now: number): Saving {
  const common = { version: 1 as const, guest, debts: [], since: now, askedAt: now };
  return { ...common, at: "saving", id, host, folder, epoch: ownedAt + 1, limitMs, stage: "preparing" };
}

/** A host says that it has released the guest into a folder, and the orchestrator has forgotten or given up the save: it is asked anew. */
export function foundReleased(order: Omit<SaveOrder, "limitMs">, now: number): Saving {
  return { ...saving({ ...order, limitMs: 0 }, now), stage: "freezing" };
}

export interface RestoreOrder {
  id: string;
  guest: Named;
  host: Named;
  folder: string;
  save: Save;
  /** Where the guest is saved; one that was lost has no such state. */
  from: Saved | undefined;
}

export function restoring({ id, guest, host, folder, save, from }: RestoreOrder, now: number): Restoring {
  const common = { version: 1 as const, guest, debts: from?.debts ?? [], since: now, askedAt: now };
  const epoch = (from?.epoch ?? save.epoch) + 1;
  return { ...common, at: "restoring", id, host, folder, epoch, stage: "loading", save };
}

function busyness(guest: SaveCandidate["guest"], save: SaveState | undefined): SaveObjection | undefined {
  if (guest.busyWith !== undefined)
    return { code: "guest-busy", detail: `${guest.name} is being moved by migration ${guest.busyWith}.` };
  if (save?.at === "saving")
    return { code: "guest-busy", detail: `${guest.name} is being saved in ${save.folder} on ${save.host.name}.` };
  if (save?.at === "restoring")
    return { code: "guest-busy", detail: `${guest.name} is being restored on ${save.host.name}.` };
  return undefined;
}

function savedIn(name: string, save: SaveState | undefined): string {
  const where = save?.at === "saved" ? `${save.save.folder} of ${save.save.host.name}` : "a folder";
  return `${name} is in ${where} and runs nowhere; restore it first.`;
}
