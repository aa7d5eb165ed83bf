/**
 * The inner loop of the checksum as WebAssembly SIMD, emitted here rather than kept as a blob. What it computes is
 * defined in `checksum-reference.ts`; this adds whole blocks of 128 bytes (two stripes) to sums kept in memory.
 *
 *     (func (export "add") (param $at i32) (param $end i32) (param $sums i32)   ;; $at < $end, a multiple of 128 apart
 *       load the twelve sums; loop: for both stripes, for its four vectors w
 *         a[i] += w; b[i] += a[i]                                               ;; i64x2
 *         and for each two vectors: t = the upper halves of their four words >> 16; c += t; d += c      ;; i32x4
 *       store the sums)
 */
export const blockBytes = 128;
export const stripeBytes = 64;
/** a0..a3, b0..b3 (two 64-bit lanes each), c0, c1, d0, d1 (four 32-bit lanes each). */
export const sumsBytes = 12 * 16;

type Code = number[];

const AT = 0;
const END = 1;
const SUMS = 2;
const A = 3;
const B = 7;
const C = 11;
const D = 13;
const W = 15;

const v128Load = 0;
const v128Store = 11;
const i8x16Shuffle = 13;
const i32x4ShrU = 0xad;
const i32x4Add = 0xae;
const i64x2Add = 0xce;

export function checksumModuleBytes(): Uint8Array<ArrayBuffer> {
  const vectors = Array.from({ length: 12 }, (_, index) => index);
  const body = code(
    [1, 14, 0x7b], // Fourteen v128 locals: the twelve sums and the two vectors at hand.
    ...vectors.map((index) => code(get(SUMS), simd(v128Load), 4, unsigned(16 * index), set(A + index))),
    [0x03, 0x40], // loop
    addStripe(0),
    addStripe(stripeBytes),
    get(AT),
    [0x41, ...signed(blockBytes), 0x6a], // i32.const, i32.add
    [0x22, AT, ...get(END), 0x47, 0x0d, 0, 0x0b], // local.tee, i32.ne, br_if 0, end
    ...vectors.map((index) => code(get(SUMS), get(A + index), simd(v128Store), 4, unsigned(16 * index))),
    0x0b,
  );
  return Uint8Array.from(
    code(
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [0x60, 3, 0x7f, 0x7f, 0x7f, 0]), // (i32, i32, i32) -> ()
      section(2, code(name("env"), name("memory"), 2, 0, 1)),
      section(3, [0]),
      section(7, code(name("add"), 0, 0)),
      section(10, code(unsigned(body.length), body)),
    ),
  );
}

function addStripe(offset: number): Code {
  return code(addVectors(offset, 0), addVectors(offset + 32, 2));
}

/** Adds vectors `index` and `index + 1` of a stripe. */
function addVectors(offset: number, index: number): Code {
  const pair = index >> 1;
  const upperHalves = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];
  return code(
    addVector(offset, index, W),
    addVector(offset + 16, index + 1, W + 1),
    code(get(W), get(W + 1), simd(i8x16Shuffle), upperHalves),
    code(0x41, 16, simd(i32x4ShrU)),
    code(get(C + pair), simd(i32x4Add), tee(C + pair)),
    code(get(D + pair), simd(i32x4Add), set(D + pair)),
  );
}

function addVector(offset: number, index: number, keepIn: number): Code {
  return code(
    code(get(AT), simd(v128Load), 0, unsigned(offset), tee(keepIn)),
    code(get(A + index), simd(i64x2Add), tee(A + index)),
    code(get(B + index), simd(i64x2Add), set(B + index)),
  );
}

function code(...parts: (number | Code)[]): Code {
  return parts.flat();
}

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local];
const simd = (operation: number): Code => [0xfd, ...unsigned(operation)];

/** A section that holds a vector of one entry. */
function section(id: number, entry: Code): Code {
  return [id, ...unsigned(entry.length + 1), 1, ...entry];
}

function name(text: string): Code {
  return [text.length, ...Buffer.from(text, "latin1")];
}

function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const last = value >= -64 && value < 64;
  return last ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
