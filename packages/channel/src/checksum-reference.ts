/**
 * What the checksum of a payload is, in plain code: the definition that the fast path is held against.
 *
 * The payload, padded with zeros to whole blocks of 128 bytes, is read as rows of eight little-endian 64-bit words: in
 * each row four columns of two words, and the two of a column belong to lanes 0 and 1. For each lane, with r the sum of
 * its four words in a row, these are summed up, row by row and mod 2^64:
 *
 *     c0, c1, c2: the words of columns 0 to 2      p += r   b += p      q += r >> 32   e += q
 *
 * Any change within one word changes its lane's p, and so does any burst of up to 65 bits: the two words it may touch
 * are of different lanes. Two words exchanged that are of different lanes change p, of different columns a c. Of one
 * lane and column, in rows d apart and differing by x, they change b by d·x, unless that is 0 mod 2^64; then, as
 * d < 2^14, the lower half of x is zero, and the two r change in their upper halves: by y and -y, and e changes by d·y
 * with 0 < |d·y| < 2^46; or, where one of them wraps and not the other, by amounts that add up to 2^32 or -2^32, and q
 * changes. The same holds for any two aligned parts of words exchanged, of 8, 16 or 32 bits. So the sums see every one
 * of these with certainty, and other damage as well as 896 bits of sums can; mixing them into 64 bits leaves a chance
 * of about 2^-64.
 */
import { mix } from "./checksum-mix.ts";

const wordMask = (1n << 64n) - 1n;
const sumNames = ["c0", "c1", "c2", "p", "b", "q", "e"] as const;

/** The two halves of the checksum, each an unsigned 32-bit number. */
export function referenceChecksum(payload: Uint8Array): [number, number] {
  const padded = Buffer.alloc(Math.ceil(payload.length / 128) * 128);
  padded.set(payload);
  const lanes = [0, 1].map((lane) => laneSums(padded, lane));
  const words = sumNames.flatMap((name) => lanes.map((sums) => sums[name]));
  const halves = words.flatMap((sum) => [Number(sum & 0xffff_ffffn), Number(sum >> 32n)]);
  return mix(Uint32Array.from(halves), payload.length);
}

function laneSums(padded: Buffer, lane: number): Record<(typeof sumNames)[number], bigint> {
  const sums = { c0: 0n, c1: 0n, c2: 0n, p: 0n, b: 0n, q: 0n, e: 0n };
  const add = (name: keyof typeof sums, value: bigint): void => {
    sums[name] = (sums[name] + value) & wordMask;
  };
  for (let row = 0; row < padded.length; row += 64) {
    const word = (column: number): bigint => padded.readBigUInt64LE(row + 16 * column + 8 * lane);
    const r = (word(0) + word(1) + word(2) + word(3)) & wordMask;
    add("c0", word(0));
    add("c1", word(1));
    add("c2", word(2));
    add("p", r);
    add("b", sums.p);
    add("q", r >> 32n);
    add("e", sums.q);
  }
  return sums;
}
