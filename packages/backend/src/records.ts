/**
 * Records in a stream of bytes that keeps no borders: each is its length (unsigned, 32 bits, little-endian) and as many
 * bytes. A back end that thinks in records writes with `writeRecord` or `beginRecord` and reads with `records`.
 */
import type { Sink } from "./backend.ts";

/** Bytes that a record has on top of its payload. */
export const recordHeaderBytes = 4;
/** Largest payload unless the caller says otherwise; also what `records` will hold of an unfinished record. */
export const recordLimitBytes = 16 * 1024 * 1024;

/** The stream is not what a writer of records makes: a record of nonsensical length, or an end in the midst of one. */
export class RecordError extends Error {
  override name = "RecordError";
  readonly code = "damaged-stream";
}

/**
 * A record that is filled in where it will be sent from. `payload` is not zeroed and must be filled wholly; `write`
 * hands it over and resolves when the sink wants more.
 */
export interface OutgoingRecord {
  readonly payload: Uint8Array;
  write(): Promise<void>;
}

export function beginRecord(sink: Sink, payloadBytes: number): OutgoingRecord {
  if (payloadBytes < 1 || payloadBytes > recordLimitBytes) {
    throw new RangeError(`A record's payload is 1 to ${recordLimitBytes} bytes, not ${payloadBytes}`);
  }
  const chunk = sink.allocate(recordHeaderBytes + payloadBytes);
  new DataView(chunk.buffer, chunk.byteOffset).setUint32(0, payloadBytes, true);
  return { payload: chunk.subarray(recordHeaderBytes), write: () => sink.write(chunk) };
}

/** Sends the parts, one after the other, as one record. */
export async function writeRecord(sink: Sink, ...parts: Uint8Array[]): Promise<void> {
  const record = beginRecord(
    sink,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    record.payload.set(part, at);
    at += part.length;
  }
  await record.write();
}

/**
 * The payloads of the records in a stream, whatever its chunks. One that lies within a chunk is a view of it, any other
 * is put together in memory that is used again; either is valid until the next is asked for. Throws `RecordError`.
 */
export async function* records(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes = recordLimitBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  const header = new Assembly();
  const payload = new Assembly();
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      if (payload.wanted === 0) {
        header.expect(recordHeaderBytes);
        at += header.take(chunk, at);
        if (header.missing > 0) break;
        payload.expect(lengthIn(header.bytes, limitBytes));
      }
      // Nothing of it has come yet and all of it is here: there is no need to copy.
      const whole = payload.filled === 0 && chunk.length - at >= payload.wanted;
      const record = whole ? chunk.subarray(at, at + payload.wanted) : payload.bytes;
      at += whole ? payload.wanted : payload.take(chunk, at);
      if (!whole && payload.missing > 0) break;
      header.reset();
      payload.reset();
      yield record;
    }
  }
  if (payload.wanted > 0) {
    throw new RecordError(`the stream ends ${payload.filled} bytes into a record of ${payload.wanted}`);
  }
  if (header.filled > 0) throw new RecordError("the stream ends within a record's length");
}

/** Bytes that come in pieces until there are as many as are wanted. */
class Assembly {
  wanted = 0;
  filled = 0;
  #memory = new Uint8Array(0);

  get missing(): number {
    return this.wanted - this.filled;
  }

  get bytes(): Uint8Array {
    if (this.#memory.length < this.wanted) this.#memory = new Uint8Array(this.wanted);
    return this.#memory.subarray(0, this.wanted);
  }

  expect(wanted: number): void {
    this.wanted = wanted;
  }

  /** Takes what it can from `at` on, and returns how much that was. */
  take(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + this.missing);
    this.bytes.set(part, this.filled);
    this.filled += part.length;
    return part.length;
  }

  reset(): void {
    this.wanted = 0;
    this.filled = 0;
  }
}

function lengthIn(header: Uint8Array, limitBytes: number): number {
  const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
  if (length === 0) throw new RecordError("the stream holds a record of no bytes");
  if (length > limitBytes) {
    throw new RecordError(`the stream claims a record of ${length} bytes; at most ${limitBytes} are allowed`);
  }
  return length;
}
