import { createHash } from "node:crypto";
import { JournalContradiction, type JournalEntry, type Parts, foldJournal } from "@godwit/core";
import { z } from "zod";
import { type AppendedFile, type Disk, systemDisk } from "./disk.ts";
import { JournalDamaged, JournalOfAnotherHost } from "./journal-refused.ts";

/** Lines after which the journal is written anew, with only what still holds, at the next start. */
const compactAfterLines = 1_000;

const Device = z.object({ name: z.string(), kind: z.string(), config: z.record(z.string(), z.unknown()) });
const ofGuest = { guestId: z.string() };
const ofMigration = { ...ofGuest, migrationId: z.string(), epoch: z.int().positive() };
const described = { name: z.string(), definitions: z.array(Device) };
const Entry = z.discriminatedUnion("entry", [
  z.object({ entry: z.literal("host"), name: z.string() }),
  z.object({ entry: z.literal("created"), ...ofGuest, ...described }),
  z.object({ entry: z.literal("removed"), ...ofGuest }),
  z.object({ entry: z.literal("reserved"), ...ofMigration, ...described }),
  z.object({ entry: z.enum(["granted", "regranted", "revoked", "dropped"]), ...ofMigration }),
  z.object({ entry: z.enum(["refused", "released", "reclaimed", "discarded"]), ...ofMigration }),
  z.object({ entry: z.literal("saving"), ...ofMigration, folder: z.string() }),
  z.object({ entry: z.enum(["held", "resumed"]), ...ofGuest }),
  z.object({ entry: z.literal("disowned"), ...ofGuest, epoch: z.int().positive() }),
]);

/**
 * What this host owns, in an append-only file: one line an entry, `<16 hex digits of SHA-256 over the JSON> <JSON>\n`, synced before
 * the agent acts on it. A last line that was cut off in the middle (no end of line) was never acted on and is dropped; damage
 * anywhere else is refused. Its first line names the host whose journal it is.
 */
export class Journal implements AsyncDisposable {
  readonly #file: AppendedFile;
  #parts: Parts;
  /** The length of the whole lines. */
  #bytes: number;
  #appending: Promise<void> = Promise.resolve();
  /** Why nothing can be written any more. */
  #failure: unknown;

  private constructor(file: AppendedFile, parts: Parts, bytes: number) {
    this.#file = file;
    this.#parts = parts;
    this.#bytes = bytes;
  }

  /**
   * Of the host of this name, where one is given: nothing of another host's file is touched. A journal that an earlier version wrote
   * names no host yet, and is given the name now.
   *
   * @throws {JournalDamaged | JournalOfAnotherHost}
   */
  static async open(path: string, disk: Disk = systemDisk, host?: string): Promise<Journal> {
    const { entries, wholeBytes } = parse(await disk.read(path), path);
    const owners = entries.filter((entry) => entry.entry === "host");
    const other = owners.find(({ name }) => host !== undefined && name !== host);
    if (host !== undefined && other !== undefined) throw new JournalOfAnotherHost(path, other.name, host);
    const parts = folded(entries, path);
    const still = [...owners.slice(0, 1), ...entriesOf(parts)];
    const compacted = entries.length > compactAfterLines ? still.map(lineOf).join("") : undefined;
    if (compacted !== undefined) await disk.replace(path, compacted);
    const bytes = compacted === undefined ? wholeBytes : Buffer.byteLength(compacted);
    const file = await disk.open(path);
    await file.truncate(bytes);
    await file.sync();
    await disk.syncFolderOf(path);
    const journal = new Journal(file, parts, bytes);
    if (host !== undefined && owners.length === 0) await journal.append({ entry: "host", name: host });
    return journal;
  }

  get parts(): Parts {
    return this.#parts;
  }

  /**
   * Resolves when the entry is on disk. An entry that contradicts the journal is refused and not written. Entries of different guests
   * come at the same time: each is judged by all that were appended before it.
   */
  async append(entry: JournalEntry): Promise<void> {
    const appended = this.#appending.then(() => this.#write(entry));
    this.#appending = appended.catch(() => undefined);
    await appended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#appending;
    await this.#file.close();
  }

  async #write(entry: JournalEntry): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const parts = foldJournal(this.#parts, entry);
    const line = lineOf(entry);
    try {
      await this.#file.append(line);
    } catch (error) {
      await this.#cutOff();
      throw error;
    }
    try {
      await this.#file.sync();
    } catch (error) {
      // What the disk holds now only its next reader can tell.
      this.#failure = error;
      throw error;
    }
    this.#bytes += Buffer.byteLength(line);
    this.#parts = parts;
  }

  /** A disk that is full has taken a part of the line: a whole one after it would make the file a damaged one. */
  async #cutOff(): Promise<void> {
    try {
      await this.#file.truncate(this.#bytes);
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** As it is written, with its digest. */
export function lineOf(entry: JournalEntry): string {
  const json = JSON.stringify(entry);
  return `${digest(json)} ${json}\n`;
}

function parse(text: string, path: string): { entries: JournalEntry[]; wholeBytes: number } {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").slice(0, -1);
  const entries = lines.map((line, index) => {
    const json = line.slice(17);
    if (line[16] !== " " || line.slice(0, 16) !== digest(json))
      throw new JournalDamaged("journal-damaged", `${path}:${index + 1}: the line's digest is wrong`);
    const entry = Entry.safeParse(JSON.parse(json));
    if (!entry.success)
      throw new JournalDamaged("journal-damaged", `${path}:${index + 1}: this version knows no such entry`);
    return entry.data;
  });
  return { entries, wholeBytes: Buffer.byteLength(whole) };
}

function folded(entries: JournalEntry[], path: string): Parts {
  return entries.reduce<Parts>((parts, entry, index) => {
    try {
      return foldJournal(parts, entry);
    } catch (error) {
      if (!(error instanceof JournalContradiction)) throw error;
      throw new JournalDamaged("journal-contradiction", `${path}:${index + 1}: ${error.message}`, { cause: error });
    }
  }, new Map());
}

/** The fewest entries that fold into the same parts. */
function entriesOf(parts: Parts): JournalEntry[] {
  return [...parts.values()].flatMap(({ guestId, name, definitions, part, refusedEpoch, ...more }): JournalEntry[] => {
    const { held, saving } = more;
    const marks: JournalEntry[] = [
      ...(saving === undefined ? [] : [{ entry: "saving" as const, guestId, ...saving }]),
      ...(held === true ? [{ entry: "held" as const, guestId }] : []),
    ];
    const reserve = (epoch: number, migrationId: string): JournalEntry => ({
      entry: "reserved",
      guestId,
      name,
      definitions,
      migrationId,
      epoch,
    });
    const owned = (epoch: number): JournalEntry[] =>
      epoch === 1
        ? [{ entry: "created", guestId, name, definitions }]
        : [reserve(epoch, "compacted"), { entry: "granted", guestId, migrationId: "compacted", epoch }];
    switch (part.as) {
      case "owner":
        // Ownership by refusal is told apart from ownership by grant: a question about that epoch is answered differently.
        return refusedEpoch === part.epoch
          ? [
              ...owned(part.epoch - 1),
              { entry: "refused", guestId, migrationId: "compacted", epoch: part.epoch },
              ...marks,
            ]
          : [...owned(part.epoch), ...marks];
      case "released": {
        const { epoch, migrationId, folder } = part;
        const into: JournalEntry[] =
          folder === undefined ? [] : [{ entry: "saving", guestId, migrationId, epoch, folder }];
        return [...owned(epoch - 1), ...into, { entry: "released", guestId, migrationId, epoch }];
      }
      case "reserved":
        return [reserve(part.epoch, part.migrationId)];
      case "revoked":
        return [
          reserve(part.epoch, part.migrationId),
          { entry: "revoked", guestId, migrationId: part.migrationId, epoch: part.epoch },
        ];
    }
  });
}

function digest(json: string): string {
  return createHash("sha256").update(json).digest("hex").slice(0, 16);
}
