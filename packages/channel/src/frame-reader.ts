/**
 * Turns the bytes of a connection into verified frames. The reader says where the next bytes shall go (`target`), so
 * that a chunk's payload is read from the socket straight into its slot. A read may take in the next header behind the
 * payload: one system call per frame while the stream flows.
 */
import type { Arena } from "./arena.ts";
import { ChannelError } from "./errors.ts";
import {
  checkPreamble,
  chunkPayloadLimit,
  controlPayloadLimit,
  decodeHeader,
  type Header,
  headerBytes,
  paddingOf,
  preambleBytes,
  requireZeros,
} from "./frame.ts";
import { controlChecksum } from "./messages.ts";

/** What one slot of a receiver's arena must hold: a payload and the header behind it. */
export const receiveSlotBytes = chunkPayloadLimit + headerBytes;

/** Small enough that what was read is still in the cache for its checksum. */
const readLimitBytes = 256 * 1024;

export interface Frame {
  header: Header;
  /** As it came. Valid during the call. */
  headerBytes: Uint8Array;
  /** A chunk's payload is a slot of the arena and the receiver's to release; any other is valid during the call. */
  payload: Uint8Array;
}

export interface ReaderOptions {
  /** Where chunks go; without it chunks are refused. Whoever reads on must see to it that it has a free slot. */
  arena?: Arena;
  expectPreamble?: boolean;
  onFrame(frame: Frame): void;
}

export class FrameReader {
  readonly #options: ReaderOptions;
  /** Holds the preamble or a header, and behind it the payload of a control frame. */
  readonly #head = Buffer.alloc(headerBytes + controlPayloadLimit);
  #expectPreamble: boolean;
  #header: Header | undefined;
  #slot: Uint8Array | undefined;
  /** Bytes there are of what is being read: of the slot if there is one, else of the head. */
  #filled = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#expectPreamble = options.expectPreamble ?? false;
  }

  /** Where the next bytes of the connection shall go; never empty. */
  get target(): Uint8Array {
    if (this.#slot !== undefined && this.#header !== undefined) {
      const { buffer, byteOffset } = this.#slot;
      const left = padded(this.#header) + headerBytes - this.#filled;
      return new Uint8Array(buffer, byteOffset + this.#filled, Math.min(left, readLimitBytes));
    }
    return this.#head.subarray(this.#filled, this.#headNeeds());
  }

  /** The first `count` bytes of the target are there. Throws the `ChannelError` of what is wrong with them. */
  filled(count: number): void {
    this.#filled += count;
    if (this.#slot === undefined) this.#readHead();
    else this.#readSlot(this.#slot);
  }

  /** The same for bytes that were read elsewhere. */
  feed(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const target = this.target;
      const piece = bytes.subarray(at, at + target.length);
      target.set(piece);
      at += piece.length;
      this.filled(piece.length);
    }
  }

  /** Gives back the slot of a frame that will not be completed. */
  discard(): void {
    if (this.#slot !== undefined) this.#options.arena?.release(this.#slot);
    this.#slot = undefined;
  }

  #headNeeds(): number {
    if (this.#expectPreamble) return preambleBytes;
    return headerBytes + (this.#header === undefined ? 0 : padded(this.#header));
  }

  #readHead(): void {
    if (this.#filled < this.#headNeeds()) return;
    if (this.#expectPreamble) {
      checkPreamble(this.#head);
      this.#expectPreamble = false;
      this.#filled = 0;
      return;
    }
    this.#header ??= decodeHeader(this.#head);
    if (this.#header.type === "chunk") this.#beginChunk();
    else if (this.#filled === this.#headNeeds()) {
      const payload = this.#head.subarray(headerBytes, headerBytes + this.#header.length);
      requireZeros(this.#head.subarray(headerBytes + this.#header.length, this.#filled));
      verify(this.#header, controlChecksum(payload));
      this.#deliver(this.#header, payload);
      this.#filled = 0;
    }
  }

  #beginChunk(): void {
    const { arena } = this.#options;
    if (arena === undefined) throw new ChannelError("unexpected-frame", "a chunk came from the side that takes them");
    this.#slot = arena.take();
    if (this.#slot === undefined) throw new Error("the connection was read on without a free slot");
    arena.startChecksum(this.#slot.byteOffset);
    this.#filled = 0;
  }

  #readSlot(slot: Uint8Array): void {
    const { arena } = this.#options;
    const header = this.#header;
    if (header === undefined || arena === undefined) throw new Error("a slot is in use without a header");
    const whole = padded(header);
    if (this.#filled < whole) {
      arena.reached(Math.min(this.#filled, header.length));
      return;
    }
    const payload = new Uint8Array(slot.buffer, slot.byteOffset, header.length);
    const surplus = Buffer.from(slot.buffer, slot.byteOffset + whole, this.#filled - whole);
    requireZeros(new Uint8Array(slot.buffer, slot.byteOffset + header.length, whole - header.length));
    verify(header, arena.finishChecksum(header.length));
    this.#slot = undefined;
    this.#deliver(header, payload);
    this.#filled = surplus.copy(this.#head);
    this.#readHead();
  }

  #deliver(header: Header, payload: Uint8Array): void {
    this.#header = undefined;
    this.#options.onFrame({ header, headerBytes: this.#head.subarray(0, headerBytes), payload });
  }
}

/** What a payload takes up on the wire. */
function padded({ length }: Header): number {
  return length + paddingOf(length).length;
}

function verify(header: Header, checksum: readonly [number, number]): void {
  if (checksum[0] === header.checksum[0] && checksum[1] === header.checksum[1]) return;
  throw new ChannelError("checksum-mismatch", `the payload of ${header.type} frame ${header.sequence} is damaged`);
}
