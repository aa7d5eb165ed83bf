import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JournalEntry } from "@godwit/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Journal, JournalDamaged } from "./journal.ts";

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
    );
    const long = (await readFile(path)).length;
    const first = await partsAtOpening();
    expect((await readFile(path)).length).toBeLessThan(long / 100);
    expect(await partsAtOpening()).toEqual(first);
    expect(first.get("g")).toMatchObject({ part: { as: "owner", epoch: 802 }, refusedEpoch: 802 });
    expect(first.get("h")).toMatchObject({ part: { as: "released", epoch: 602 } });
  });

  test("begins empty where there is no file, and takes an empty one for what it is", async () => {
    await truncate(path).catch(() => undefined);
    await appendFile(path, "");
    await using journal = await Journal.open(path);
    expect(journal.parts.size).toBe(0);
  });
});

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
