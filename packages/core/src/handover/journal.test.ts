import * as fc from "fast-check";
import { expect, test } from "vitest";
import { JournalContradiction, type JournalEntry, type Parts, foldJournal } from "./journal.ts";

const guestId = "guest";
const created: JournalEntry = { entry: "created", guestId, name: "web", definitions: [] };

function of(
  entry: Exclude<JournalEntry["entry"], "host" | "created" | "removed" | "reserved" | "saving">,
  epoch: number,
): JournalEntry {
  return { entry, guestId, migrationId: "migration", epoch };
}

const held: JournalEntry = { entry: "held", guestId };
const resumed: JournalEntry = { entry: "resumed", guestId };
const disowned = (epoch: number): JournalEntry => ({ entry: "disowned", guestId, epoch });

function reserved(epoch: number): JournalEntry {
  return { entry: "reserved", guestId, name: "web", definitions: [], migrationId: "migration", epoch };
}

function partAfter(...entries: JournalEntry[]) {
  return entries.reduce<Parts>(foldJournal, new Map()).get(guestId)?.part;
}

test("H1: a guest is owned from its creation on, at epoch 1", () => {
  expect(partAfter(created)).toEqual({ as: "owner", epoch: 1 });
});

test("H1: a refused epoch is used up: the host owns the guest at it, and hands over only a higher one", () => {
  expect(partAfter(created, of("refused", 2))).toEqual({ as: "owner", epoch: 2 });
  expect(() => partAfter(created, of("refused", 2), of("released", 2))).toThrow(JournalContradiction);
  expect(partAfter(created, of("refused", 2), of("released", 3))).toMatchObject({ as: "released", epoch: 3 });
});

test("H1: an epoch that was released is never refused", () => {
  expect(() => partAfter(created, of("released", 2), of("refused", 2))).toThrow(
    '"refused" for guest guest does not follow from what the journal says before',
  );
});

test("H3: a released guest is taken back only at the epoch after", () => {
  expect(partAfter(created, of("released", 2), of("reclaimed", 3))).toEqual({ as: "owner", epoch: 3 });
  expect(() => partAfter(created, of("released", 2), of("reclaimed", 2))).toThrow(JournalContradiction);
  expect(() => partAfter(created, of("reclaimed", 2))).toThrow(JournalContradiction);
});

test("F3: a guest is released into the folder that it was written into, and a refusal leaves nothing to be cleared away", () => {
  const saving: JournalEntry = { entry: "saving", guestId, migrationId: "migration", epoch: 2, folder: "/saves/web" };
  const after = (...entries: JournalEntry[]) => entries.reduce<Parts>(foldJournal, new Map()).get(guestId);
  expect(after(created, saving)).toMatchObject({ part: { as: "owner", epoch: 1 }, saving: { folder: "/saves/web" } });
  expect(after(created, saving, of("released", 2))?.part).toMatchObject({ as: "released", folder: "/saves/web" });
  expect(after(created, saving, of("refused", 2))?.saving).toBeUndefined();
  expect(after(created, { ...saving, migrationId: "earlier" }, of("released", 2))?.part).not.toHaveProperty("folder");
  expect(() => after(created, of("refused", 2), saving)).toThrow(JournalContradiction);
});

test("H5: what was revoked is never granted", () => {
  expect(() => partAfter(reserved(2), of("revoked", 2), of("granted", 2))).toThrow(JournalContradiction);
  expect(partAfter(reserved(2), of("granted", 2))).toEqual({ as: "owner", epoch: 2 });
});

test("H7: only what was released is discarded, and only what was not granted is dropped", () => {
  expect(partAfter(created, of("released", 2), of("discarded", 2))).toBeUndefined();
  expect(() => partAfter(created, of("discarded", 2))).toThrow(JournalContradiction);
  expect(partAfter(reserved(2), of("dropped", 2))).toBeUndefined();
  expect(() => partAfter(reserved(2), of("granted", 2), of("dropped", 2))).toThrow(JournalContradiction);
});

test("H8: a regrant makes an owner of what was loaded or revoked, two epochs above the one handed over, and of nothing else", () => {
  expect(partAfter(reserved(2), of("regranted", 4))).toEqual({ as: "owner", epoch: 4 });
  expect(partAfter(reserved(2), of("revoked", 2), of("regranted", 4))).toEqual({ as: "owner", epoch: 4 });
  expect(() => partAfter(reserved(2), of("regranted", 3))).toThrow(JournalContradiction);
  expect(() => partAfter(reserved(2), of("granted", 2), of("regranted", 4))).toThrow(JournalContradiction);
});

test("H8: only an owner is held, and stays one; it is disowned by a higher epoch alone", () => {
  const parts = [created, held].reduce<Parts>(foldJournal, new Map());
  expect(parts.get(guestId)).toMatchObject({ held: true, part: { as: "owner", epoch: 1 } });
  expect(foldJournal(parts, resumed).get(guestId)?.held).toBeUndefined();
  expect(() => partAfter(created, resumed)).toThrow(JournalContradiction);
  expect(() => partAfter(reserved(2), held)).toThrow(JournalContradiction);
  expect(partAfter(created, held, disowned(4))).toBeUndefined();
  expect(() => partAfter(created, disowned(1))).toThrow(JournalContradiction);
  expect(() => partAfter(created, of("released", 2), disowned(4))).toThrow(JournalContradiction);
});

test("H9: whatever lines a journal takes, the epoch at which the host owns the guest only grows, until it has gone", () => {
  const entry = fc.oneof(
    fc.constant(created),
    fc.nat(6).map((epoch) => reserved(epoch + 1)),
    fc
      .record({
        type: fc.constantFrom("granted", "revoked", "dropped", "refused", "released", "reclaimed", "discarded"),
        epoch: fc.integer({ min: 1, max: 7 }),
      })
      .map(({ type, epoch }) => of(type, epoch)),
  );
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      let parts: Parts = new Map();
      let owned = 0;
      for (const line of entries) {
        parts = foldOrLeave(parts, line);
        const part = parts.get(guestId)?.part;
        const epoch = part === undefined ? 0 : part.as === "owner" ? part.epoch : owned;
        expect(part === undefined || epoch >= owned).toBe(true);
        owned = epoch;
      }
    }),
    { numRuns: 2_000 },
  );
});

/** What an agent does with a line that contradicts its journal: it is not written. */
function foldOrLeave(parts: Parts, line: JournalEntry): Parts {
  try {
    return foldJournal(parts, line);
  } catch (error) {
    if (error instanceof JournalContradiction) return parts;
    throw error;
  }
}
