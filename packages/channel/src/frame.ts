/**
 * The wire format, version 1. Integers are little-endian.
 *
 * The dialler begins with a preamble of 8 bytes: "GDWT", the version as one byte, three zeros. All else, in both
 * directions, is frames: a header of 64 bytes, the payload, and zeros up to a multiple of 64 bytes. So every payload of a
 * connection lies 64-aligned in its stream, which the kernel copies half as fast again as one that does not.
 *
 *     0   u8   type
 *     1   u8   flags, 0 in this version
 *     2   u48  sequence
 *     8   u32  length of the payload in bytes
 *     12  u64  checksum of the payload (checksum-reference.ts; low half first)
 *     20  u32  CRC-32 (as in zlib) of bytes 0 to 19
 *     24       zeros
 *
 * | type | name | from | sequence | payload |
 * |---|---|---|---|---|
 * | 1 | chunk | source | next | 1 to 1,048,576 bytes of the stream |
 * | 2 | round-end | source | next | `{ round }` |
 * | 3 | switchover | source | next | none |
 * | 4 | end | source | next | `{ digest, stream }`: the back end's digest of its state; the running digest |
 * | 5 | grant | source | next | `{ epoch }` |
 * | 16 | hello | destination | 0 | `{ migration, device, stream, ticket, resumeFrom }` |
 * | 17 | welcome | source | 0 | none |
 * | 18 | ack | destination | the last one dealt with | none |
 * | 19 | loaded | destination | 0 | `{ epoch, digest }` |
 * | 20, 21 | ping, pong | source, destination | the ping's number | none |
 * | 22 | error | both | 0 | `{ code, detail, reason? }`: an error code of errors.ts; the connection ends |
 * | 23 | close | both | 0 | none; the channel is over in an orderly way |
 *
 * Payloads other than a chunk's are JSON in UTF-8, 4,096 bytes at most. "Next" counts types 1 to 5 from 1, without a
 * gap and across connections. A connection begins with hello; the source answers `welcome` and sends from frame
 * `resumeFrom` on, or answers `error`. Frames sent again are the same, bit for bit. The running digest is SHA-256, in
 * lower-case hexadecimal, over the headers of all chunk frames of the stream in order; as each holds its payload's
 * checksum, it stands for the whole stream.
 */
import { crc32 } from "node:zlib";
import { ChannelError } from "./errors.ts";

export const protocolVersion = 1;
export const preambleBytes = 8;
export const headerBytes = 64;
/** Bytes of a header that say something; zeros follow. */
const headerFields = 24;
/** Large enough that what is done once a frame costs next to nothing. */
export const chunkPayloadLimit = 1024 * 1024;
export const controlPayloadLimit = 4096;
const sequenceLimit = 2 ** 48 - 1;

export const frameTypes = {
  chunk: 1,
  "round-end": 2,
  switchover: 3,
  end: 4,
  grant: 5,
  hello: 16,
  welcome: 17,
  ack: 18,
  loaded: 19,
  ping: 20,
  pong: 21,
  error: 22,
  close: 23,
} as const;

export type FrameType = keyof typeof frameTypes;

export const frameTypeNames: FrameType[] = Object.keys(frameTypes).filter(isFrameType);

const namesOfTypes = new Map<number, FrameType>(frameTypeNames.map((name) => [frameTypes[name], name]));

export interface Header {
  type: FrameType;
  sequence: number;
  /** Of the payload, in bytes. */
  length: number;
  /** The two halves of the payload's checksum. */
  checksum: readonly [number, number];
}

export const preamble: Uint8Array = Uint8Array.from([0x47, 0x44, 0x57, 0x54, protocolVersion, 0, 0, 0]);

/** Throws `bad-hello` or `version-mismatch`. */
export function checkPreamble(bytes: Uint8Array): void {
  if (preamble.subarray(0, 4).some((byte, index) => bytes[index] !== byte) || bytes[5] || bytes[6] || bytes[7]) {
    throw new ChannelError("bad-hello", "what was dialled in does not begin with the preamble of a channel");
  }
  if (bytes[4] !== protocolVersion) {
    throw new ChannelError("version-mismatch", `the peer speaks version ${bytes[4]}, this side ${protocolVersion}`);
  }
}

export function encodeHeader(header: Header): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes[0] = frameTypes[header.type];
  bytes[1] = 0;
  bytes.writeUIntLE(header.sequence, 2, 6);
  bytes.writeUInt32LE(header.length, 8);
  bytes.writeUInt32LE(header.checksum[0], 12);
  bytes.writeUInt32LE(header.checksum[1], 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
  return bytes;
}

/** Of the first 64 bytes. Throws `bad-frame` or `oversized-frame`. */
export function decodeHeader(bytes: Buffer): Header {
  const check = crc32(bytes.subarray(0, 20));
  if (bytes.readUInt32LE(20) !== check) throw new ChannelError("bad-frame", "a frame's header fails its check");
  requireZeros(bytes.subarray(headerFields, headerBytes));
  const type = namesOfTypes.get(bytes[0] ?? 0);
  if (type === undefined) throw new ChannelError("bad-frame", `frames of type ${bytes[0]} do not exist`);
  if (bytes[1] !== 0) throw new ChannelError("bad-frame", `a frame has the unknown flags ${bytes[1]}`);
  const length = bytes.readUInt32LE(8);
  const limit = type === "chunk" ? chunkPayloadLimit : controlPayloadLimit;
  if (length > limit) throw new ChannelError("oversized-frame", `a ${type} frame has ${length} bytes, over ${limit}`);
  if (type === "chunk" && length === 0) throw new ChannelError("bad-frame", "a chunk frame has no payload");
  return {
    type,
    sequence: bytes.readUIntLE(2, 6),
    length,
    checksum: [bytes.readUInt32LE(12), bytes.readUInt32LE(16)],
  };
}

/** The zeros behind a payload of this length. */
export function paddingOf(length: number): Uint8Array {
  return zeros.subarray(0, (headerBytes - (length % headerBytes)) % headerBytes);
}

/** What fills a frame up carries nothing, and is held to it. Throws `bad-frame`. */
export function requireZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw new ChannelError("bad-frame", "what fills a frame up is not zeros");
}

const zeros = new Uint8Array(headerBytes);

function isFrameType(name: string): name is FrameType {
  return name in frameTypes;
}

/** Of a number that goes on the wire as a sequence. */
export function isSequence(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= sequenceLimit;
}
