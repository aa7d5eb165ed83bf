import { array, assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { StreamDigest } from "./stream-digest.ts";

function digestOf(passed: Uint8Array[], last: Uint8Array[]): string {
  const digest = new StreamDigest();
  for (const chunk of passed) digest.passed(chunk);
  for (const chunk of last) digest.last(chunk);
  return digest.value;
}

const chunks = array(uint8Array({ maxLength: 64 }), { maxLength: 8 });

test("B1: the borders of chunks do not matter", () => {
  assert(
    property(chunks, chunks, (passed, last) => {
      expect(digestOf([Buffer.concat(passed)], [Buffer.concat(last)])).toBe(digestOf(passed, last));
    }),
  );
});

test("a byte that is missing before the stop, or another one after it, shows", () => {
  const [some, rest] = [Buffer.from("memory"), Buffer.from("devices")];
  const whole = digestOf([some], [rest]);
  expect(digestOf([some.subarray(1)], [rest])).not.toBe(whole);
  expect(digestOf([some], [Buffer.from("device5")])).not.toBe(whole);
  expect(digestOf([], [some, rest])).not.toBe(whole);
});
