import { blockBytes } from "./blocks.ts";
import { type Bytes, toPath } from "./bytes.ts";
import { BadStreamError } from "./errors.ts";
import type { Attributes, Kind } from "./tree.ts";

/**
 * Format 1 of the stream: records (`records` of @godwit/backend), each one change to the tree at the destination. The
 * first byte is the type; integers are little-endian. A name is a length byte and as many bytes, attributes are mode
 * u16, uid u32, gid u32, mtime in microseconds i64, size u64.
 *
 *   make    id u32 (in order from 1), parent u32, kind u8, attributes, name, then the target of a symlink, or the content of a file of
 *           up to one block; a file without content is zeros so far
 *   change  id u32, attributes
 *   data    id u32, offset u64 (of a block), whole blocks (the last may end where the file does)
 *   zero    id u32, offset u64, length u64: whole blocks that are zeros now
 *   link    id u32, parent u32, name: one more name, or the place of what was detached
 *   detach  parent u32, name: takes an entry from its place; it is kept for a `link` to come
 *   remove  id u32: with all its names; a directory is empty by then
 *   end     nodes u32: the tree is whole and has so many nodes. The last record of the final part.
 */
export type Change =
  | { type: "make"; id: number; parent: number; kind: Kind; attributes: Attributes; name: Bytes; payload: Buffer }
  | { type: "change"; id: number; attributes: Attributes }
  | { type: "data"; id: number; offset: number; content: Buffer }
  | { type: "zero"; id: number; offset: number; length: number }
  | { type: "link"; id: number; parent: number; name: Bytes }
  | { type: "detach"; parent: number; name: Bytes }
  | { type: "remove"; id: number }
  | { type: "end"; nodes: number };

/** Content in one `data` record. */
export const dataBytes = 7 * blockBytes;
/** Room that a record takes besides its content or target: the longest header with the longest name. */
export const headBytes = 320;
export const recordLimit = dataBytes + headBytes;

const types = ["make", "change", "data", "zero", "link", "detach", "remove", "end"] as const;
const kinds = ["file", "directory", "symlink", "fifo"] as const;
const attributeBytes = 26;

/**
 * Writes the record's head, with its length, into `into` and returns the bytes written. `payloadBytes` of content are to
 * follow directly.
 */
export function writeHead(change: Change, into: Buffer, payloadBytes: number): number {
  into[4] = types.indexOf(change.type);
  let at = 5;
  switch (change.type) {
    case "make":
      at = into.writeUInt32LE(change.id, at);
      at = into.writeUInt32LE(change.parent, at);
      at = into.writeUInt8(kinds.indexOf(change.kind), at);
      at = writeAttributes(change.attributes, into, at);
      at = writeName(change.name, into, at);
      break;
    case "change":
      at = into.writeUInt32LE(change.id, at);
      at = writeAttributes(change.attributes, into, at);
      break;
    case "data":
      at = into.writeUInt32LE(change.id, at);
      at = into.writeBigUInt64LE(BigInt(change.offset), at);
      break;
    case "zero":
      at = into.writeUInt32LE(change.id, at);
      at = into.writeBigUInt64LE(BigInt(change.offset), at);
      at = into.writeBigUInt64LE(BigInt(change.length), at);
      break;
    case "link":
      at = into.writeUInt32LE(change.id, at);
      at = into.writeUInt32LE(change.parent, at);
      at = writeName(change.name, into, at);
      break;
    case "detach":
      at = into.writeUInt32LE(change.parent, at);
      at = writeName(change.name, into, at);
      break;
    case "remove":
      at = into.writeUInt32LE(change.id, at);
      break;
    case "end":
      at = into.writeUInt32LE(change.nodes, at);
      break;
  }
  into.writeUInt32LE(at - 4 + payloadBytes, 0);
  return at;
}

/** One record without its length. Views of `bytes` in it are valid as long as these are. @throws {BadStreamError} */
export function readChange(bytes: Uint8Array): Change {
  const reader = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const type = types[reader.u8()];
  if (type === undefined) throw new BadStreamError("A record is of an unknown type");
  switch (type) {
    case "make": {
      const [id, parent, kind] = [reader.u32(), reader.u32(), kinds[reader.u8()]];
      if (kind === undefined) throw new BadStreamError("A record makes a node of an unknown kind");
      return { type, id, parent, kind, attributes: reader.attributes(), name: reader.name(), payload: reader.rest() };
    }
    case "change":
      return reader.last({ type, id: reader.u32(), attributes: reader.attributes() });
    case "data":
      return { type, id: reader.u32(), offset: reader.u64(), content: reader.rest() };
    case "zero":
      return reader.last({ type, id: reader.u32(), offset: reader.u64(), length: reader.u64() });
    case "link":
      return reader.last({ type, id: reader.u32(), parent: reader.u32(), name: reader.name() });
    case "detach":
      return reader.last({ type, parent: reader.u32(), name: reader.name() });
    case "remove":
      return reader.last({ type, id: reader.u32() });
    case "end":
      return reader.last({ type, nodes: reader.u32() });
  }
}

function writeAttributes(attributes: Attributes, into: Buffer, at: number): number {
  into.writeUInt16LE(attributes.mode, at);
  into.writeUInt32LE(attributes.uid, at + 2);
  into.writeUInt32LE(attributes.gid, at + 6);
  into.writeBigInt64LE(BigInt(attributes.mtimeUs), at + 10);
  into.writeBigUInt64LE(BigInt(attributes.size), at + 18);
  return at + attributeBytes;
}

function writeName(name: Bytes, into: Buffer, at: number): number {
  const bytes = toPath(name);
  into[at] = bytes.length;
  return at + 1 + bytes.copy(into, at + 1);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): number {
    return safe(this.#bytes.readBigUInt64LE(this.#take(8)));
  }

  attributes(): Attributes {
    const at = this.#take(attributeBytes);
    const mode = this.#bytes.readUInt16LE(at);
    if (mode > 0o7777) throw new BadStreamError("A mode in the stream is none");
    return {
      mode,
      uid: this.#bytes.readUInt32LE(at + 2),
      gid: this.#bytes.readUInt32LE(at + 6),
      mtimeUs: safe(this.#bytes.readBigInt64LE(at + 10)),
      size: safe(this.#bytes.readBigUInt64LE(at + 18)),
    };
  }

  name(): Bytes {
    const length = this.u8();
    const at = this.#take(length);
    return this.#bytes.toString("latin1", at, at + length);
  }

  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  last<T>(change: T): T {
    if (this.#at !== this.#bytes.length) throw new BadStreamError("A record is longer than its type");
    return change;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw new BadStreamError("A record is shorter than its type");
    this.#at += length;
    return at;
  }
}

function safe(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new BadStreamError("A number in the stream is out of range");
  return number;
}
