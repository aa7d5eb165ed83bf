import * as fc from "fast-check";
import { expect, test } from "vitest";
import { feedCursor, listCursor, parseFeedCursor, parseListCursor } from "./cursor.ts";
import { BadCursorError } from "./store.ts";

test("every place in a list or in the feed comes back from its cursor", () => {
  const time = fc.date({ min: new Date(0), max: new Date("9999-12-30"), noInvalidDate: true });
  const id = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => /^[^\0\p{Surrogate}]+$/u.test(text));
  fc.assert(
    fc.property(time, id, (createdAt, id) => {
      expect(parseListCursor(listCursor({ createdAt, id }))).toEqual({ createdAt, id });
    }),
  );
  const number = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(number, number, (xid, id) => {
      expect(parseFeedCursor(feedCursor({ xid, id }))).toEqual({ xid, id });
    }),
  );
});

test("any text is either a cursor that encodes back to itself or refused as a bad one", () => {
  const encoded = fc.string({ unit: "binary" }).map((text) => Buffer.from(text).toString("base64url"));
  fc.assert(
    fc.property(fc.oneof(fc.string(), encoded), (text) => {
      expect(roundTrip(text, (cursor) => listCursor(parseListCursor(cursor)))).toBe(true);
      expect(roundTrip(text, (cursor) => feedCursor(parseFeedCursor(cursor)))).toBe(true);
    }),
  );
});

function roundTrip(cursor: string, through: (cursor: string) => string): boolean {
  try {
    return through(cursor) === cursor;
  } catch (error) {
    return error instanceof BadCursorError;
  }
}
