import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Arena } from "./arena.ts";
import { referenceChecksum } from "./checksum-reference.ts";

const arena = new Arena(1024 * 1024, 2);

const payloads = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.infiniteStream(fc.nat(255)), fc.boolean())
  .map(([length, stream, sparse]) =>
    Uint8Array.from({ length }, (_, index) => (sparse && index % 7 !== 0 ? 0 : Number(stream.next().value))),
  );

test("the checksum of memory in the arena and of memory elsewhere is that of the reference", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (payload) => {
      const inside = placed(payload);
      expect(arena.checksum(inside)).toEqual(referenceChecksum(payload));
      expect(arena.checksum(payload)).toEqual(referenceChecksum(payload));
      arena.release(inside);
    }),
  );
});

test("a payload longer than the copying space has the same checksum on both paths", () => {
  const payload = Uint8Array.from({ length: 300_001 }, (_, index) => (index * 2_654_435_761) >>> 24);
  const inside = placed(payload);
  expect(arena.checksum(inside)).toEqual(referenceChecksum(payload));
  expect(arena.checksum(payload)).toEqual(referenceChecksum(payload));
  arena.release(inside);
});

test("adding piece by piece, at whatever borders, gives the same checksum", () => {
  fc.assert(
    fc.property(payloads, fc.array(fc.nat(3000)), (payload, borders) => {
      const inside = placed(payload);
      arena.startChecksum(inside.byteOffset);
      for (const border of borders.toSorted((a, b) => a - b)) arena.reached(Math.min(border, payload.length));
      expect(arena.finishChecksum(payload.length)).toEqual(referenceChecksum(payload));
      arena.release(inside);
    }),
  );
});

test("every flipped bit changes the checksum", () => {
  fc.assert(
    fc.property(payloads, fc.nat(), (payload, position) => {
      const bit = position % (payload.length * 8);
      const damaged = Uint8Array.from(payload);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(arena.checksum(damaged)).not.toEqual(arena.checksum(payload));
    }),
    { numRuns: 1000 },
  );
});

test("any two words exchanged change the checksum, of 8, 16, 32 or 64 bits, wherever they differ", () => {
  const word = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.nat(63).map((bit) => 1n << BigInt(bit)),
    fc.constant(0n),
  );
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 4, 8), word, word, fc.nat(), fc.nat(), (size, one, other, p, q) => {
      const payload = Buffer.alloc(65_536);
      const swapped = Buffer.alloc(65_536);
      const [at, to] = [(p * size) % payload.length, (q * size) % payload.length];
      fc.pre(at !== to && BigInt.asUintN(size * 8, one) !== BigInt.asUintN(size * 8, other));
      for (const [buffer, first, second] of [[payload, at, to] as const, [swapped, to, at] as const]) {
        buffer.set(bytesOf(one).subarray(0, size), first);
        buffer.set(bytesOf(other).subarray(0, size), second);
      }
      expect(arena.checksum(swapped)).not.toEqual(arena.checksum(payload));
    }),
    { numRuns: 2000 },
  );
});

test("words of one lane that differ in the top bit alone are told apart at every power of two of distance", () => {
  const payload = new Uint8Array(1024 * 1024);
  payload[7] = 0x80;
  const seen = new Set([arena.checksum(payload).join()]);
  payload[7] = 0;
  for (let stripes = 1; stripes < 16_384; stripes *= 2) {
    payload[stripes * 64 + 7] = 0x80;
    seen.add(arena.checksum(payload).join());
    payload[stripes * 64 + 7] = 0;
  }
  expect(seen.size).toBe(15);
});

test("payloads of zeros of different length differ", () => {
  const seen = new Set(Array.from({ length: 600 }, (_, length) => arena.checksum(new Uint8Array(length)).join()));
  expect(seen.size).toBe(600);
});

test("a slot cannot be given back twice", () => {
  const slot = placed(new Uint8Array(1));
  arena.release(slot);
  expect(() => arena.release(slot)).toThrow("is not in use");
});

function placed(payload: Uint8Array): Uint8Array {
  const slot = arena.take(payload.length);
  if (slot === undefined) throw new Error("the arena has no free slot");
  slot.set(payload);
  return slot;
}

function bytesOf(word: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(word);
  return bytes;
}
