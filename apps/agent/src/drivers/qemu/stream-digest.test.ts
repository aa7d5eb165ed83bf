import { array, assert, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { digestsOf, StreamDigest, valueOf } from "./stream-digest.ts";

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

test("Q13: of streams side by side it does not matter which was ahead, but it does which carried what", () => {
  const carried = (order: [number, string][]) => {
    const digests = digestsOf(3);
    for (const [stream, text] of order) digests[stream]?.last(Buffer.from(text));
    return valueOf(digests);
  };
  const one = carried([
    [0, "a"],
    [1, "b"],
    [2, "c"],
    [1, "d"],
  ]);
  expect(
    carried([
      [2, "c"],
      [1, "b"],
      [1, "d"],
      [0, "a"],
    ]),
  ).toBe(one);
  expect(
    carried([
      [2, "b"],
      [1, "c"],
      [1, "d"],
      [0, "a"],
    ]),
  ).not.toBe(one);
  const [alone = new StreamDigest()] = digestsOf(1);
  alone.last(Buffer.from("a"));
  expect(valueOf([alone])).toBe(alone.value);
});
