import type { Role } from "../migration/state.ts";
import { type GuestPart, regrantBeyond } from "./journal.ts";

/** Why a message is no part of a handover (H9, H11). It changes nothing, and is told. */
export interface Rejection {
  code: "stale-epoch" | "not-its-part";
  detail: string;
}

type SourceCommand = "prepareSource" | "prepareSave" | "freeze" | "refuse" | "reclaim" | "discard";
type DestinationCommand = "prepareDestination" | "prepareRestore" | "grant" | "revoke" | "regrant";

export interface HandoverCommand {
  type: SourceCommand | DestinationCommand;
  guestId: string;
  epoch: number;
}

/** What an agent has to do with the migration and the guest that a command is about. */
export interface Standing {
  /** Its attempt in this migration, if it has one. */
  attempt: { role: Role; guestId: string; epoch: number } | undefined;
  /** Its part in the guest, by its journal, if it has one. */
  part: GuestPart["part"] | undefined;
  refusedEpoch?: number | undefined;
}

/** What an agent refuses of what it is told. What it can answer, because it has done it before, is none of that. */
export function rejectionOfCommand(command: HandoverCommand, standing: Standing): Rejection | undefined {
  const { attempt, part } = standing;
  if (attempt === undefined) return byTheJournal(command, standing);
  if (attempt.guestId !== command.guestId) return notItsPart("the migration is of another guest");
  if (attempt.role !== roleOf(command.type)) return notItsPart(`this host is the migration's ${attempt.role}`);
  const epoch = epochOf(command.type, attempt.epoch);
  if (command.epoch !== epoch) return stale(`in this migration it would be epoch ${epoch}`);
  const prepares = command.type === "prepareSource" || command.type === "prepareSave";
  return prepares && part?.as === "owner" && part.epoch !== epoch - 1 ? owned(part) : undefined;
}

/** What the orchestrator refuses of what an agent says of a migration: another host's part, another guest, or another epoch. */
export function rejectionOfWord(
  word: { type: string; hostId: string; guestId: string; role: Role; epoch?: number | undefined },
  facts: Record<Role | "guest", { id: string }> & { epoch: number },
): Rejection | undefined {
  if (facts[word.role].id !== word.hostId) return notItsPart(`the host is not the migration's ${word.role}`);
  if (facts.guest.id !== word.guestId) return notItsPart("the migration is of another guest");
  const epochs = epochsOfWord(word.type, facts.epoch + 1);
  return word.epoch === undefined || epochs.includes(word.epoch)
    ? undefined
    : stale(`in this migration it would be epoch ${epochs.join(" or ")}`);
}

function byTheJournal({ type, epoch }: HandoverCommand, { part, refusedEpoch }: Standing): Rejection | undefined {
  const owner = part?.as === "owner" ? part : undefined;
  switch (type) {
    case "prepareSource":
    case "prepareSave":
      return owner === undefined || owner.epoch === epoch - 1 ? undefined : owned(owner);
    case "prepareDestination":
    case "prepareRestore":
      // Whether there is room for the guest is another question, and has an answer of its own.
      return undefined;
    case "freeze":
    case "refuse":
      if (owner?.epoch === epoch - 1 || (owner !== undefined && refusedEpoch === epoch)) return undefined;
      return part === undefined ? notItsPart("this host has nothing of the guest") : owned(part);
    case "reclaim":
      if (owner?.epoch === epoch) return undefined;
      return part === undefined ? notItsPart("this host has nothing of the guest") : owned(part);
    case "discard":
      // What is gone, or has come back since, was discarded; what is owned and was never released is not.
      return owner === undefined || owner.epoch > epoch ? undefined : owned(owner);
    case "grant":
    case "revoke":
    case "regrant": {
      const granted = type === "regrant" ? epoch - regrantBeyond : epoch;
      if (owner !== undefined)
        return owner.epoch === granted || owner.epoch === granted + regrantBeyond ? undefined : owned(owner);
      return part !== undefined && part.epoch > granted ? owned(part) : undefined;
    }
  }
}

const destinationCommands: readonly string[] = [
  "prepareDestination",
  "prepareRestore",
  "grant",
  "revoke",
  "regrant",
] satisfies DestinationCommand[];

function roleOf(type: HandoverCommand["type"]): Role {
  return destinationCommands.includes(type) ? "destination" : "source";
}

/** A reclaim is for the epoch after the one handed over, a regrant for the one after that. */
function epochOf(type: HandoverCommand["type"], handedOver: number): number {
  if (type === "regrant") return handedOver + regrantBeyond;
  return type === "reclaim" ? handedOver + 1 : handedOver;
}

/** What answers them is of the same epochs; a destination runs at the one that it was granted, or that of a regrant. */
function epochsOfWord(type: string, handedOver: number): number[] {
  if (type === "reclaimed") return [handedOver + 1];
  if (type === "spent") return [handedOver, handedOver + 1];
  if (type === "empty") return [handedOver + regrantBeyond];
  return type === "running" ? [handedOver, handedOver + regrantBeyond] : [handedOver];
}

function owned({ as, epoch }: GuestPart["part"]): Rejection {
  return stale(`this host's journal says ${as} at epoch ${epoch}`);
}

function stale(detail: string): Rejection {
  return { code: "stale-epoch", detail };
}

function notItsPart(detail: string): Rejection {
  return { code: "not-its-part", detail };
}
