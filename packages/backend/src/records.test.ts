import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Sink } from "./backend.ts";
import { beginRecord, recordHeaderBytes, recordLimitBytes, RecordError, records, writeRecord } from "./records.ts";

function collector(): Sink & { bytes(): Uint8Array } {
  const chunks: Uint8Array[] = [];
  return {
    budget: Infinity,
    signal: new AbortController().signal,
    allocate: (size) => new Uint8Array(size),
    write: async (chunk) => void chunks.push(chunk),
    bytes: () => new Uint8Array(Buffer.concat(chunks)),
  };
}

/** Cuts bytes at the given places, over and over. */
async function* cut(bytes: Uint8Array, sizes: number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

async function read(chunks: AsyncIterable<Uint8Array>, limitBytes?: number): Promise<Uint8Array[]> {
  const read: Uint8Array[] = [];
  for await (const record of records(chunks, limitBytes)) read.push(new Uint8Array(record));
  return read;
}

async function stream(payloads: Uint8Array[]): Promise<Uint8Array> {
  const sink = collector();
  for (const payload of payloads) await writeRecord(sink, payload);
  return sink.bytes();
}

const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 20 });

test("records come out as they went in, wherever the stream is cut", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, fc.array(fc.integer({ min: 1, max: 250 }), { minLength: 1 }), async (written, sizes) => {
      expect(await read(cut(await stream(written), sizes))).toEqual(written);
    }),
  );
});

test("a stream that ends anywhere but between two records is refused", async () => {
  await fc.assert(
    fc.asyncProperty(payloads, fc.nat(), fc.integer({ min: 1, max: 50 }), async (written, seed, size) => {
      const whole = await stream(written);
      const borders = written.reduce((all, each) => [...all, (all.at(-1) ?? 0) + each.length + recordHeaderBytes], [0]);
      const end = seed % (whole.length + 1);
      const outcome = await read(cut(whole.subarray(0, end), [size])).then(
        (read) => read.length,
        (error: unknown) => error instanceof RecordError,
      );
      expect(outcome).toBe(borders.includes(end) ? borders.indexOf(end) : true);
    }),
  );
});

test("a record within one chunk is a view of the chunk", async () => {
  const bytes = await stream([Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
  const buffers: ArrayBufferLike[] = [];
  async function* one() {
    yield bytes;
  }
  for await (const record of records(one())) buffers.push(record.buffer);
  expect(buffers).toEqual([bytes.buffer, bytes.buffer]);
  expect(buffers.every((buffer) => buffer === bytes.buffer)).toBe(true);
});

test("a length over the limit is refused before any of it is kept, and so is none", async () => {
  const claim = (length: number) => {
    const header = new Uint8Array(recordHeaderBytes);
    new DataView(header.buffer).setUint32(0, length, true);
    return cut(header, [1]);
  };
  await expect(read(claim(101), 100)).rejects.toThrow("claims a record of 101 bytes; at most 100");
  await expect(read(claim(0xffff_ffff))).rejects.toThrow(`at most ${recordLimitBytes}`);
  await expect(read(claim(0))).rejects.toThrow("a record of no bytes");
});

test("a record is written from several parts, or filled in place", async () => {
  const sink = collector();
  await writeRecord(sink, Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3));
  const record = beginRecord(sink, 2);
  record.payload.set([8, 9]);
  await record.write();
  expect(await read(cut(sink.bytes(), [3]))).toEqual([Uint8Array.of(1, 2, 3), Uint8Array.of(8, 9)]);
});

test("a record without a payload or with too large a one cannot be begun", () => {
  expect(() => beginRecord(collector(), 0)).toThrow(RangeError);
  expect(() => beginRecord(collector(), recordLimitBytes + 1)).toThrow(RangeError);
});
