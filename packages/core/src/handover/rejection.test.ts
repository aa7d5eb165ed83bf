import { expect, test } from "vitest";
import type { GuestPart } from "./journal.ts";
import { type HandoverCommand, rejectionOfCommand, rejectionOfWord, type Standing } from "./rejection.ts";

const guestId = "g";
const nothing: Standing = { attempt: undefined, part: undefined };

function code(type: HandoverCommand["type"], epoch: number, standing: Partial<Standing>): string | undefined {
  return rejectionOfCommand({ type, guestId, epoch }, { ...nothing, ...standing })?.code;
}

function owner(epoch: number): GuestPart["part"] {
  return { as: "owner", epoch };
}

test.each(["freeze", "refuse", "discard"] as const)(
  "H9, H11: a source in a handover of epoch 2 refuses a %s of any other",
  (type) => {
    const attempt = { role: "source" as const, guestId, epoch: 2 };
    expect([1, 2, 3].map((epoch) => code(type, epoch, { attempt, part: owner(1) }))).toEqual([
      "stale-epoch",
      undefined,
      "stale-epoch",
    ]);
  },
);

test("H3, H11: a reclaim is for the epoch after, and for no other", () => {
  const attempt = { role: "source" as const, guestId, epoch: 2 };
  const part = { as: "released" as const, epoch: 2, migrationId: "m" };
  expect([2, 3, 4].map((epoch) => code("reclaim", epoch, { attempt, part }))).toEqual([
    "stale-epoch",
    undefined,
    "stale-epoch",
  ]);
});

test.each(["grant", "revoke"] as const)("H9, H11: a destination of epoch 2 refuses a %s of any other", (type) => {
  const attempt = { role: "destination" as const, guestId, epoch: 2 };
  expect([1, 2, 3].map((epoch) => code(type, epoch, { attempt }))).toEqual(["stale-epoch", undefined, "stale-epoch"]);
});

test("H11: a side that is told what is the other side's, or of another guest, refuses it", () => {
  const source = { role: "source" as const, guestId, epoch: 2 };
  const destination = { role: "destination" as const, guestId, epoch: 2 };
  expect(code("grant", 2, { attempt: source })).toBe("not-its-part");
  expect(code("freeze", 2, { attempt: destination })).toBe("not-its-part");
  expect(code("freeze", 2, { attempt: { ...source, guestId: "other" } })).toBe("not-its-part");
});

test("H1, H11: without an attempt the journal tells what can be meant from what cannot", () => {
  const codes = (type: HandoverCommand["type"], standing: Partial<Standing>) =>
    [3, 4, 5].map((epoch) => code(type, epoch, standing));
  const stale = "stale-epoch";
  expect(codes("prepareSource", { part: owner(3) })).toEqual([stale, undefined, stale]);
  expect(codes("freeze", { part: owner(3) })).toEqual([stale, undefined, stale]);
  expect(codes("refuse", { part: owner(4), refusedEpoch: 4 })).toEqual([stale, undefined, undefined]);
  expect(codes("reclaim", { part: owner(4) })).toEqual([stale, undefined, stale]);
  expect(codes("grant", { part: owner(4) })).toEqual([stale, undefined, stale]);
  expect(codes("revoke", { part: owner(4) })).toEqual([stale, undefined, stale]);
  expect(codes("discard", { part: owner(4) })).toEqual([undefined, stale, stale]);
});

test("H10, H11: what has been done before is answered again and not refused", () => {
  expect(code("discard", 2, {})).toBeUndefined();
  expect(code("discard", 2, { part: owner(3) })).toBeUndefined();
  expect(code("revoke", 2, {})).toBeUndefined();
  expect(code("refuse", 2, { part: owner(2), refusedEpoch: 2 })).toBeUndefined();
  expect(code("reclaim", 3, { part: owner(3) })).toBeUndefined();
});

test("H11: a host that has nothing of the guest is no source of it", () => {
  expect((["freeze", "refuse", "reclaim"] as const).map((type) => code(type, 2, {}))).toEqual([
    "not-its-part",
    "not-its-part",
    "not-its-part",
  ]);
});

test("H9, H11: of an agent's words those of its own part count, of this guest, at the migration's epoch", () => {
  const facts = { source: { id: "a" }, destination: { id: "b" }, guest: { id: guestId }, epoch: 1 };
  const word = { type: "running", hostId: "b", guestId, role: "destination" as const };
  const codeOf = (more: object) => rejectionOfWord({ ...word, ...more }, facts)?.code;
  expect(codeOf({ epoch: 2 })).toBeUndefined();
  expect(codeOf({})).toBeUndefined();
  expect(codeOf({ epoch: 1 })).toBe("stale-epoch");
  expect(codeOf({ epoch: 3 })).toBe("stale-epoch");
  expect(codeOf({ epoch: 2, hostId: "a" })).toBe("not-its-part");
  expect(codeOf({ epoch: 2, guestId: "other" })).toBe("not-its-part");
  const reclaimed = { type: "reclaimed", hostId: "a", role: "source" };
  expect([2, 3].map((epoch) => codeOf({ ...reclaimed, epoch }))).toEqual(["stale-epoch", undefined]);
});
