/**
 * What the checksum of a payload is, in plain code: the definition that the fast path is held against.
 *
 * The payload, padded with zeros to whole blocks of 128 bytes, is read as little-endian 64-bit words in eight lanes:
 * word n belongs to lane n % 8. Each lane keeps four sums; for each of its words w, in order:
 *
 *     a += w   b += a   (mod 2^64)      c += w >> 48   d += c   (mod 2^32)
 *
 * Any change within one word changes its a. Two words exchanged across lanes change a; within a lane, d stripes apart
 * and differing by x, they change b by d·x, unless that is 0 mod 2^64: then x is so large a power of two that the upper
 * 16 bits of the words differ, by y, and d·y changes the sum d, as |d·y| < 2^14 · 2^16. The same holds for any two
 * aligned parts of words exchanged. So the sums see every one of these with certainty, and other damage as well as 1.5
 * kilobits of sums can; mixing them into 64 bits leaves a chance of about 2^-64.
 */
import { mix } from "./checksum-mix.ts";

const lanes = 8;
const wordMask = (1n << 64n) - 1n;

/** The two halves of the checksum, each an unsigned 32-bit number. */
export function referenceChecksum(payload: Uint8Array): [number, number] {
  const padded = Buffer.alloc(Math.ceil(payload.length / 128) * 128);
  padded.set(payload);
  const a = Array.from({ length: lanes }, () => 0n);
  const b = Array.from({ length: lanes }, () => 0n);
  const c = new Uint32Array(lanes);
  const d = new Uint32Array(lanes);
  for (let word = 0; word < padded.length / 8; word += 1) {
    const lane = word % lanes;
    const value = padded.readBigUInt64LE(word * 8);
    a[lane] = ((a[lane] ?? 0n) + value) & wordMask;
    b[lane] = ((b[lane] ?? 0n) + (a[lane] ?? 0n)) & wordMask;
    c[lane] = (c[lane] ?? 0) + Number(value >> 48n);
    d[lane] = (d[lane] ?? 0) + (c[lane] ?? 0);
  }
  const halves = [...a, ...b].flatMap((sum) => [Number(sum & 0xffff_ffffn), Number(sum >> 32n)]);
  return mix(Uint32Array.from([...halves, ...c, ...d]), payload.length);
}
