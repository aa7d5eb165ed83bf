/**
 * What a source has taken and not got rid of yet: chunks and control messages that wait, then the frames cut from them,
 * kept until acknowledged so that they can be sent again, bit for bit.
 */
import { createHash } from "node:crypto";
import type { Arena } from "./arena.ts";
import { ChannelError } from "./errors.ts";
import { chunkPayloadLimit, encodeHeader, type FrameType, headerBytes } from "./frame.ts";
import { controlFrame } from "./messages.ts";

export interface OutgoingFrame {
  sequence: number;
  header: Buffer;
  payload: Uint8Array;
  /** Bytes of the stream in it. */
  chunkBytes: number;
  /** With a chunk's last frame: the chunk, to be recycled. */
  chunk: Uint8Array | undefined;
}

type Waiting =
  | { type: "chunk"; bytes: Uint8Array; at: number }
  | { type: Exclude<FrameType, "chunk">; message: object | undefined };

export class Outbox {
  readonly #arena: Arena;
  readonly #waiting: Waiting[] = [];
  /** Frames with contiguous sequences, from the first that is not acknowledged. */
  readonly #kept: OutgoingFrame[] = [];
  /** Index in `#kept` of the frame to send next; beyond its end a new one is cut. */
  #cursor = 0;
  #cutSequence = 0;
  #ackedSequence = 0;
  #waitingBytes = 0;
  #keptBytes = 0;
  #ackedBytes = 0;
  #sentBytes = 0;
  readonly #digest = createHash("sha256");

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Bytes of chunks in frames not yet cut. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes of chunks not acknowledged. */
  get queuedBytes(): number {
    return this.#waitingBytes + this.#keptBytes;
  }

  get ackedBytes(): number {
    return this.#ackedBytes;
  }

  /** Bytes of chunks that `next` has given out, each once. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get ackedSequence(): number {
    return this.#ackedSequence;
  }

  /** Something has been sent and is not acknowledged. */
  get isUnderWay(): boolean {
    return this.#cursor > 0;
  }

  /** `next` would give a frame. */
  get hasNext(): boolean {
    return this.#cursor < this.#kept.length || this.#waiting.length > 0;
  }

  pushChunk(bytes: Uint8Array): void {
    this.#waiting.push({ type: "chunk", bytes, at: 0 });
    this.#waitingBytes += bytes.length;
  }

  pushControl(type: Exclude<FrameType, "chunk">, message?: object): void {
    this.#waiting.push({ type, message });
  }

  /** The frame to send now, if any: one to send again, or a new one of at most `limitBytes` (header included). */
  next(limitBytes: number): OutgoingFrame | undefined {
    const again = this.#kept[this.#cursor];
    const frame = again ?? this.#cut(Math.min(limitBytes - headerBytes, chunkPayloadLimit));
    if (frame === undefined) return undefined;
    if (again === undefined) {
      this.#kept.push(frame);
      this.#keptBytes += frame.chunkBytes;
      this.#sentBytes += frame.chunkBytes;
    }
    this.#cursor += 1;
    return frame;
  }

  /** Frames up to this one have been dealt with. Throws `bad-sequence` for one that has not been sent. */
  acknowledge(sequence: number): void {
    if (sequence > this.#cutSequence) {
      throw new ChannelError("bad-sequence", `frame ${sequence} was acknowledged before it was sent`);
    }
    const count = Math.max(0, sequence - this.#ackedSequence);
    for (const frame of this.#kept.splice(0, count)) {
      this.#keptBytes -= frame.chunkBytes;
      this.#ackedBytes += frame.chunkBytes;
      if (frame.chunk !== undefined) this.#arena.release(frame.chunk);
    }
    this.#ackedSequence += count;
    this.#cursor = Math.max(0, this.#cursor - count);
  }

  /** Continues with frame `sequence`. Throws `cannot-resume` if it is not kept. */
  rewind(sequence: number): void {
    if (sequence <= this.#ackedSequence || sequence > this.#cutSequence + 1) {
      const kept = `${this.#ackedSequence + 1} to ${this.#cutSequence}`;
      throw new ChannelError("cannot-resume", `frame ${sequence} was asked for, and those kept are ${kept}`);
    }
    this.#cursor = sequence - this.#ackedSequence - 1;
  }

  #cut(payloadLimit: number): OutgoingFrame | undefined {
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    this.#cutSequence += 1;
    const sequence = this.#cutSequence;
    if (first.type !== "chunk") {
      this.#waiting.shift();
      const stream = first.type === "end" ? { stream: this.#digest.digest("hex") } : undefined;
      const message = stream === undefined ? first.message : { ...first.message, ...stream };
      return { sequence, ...controlFrame(first.type, sequence, message), chunkBytes: 0, chunk: undefined };
    }
    const payload = first.bytes.subarray(first.at, first.at + payloadLimit);
    const { length } = payload;
    const header = encodeHeader({ type: "chunk", sequence, length, checksum: this.#arena.checksum(payload) });
    this.#digest.update(header);
    first.at += length;
    this.#waitingBytes -= length;
    const isLast = first.at === first.bytes.length;
    if (isLast) this.#waiting.shift();
    return { sequence, header, payload, chunkBytes: length, chunk: isLast ? first.bytes : undefined };
  }
}
