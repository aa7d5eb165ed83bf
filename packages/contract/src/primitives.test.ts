import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Bytes, Endpoint, Epoch, Id, Name, Reference, Timestamp } from "./primitives.ts";

function takes(schema: { safeParse(input: unknown): { success: boolean } }, input: unknown): boolean {
  return schema.safeParse(input).success;
}

test("A1: a name never has the form of an id, so that one field takes both", () => {
  fc.assert(
    fc.property(fc.uuid(), (id) => {
      expect(takes(Id, id)).toBe(true);
      expect(takes(Name, id)).toBe(false);
      expect(takes(Reference, id)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9._-]{1,64}$/), (text) => {
      expect(takes(Name, text) && takes(Id, text)).toBe(false);
      expect(takes(Name, text) && !takes(Reference, text)).toBe(false);
    }),
  );
});

test("A1: a name is 1 to 63 lower-case letters, digits, dots, underscores or hyphens, with a letter or digit at both ends", () => {
  const good = ["a", "7", "web-1", "db.prod_eu", "a".repeat(63)];
  const bad = ["", "Web", "-web", "web-", ".", "we b", "wéb", "a".repeat(64), "a/b"];
  expect([...good, ...bad].filter((name) => takes(Name, name))).toEqual(good);
});

test("bytes are whole and carried exactly, up to 2^53-1", () => {
  expect(takes(Bytes, Number.MAX_SAFE_INTEGER)).toBe(true);
  for (const bytes of [-1, 0.5, Number.MAX_SAFE_INTEGER + 1, Infinity, Number.NaN, "1"])
    expect(takes(Bytes, bytes)).toBe(false);
});

test("epochs begin at 1", () => {
  expect([0, 1, 1.5, 2].map((epoch) => takes(Epoch, epoch))).toEqual([false, true, false, true]);
});

test("an endpoint is a host and a port, IPv6 addresses in brackets", () => {
  const good = ["127.0.0.1:7001", "[::1]:7001", "alpha.example:1"];
  const bad = ["alpha", "::1:7001", ":7001", "alpha:", "alpha:port", "http://alpha:1"];
  expect([...good, ...bad].filter((endpoint) => takes(Endpoint, endpoint))).toEqual(good);
});

test("timestamps are UTC with milliseconds", () => {
  expect(takes(Timestamp, new Date(0).toISOString())).toBe(true);
  for (const text of ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000+01:00", "1970-01-01"])
    expect(takes(Timestamp, text)).toBe(false);
});
