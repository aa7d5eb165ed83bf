/**
 * The inner loop of the checksum as WebAssembly SIMD, emitted here rather than kept as a blob. What it computes is
 * defined in `checksum-reference.ts`; this adds whole blocks of 128 bytes (two rows) to sums kept in memory.
 *
 *     (func (export "add") (param $at i32) (param $end i32) (param $sums i32)   ;; $at < $end, a multiple of 128 apart
 *       load the seven sums; loop: for both rows, of vectors w0 to w3, all in i64x2
 *         c0 += w0; c1 += w1; c2 += w2; r = w0 + w1 + w2 + w3
 *         p += r; b += p; q += r >> 32; e += q
 *       store the sums)
 *
 * That is 11 additions and a shift for 64 bytes. Unrolled further, or with rows of eight vectors, it was slower.
 */
export const blockBytes = 128;
const rowBytes = 64;
const sumCount = 7;
/** c0, c1, c2, p, b, q, e, of two 64-bit lanes each. */
export const sumsBytes = sumCount * 16;

type Code = number[];

const AT = 0;
const END = 1;
const SUMS = 2;
const C = 3;
const P = 6;
const B = 7;
const Q = 8;
const E = 9;
/** Three vectors of the row at hand; the first becomes r. */
const W = 10;

const v128Load = 0;
const v128Store = 11;
const i64x2ShrU = 0xcd;
const i64x2Add = 0xce;

export function checksumModuleBytes(): Uint8Array<ArrayBuffer> {
  const sums = Array.from({ length: sumCount }, (_, index) => index);
  const body = code(
    [1, sumCount + 3, 0x7b], // The v128 locals: the sums and the vectors at hand.
    ...sums.map((index) => code(get(SUMS), simd(v128Load), 4, unsigned(16 * index), set(C + index))),
    [0x03, 0x40], // loop
    addRow(0),
    addRow(rowBytes),
    get(AT),
    [0x41, ...signed(blockBytes), 0x6a], // i32.const, i32.add
    [0x22, AT, ...get(END), 0x47, 0x0d, 0, 0x0b], // local.tee, i32.ne, br_if 0, end
    ...sums.map((index) => code(get(SUMS), get(C + index), simd(v128Store), 4, unsigned(16 * index))),
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

function addRow(offset: number): Code {
  const columns = [0, 1, 2].map((column) =>
    code(load(offset + 16 * column), tee(W + column), get(C + column), simd(i64x2Add), set(C + column)),
  );
  return code(
    ...columns,
    code(load(offset + 48), get(W), simd(i64x2Add)),
    code(get(W + 1), get(W + 2), simd(i64x2Add), simd(i64x2Add), tee(W)),
    code(get(P), simd(i64x2Add), tee(P), get(B), simd(i64x2Add), set(B)),
    code(get(W), 0x41, 32, simd(i64x2ShrU)),
    code(get(Q), simd(i64x2Add), tee(Q), get(E), simd(i64x2Add), set(E)),
  );
}

/** The vector at this offset from the row's block; 0 promises no alignment. */
function load(offset: number): Code {
  return code(get(AT), simd(v128Load), 0, unsigned(offset));
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
