import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalEntry } from "@godwit/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AppendedFile, type Disk, systemDisk } from "./disk.ts";
import { Journal, lineOf } from "./journal.ts";
import { JournalDamaged, JournalOfAnotherHost } from "./journal-refused.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-journal-"));
  path = join(folder, "journal");
});
afterEach(async () => await rm(folder, { recursive: true }));

const definitions = [{ name: "ram", kind: "memory", config: { sizeBytes: 4096 } }];
const created: JournalEntry = { entry: "created", guestId: "g", name: "calm", definitions };
const released: JournalEntry = { entry: "released", guestId: "g", migrationId: "m", epoch: 2 };

describe("the journal", () => {
  test("says after a restart what it said before", async () => {
    await write(created, released);
    await using again = await Journal.open(path);
    expect(again.parts.get("g")).toMatchObject({
      name: "calm",
      definitions,
      part: { as: "released", epoch: 2, migrationId: "m" },
    });
  });

  test("keeps every one of the entries that come at the same time", async () => {
    const guests = Array.from({ length: 20 }, (_, index) => `g${index}`);
    await using journal = await Journal.open(path);
    await Promise.all(guests.map((guestId) => journal.append({ ...created, guestId, name: guestId })));
    await Promise.all(guests.map((guestId) => journal.append({ ...released, guestId })));
    expect([...journal.parts.keys()].toSorted()).toEqual(guests.toSorted());
    await using again = await Journal.open(path);
    expect(again.parts).toEqual(journal.parts);
  });

  test("drops a last line that was cut off at any byte, and goes on after it", async () => {
    await write(created);
    const whole = await readFile(path);
    await write(released);
    const both = await readFile(path);
    for (let bytes = whole.length; bytes < both.length; bytes += 7) {
      await writeFile(path, both.subarray(0, bytes));
      await using torn = await Journal.open(path);
      expect(torn.parts.get("g")?.part).toEqual({ as: "owner", epoch: 1 });
      await torn.append(released);
    }
    await using last = await Journal.open(path);
    expect(last.parts.get("g")?.part.as).toBe("released");
  });

  test("refuses a file with a flipped bit in a whole line, and says where", async () => {
    await write(created, released);
    const text = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 2), fc.nat(7), async (at, bit) => {
        const damaged = Buffer.from(text);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        // A flip can make an end of line, or take the only one away: then there is a cut-off line and no damaged one.
        if (damaged.filter((byte) => byte === 10).length !== 2) return;
        await writeFile(path, damaged);
        await expect(Journal.open(path)).rejects.toThrow(JournalDamaged);
      }),
      { numRuns: 100 },
    );
  });

  test("writes nothing that contradicts it: what was refused is not released (H1)", async () => {
    await using journal = await Journal.open(path);
    await journal.append(created);
    await journal.append({ entry: "refused", guestId: "g", migrationId: "m", epoch: 2 });
    const before = await readFile(path, "utf8");
    await expect(journal.append(released)).rejects.toThrow("does not follow");
    expect(await readFile(path, "utf8")).toBe(before);
  });

  test("is written anew with what still holds once it has grown long", async () => {
    const moves = Array.from({ length: 400 }, (_, move): JournalEntry[] => {
      const ids = { guestId: "g", migrationId: `m${move}` };
      return [
        { ...ids, entry: "released", epoch: 2 * move + 2 },
        { ...ids, entry: "reclaimed", epoch: 2 * move + 3 },
      ];
    });
    const refused: JournalEntry = { entry: "refused", guestId: "g", migrationId: "m", epoch: 802 };
    await write(
      created,
      ...moves.flat(),
      refused,
      { entry: "created", guestId: "h", name: "other", definitions },
      ...frozen("h", 300),
      ...["i", "j"].flatMap((guestId): JournalEntry[] => [
        { entry: "created", guestId, name: guestId, definitions },
        { entry: "saving", guestId, migrationId: "s", epoch: 2, folder: `/saves/${guestId}` },
      ]),
      { entry: "released", guestId: "j", migrationId: "s", epoch: 2 },
    );
    const long = (await readFile(path)).length;
    const first = await partsAtOpening();
    expect((await readFile(path)).length).toBeLessThan(long / 80);
    expect(await partsAtOpening()).toEqual(first);
    expect(first.get("g")).toMatchObject({ part: { as: "owner", epoch: 802 }, refusedEpoch: 802 });
    expect(first.get("h")).toMatchObject({ part: { as: "released", epoch: 602 } });
    expect(first.get("i")).toMatchObject({ part: { as: "owner", epoch: 1 }, saving: { folder: "/saves/i" } });
    expect(first.get("j")).toMatchObject({ part: { as: "released", epoch: 2, folder: "/saves/j" } });
  });

  test("can be read and goes on after a disk that was full in the middle of a line", async () => {
    const disk = filling({ canCut: true });
    await using journal = await Journal.open(path, disk);
    await journal.append(created);
    disk.isFull = true;
    await expect(journal.append(released)).rejects.toThrow("no space left");
    expect(journal.parts.get("g")?.part.as).toBe("owner");
    disk.isFull = false;
    await journal.append({ ...created, guestId: "h", name: "other" });
    await using again = await Journal.open(path);
    expect([...again.parts.values()].map(({ name, part }) => [name, part.as])).toEqual([
      ["calm", "owner"],
      ["other", "owner"],
    ]);
  });

  test("writes nothing any more once it cannot tell what is on the disk: the next to open it sees", async () => {
    const disk = filling({ canCut: false });
    await using journal = await Journal.open(path, disk);
    await journal.append(created);
    disk.isFull = true;
    await expect(journal.append(released)).rejects.toThrow("no space left");
    disk.isFull = false;
    await expect(journal.append(released)).rejects.toThrow("cannot be cut");
    await using again = await Journal.open(path);
    expect(again.parts.get("g")?.part.as).toBe("owner");
  });

  test("begins empty where there is no file, and takes an empty one for what it is", async () => {
    await truncate(path).catch(() => undefined);
    await appendFile(path, "");
    await using journal = await Journal.open(path);
    expect(journal.parts.size).toBe(0);
  });
});

describe("H11: the journal of a host", () => {
  test("begins with its name, also once it is written anew", async () => {
    await using journal = await Journal.open(path, systemDisk, "alpha");
    expect(await readFile(path, "utf8")).toBe(named("alpha"));
    await journal.append(created);
    for (const entry of frozen("g", 600)) await journal.append(entry);
    await using again = await Journal.open(path, systemDisk, "alpha");
    const text = await readFile(path, "utf8");
    expect(text.startsWith(named("alpha"))).toBe(true);
    expect(text.split("\n").length).toBeLessThan(10);
    expect(again.parts).toEqual(journal.parts);
  });

  test("of an earlier version, which names none, is given the name once, and keeps what it says", async () => {
    await write(created);
    const before = await readFile(path, "utf8");
    for (const _start of [1, 2]) {
      await using journal = await Journal.open(path, systemDisk, "alpha");
      expect(journal.parts.get("g")?.part.as).toBe("owner");
    }
    expect(await readFile(path, "utf8")).toBe(before + named("alpha"));
  });

  test("is refused by another host, with the file, both names and what to do, and nothing in it is changed", async () => {
    await writeFile(path, named("alpha") + lineOf(created) + "cut off");
    const opening = Journal.open(path, systemDisk, "beta");
    await expect(opening).rejects.toThrow(JournalOfAnotherHost);
    await expect(opening).rejects.toMatchObject({ code: "journal-of-another-host" });
    for (const part of [path, '"alpha"', '"beta"', "--data", "--name alpha"])
      await expect(opening).rejects.toThrow(part);
    expect(await readFile(path, "utf8")).toBe(named("alpha") + lineOf(created) + "cut off");
  });

  test.each([
    ["granted for a guest that it never had", { entry: "granted", guestId: "other", migrationId: "m", epoch: 2 }],
    ["a second creation", created],
    ["a reclaim of what was not released", { entry: "reclaimed", guestId: "g", migrationId: "m", epoch: 3 }],
  ] satisfies [string, JournalEntry][])("is refused for %s, and the line is named", async (_, entry) => {
    await writeFile(path, named("alpha") + lineOf(created) + lineOf(entry) + lineOf(released));
    const opening = Journal.open(path, systemDisk, "alpha");
    await expect(opening).rejects.toThrow(`${path}:3: "${entry.entry}" for guest`);
    await expect(opening).rejects.toMatchObject({ code: "journal-contradiction" });
  });

  test("is refused for an entry that this version does not know", async () => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    await writeFile(path, lineOf({ entry: "sold", guestId: "g" } as unknown as JournalEntry));
    await expect(Journal.open(path)).rejects.toMatchObject({
      code: "journal-damaged",
      message: expect.stringContaining(`${path}:1`),
    });
  });
});

function named(name: string): string {
  return lineOf({ entry: "host", name });
}

/** A disk that while it is full takes the first bytes of a line only; whether it can cut them off again is said. */
function filling({ canCut }: { canCut: boolean }): Disk & { isFull: boolean } {
  const disk = {
    ...systemDisk,
    isFull: false,
    open: async (path: string): Promise<AppendedFile> => {
      const file = await systemDisk.open(path);
      return {
        ...file,
        append: async (text) => {
          await file.append(disk.isFull ? text.slice(0, 30) : text);
          if (disk.isFull) throw new Error("no space left");
        },
        truncate: async (bytes) => {
          if (disk.isFull && !canCut) throw new Error("cannot be cut");
          await file.truncate(bytes);
        },
      };
    },
  };
  return disk;
}

/** Released and reclaimed so often, then released for good. */
function frozen(guestId: string, times: number): JournalEntry[] {
  const moves = Array.from({ length: times }, (_, move): JournalEntry[] => [
    { entry: "released", guestId, migrationId: "m", epoch: 2 * move + 2 },
    { entry: "reclaimed", guestId, migrationId: "m", epoch: 2 * move + 3 },
  ]);
  return [...moves.flat(), { entry: "released", guestId, migrationId: "m", epoch: 2 * times + 2 }];
}

async function write(...entries: JournalEntry[]): Promise<void> {
  await using journal = await Journal.open(path);
  for (const entry of entries) await journal.append(entry);
}

async function partsAtOpening() {
  await using journal = await Journal.open(path);
  return journal.parts;
}
