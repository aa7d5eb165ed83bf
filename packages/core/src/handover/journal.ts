import { assertNever } from "../assert-never.ts";

/** What an agent's journal says, line by line; each line is synced before the agent acts on it. */
export type JournalEntry =
  /** Whose journal this is. It says nothing of a guest. */
  | { entry: "host"; name: string }
  /** This host owns the guest from its creation on, at epoch 1. */
  | { entry: "created"; guestId: string; name: string; definitions: JournalDevice[] }
  | { entry: "removed"; guestId: string }
  | {
      entry: "reserved";
      guestId: string;
      name: string;
      definitions: JournalDevice[];
      migrationId: string;
      epoch: number;
    }
  | { entry: "granted" | "regranted" | "revoked" | "dropped"; guestId: string; migrationId: string; epoch: number }
  | { entry: "refused" | "released" | "reclaimed" | "discarded"; guestId: string; migrationId: string; epoch: number }
  /** The guest is about to be written into this folder; a `released` of the same epoch releases it there. */
  | { entry: "saving"; guestId: string; migrationId: string; epoch: number; folder: string }
  /** The machine was started anew: the guest stands still until the orchestrator says that it has not moved on meanwhile. */
  | { entry: "held" | "resumed"; guestId: string }
  /** The guest is owned elsewhere, at this epoch. */
  | { entry: "disowned"; guestId: string; epoch: number };

type GuestEntry = Exclude<JournalEntry, { entry: "host" }>;

export interface JournalDevice {
  name: string;
  kind: string;
  config: Record<string, unknown>;
}

/** This host's part in one guest. No record: it has none. */
export interface GuestPart {
  guestId: string;
  name: string;
  definitions: JournalDevice[];
  part:
    | { as: "owner"; epoch: number }
    /** A frozen copy is kept until the word to discard it. */
    | { as: "released"; epoch: number; migrationId: string; folder?: string | undefined }
    | { as: "reserved" | "revoked"; epoch: number; migrationId: string };
  /** The highest epoch that this host has refused to hand over (H1). It is used up: the host owns the guest at it. */
  refusedEpoch?: number | undefined;
  /** It owns the guest and does not run it before the orchestrator's word (H8). */
  held?: true | undefined;
  /** It is being written into a folder, or was when its agent ended: what is there under a temporary name is none of use then. */
  saving?: { migrationId: string; epoch: number; folder: string } | undefined;
}

/** A reclaim takes the epoch after the one handed over, so that a regrant, which comes after either, has one of its own. */
export const regrantBeyond = 2;

export type Parts = ReadonlyMap<string, GuestPart>;

/** An entry that cannot follow what the journal says so far: the file was damaged, or is another host's. */
export class JournalContradiction extends Error {
  override name = "JournalContradiction";
}

export function foldJournal(parts: Parts, line: JournalEntry): Parts {
  if (line.entry === "host") return parts;
  const next = new Map(parts);
  const changed = change(parts.get(line.guestId), line);
  if (changed === undefined) next.delete(line.guestId);
  else next.set(line.guestId, changed);
  return next;
}

function change(known: GuestPart | undefined, line: GuestEntry): GuestPart | undefined {
  switch (line.entry) {
    case "created":
      expect(known === undefined, line);
      return { guestId: line.guestId, name: line.name, definitions: line.definitions, part: { as: "owner", epoch: 1 } };
    case "removed":
      expect(known?.part.as === "owner", line);
      return undefined;
    case "reserved": {
      expect(known === undefined, line);
      const part = { as: "reserved" as const, epoch: line.epoch, migrationId: line.migrationId };
      return { guestId: line.guestId, name: line.name, definitions: line.definitions, part };
    }
    case "granted":
      return { ...during(known, line, "reserved"), part: { as: "owner", epoch: line.epoch } };
    case "regranted": {
      const as = known?.part.as === "reserved" ? "reserved" : "revoked";
      const before = during(known, { ...line, epoch: line.epoch - regrantBeyond }, as);
      return { ...before, part: { as: "owner", epoch: line.epoch } };
    }
    case "revoked": {
      // A granted guest that could not be started is given up again.
      const part = { as: "revoked" as const, epoch: line.epoch, migrationId: line.migrationId };
      return { ...(known?.part.as === "owner" ? during(known, line, "owner") : during(known, line, "reserved")), part };
    }
    case "dropped":
      expect(known?.part.as === "reserved" || known?.part.as === "revoked", line);
      return undefined;
    case "refused":
      expect(known?.part.as === "owner" && known.part.epoch < line.epoch, line);
      return { ...known, part: { as: "owner", epoch: line.epoch }, refusedEpoch: line.epoch, saving: undefined };
    case "saving": {
      expect(known?.part.as === "owner" && known.part.epoch < line.epoch, line);
      const { migrationId, epoch, folder } = line;
      return { ...known, saving: { migrationId, epoch, folder } };
    }
    case "released": {
      expect(known?.part.as === "owner" && known.part.epoch < line.epoch, line);
      const { epoch, migrationId } = line;
      const folder = known.saving?.migrationId === migrationId ? known.saving.folder : undefined;
      return { ...known, part: { as: "released", epoch, migrationId, ...(folder && { folder }) }, saving: undefined };
    }
    case "reclaimed":
      expect(known?.part.as === "released" && line.epoch === known.part.epoch + 1, line);
      return { ...known, part: { as: "owner", epoch: line.epoch } };
    case "discarded":
      during(known, line, "released");
      return undefined;
    case "held":
      expect(known?.part.as === "owner", line);
      return { ...known, held: true };
    case "resumed":
      expect(known?.held === true, line);
      return { ...known, held: undefined };
    case "disowned":
      expect(known?.part.as === "owner" && known.part.epoch < line.epoch, line);
      return undefined;
    default:
      return assertNever(line);
  }
}

function during(
  known: GuestPart | undefined,
  line: GuestEntry & { epoch: number },
  as: GuestPart["part"]["as"],
): GuestPart {
  expect(known?.part.as === as && known.part.epoch === line.epoch, line);
  return known;
}

function expect(holds: boolean, line: GuestEntry): asserts holds {
  if (!holds)
    throw new JournalContradiction(
      `"${line.entry}" for guest ${line.guestId} does not follow from what the journal says before`,
    );
}
