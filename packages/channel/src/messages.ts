/** The payloads of control frames, and whole control frames. */
import type { ChannelKey, Loaded } from "./api.ts";
import { Arena } from "./arena.ts";
import { ChannelError, isChannelErrorCode } from "./errors.ts";
import { controlPayloadLimit, encodeHeader, type FrameType, isSequence } from "./frame.ts";

export interface Hello extends ChannelKey {
  ticket: string;
  resumeFrom: number;
}

export interface StreamEnd {
  digest: string;
  stream: string;
}

/** Sums the payloads of control frames, which lie anywhere. One for the thread; it has no slots. */
const sums = new Arena(0, 0);

export function controlChecksum(payload: Uint8Array): [number, number] {
  return sums.checksum(payload);
}

/** A whole frame that is not a chunk. Throws a `RangeError` if the message is too long for one. */
export function controlFrame(type: FrameType, sequence = 0, message?: object): { header: Buffer; payload: Buffer } {
  const payload = message === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(message));
  if (payload.length > controlPayloadLimit) {
    throw new RangeError(`a ${type} message of ${payload.length} bytes is over ${controlPayloadLimit}`);
  }
  return {
    header: encodeHeader({ type, sequence, length: payload.length, checksum: sums.checksum(payload) }),
    payload,
  };
}

/** A back end's digest must leave room in its frame, whatever characters it is made of. */
export function requireShort(digest: string): void {
  if (digest.length > 512) throw new RangeError("a digest has 512 characters at most");
}

/** An error's frame, with its sentence shortened to what a frame holds. */
export function errorFrame(error: ChannelError): { header: Buffer; payload: Buffer } {
  const reason = error.reason?.slice(0, 100);
  return controlFrame("error", 0, { code: error.code, detail: error.message.slice(0, 500), reason });
}

export function parseHello(payload: Uint8Array): Hello {
  const message = parse("hello", payload);
  const { migration, device, stream, ticket, resumeFrom } = message;
  if (!isText(migration) || !isText(device) || !isText(ticket) || !isSequence(stream) || !isSequence(resumeFrom)) {
    throw new ChannelError("bad-hello", "a hello lacks a field or has one of a wrong type");
  }
  return { migration, device, stream, ticket, resumeFrom };
}

export function parseLoaded(payload: Uint8Array): Loaded {
  const { epoch, digest } = parse("loaded", payload);
  if (!isWhole(epoch) || !isText(digest)) throw malformed("loaded");
  return { epoch, digest };
}

export function parseEnd(payload: Uint8Array): StreamEnd {
  const { digest, stream } = parse("end", payload);
  if (!isText(digest) || !isText(stream)) throw malformed("end");
  return { digest, stream };
}

/** A message whose only field is a whole number. */
export function parseNumber(type: FrameType, field: string, payload: Uint8Array): number {
  const value = parse(type, payload)[field];
  if (!isWhole(value)) throw malformed(type);
  return value;
}

/** The error that the peer reports, to be thrown here as well. */
export function parseError(payload: Uint8Array): ChannelError {
  const { code, detail, reason } = parse("error", payload);
  if (!isChannelErrorCode(code) || !isText(detail)) throw malformed("error");
  return new ChannelError(code, detail, { reason: isText(reason) ? reason : undefined });
}

function parse(type: FrameType, payload: Uint8Array): Record<string, unknown> {
  let message: unknown;
  try {
    message = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
  } catch {
    throw malformed(type);
  }
  if (!isObject(message)) throw malformed(type);
  return message;
}

function malformed(type: FrameType): ChannelError {
  return new ChannelError("bad-frame", `the payload of a ${type} frame makes no sense`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
