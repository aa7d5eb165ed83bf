import { RecordError, type Sink } from "@godwit/backend";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { KeyValueStore } from "./key-value.ts";
import { MemoryDevice } from "./memory-device.ts";
import { loadPages, sendPages } from "./page-stream.ts";
import { pageBytes, Pages } from "./pages.ts";

const pageCount = 600;

function collector(): Sink & { chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  return {
    chunks,
    budget: Infinity,
    signal: new AbortController().signal,
    allocate: (size) => new Uint8Array(size),
    write: async (chunk) => void chunks.push(chunk),
  };
}

async function* from(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function written(pages: number[]): Pages {
  const memory = new Pages(pageCount * pageBytes);
  for (const page of pages) {
    memory.segmentOf(page).fill((page % 255) + 1, memory.offsetOf(page), memory.offsetOf(page) + pageBytes);
    memory.markWritten(page);
  }
  return memory;
}

const someRuns = fc
  .array(fc.record({ start: fc.nat(pageCount - 1), length: fc.integer({ min: 1, max: 300 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((runs) => runs.flatMap(({ start, length }) => Array.from({ length }, (_, at) => start + at)))
  .map((pages) => pages.filter((page) => page < pageCount));

test("whatever pages were written arrive, and no others are sent", async () => {
  await fc.assert(
    fc.asyncProperty(someRuns, fc.nat(pageCount - 1), async (pages, cursor) => {
      const source = written(pages);
      const sink = collector();
      await sendPages(source, sink, cursor);
      expect(source.dirty.count).toBe(0);
      const sentBytes = sink.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      expect(sentBytes).toBeLessThan((new Set(pages).size + 1) * (pageBytes + 100));
      const target = new Pages(pageCount * pageBytes);
      await loadPages(target, from(sink.chunks));
      expect(target.digest()).toBe(source.digest());
      expect(Buffer.compare(target.segmentOf(0), source.segmentOf(0))).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("a flipped bit is refused or shows in the digest, wherever it is", async () => {
  const source = written([0, 1, 2, 17, 300, 301]);
  const sink = collector();
  await sendPages(source, sink, 0);
  const stream = Buffer.concat(sink.chunks);
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.nat(stream.length - 1), fc.nat(60)), fc.nat(7), async (at, bit) => {
      const damaged = Buffer.from(stream);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
      const target = new Pages(pageCount * pageBytes);
      const outcome = await loadPages(target, from([damaged])).then(
        () => target.digest(),
        (error: unknown) =>
          error instanceof RecordError ? "refused" : Promise.reject(new Error("another failure", { cause: error })),
      );
      outcomes.add(outcome);
    }),
    { numRuns: 300 },
  );
  expect(outcomes).toContain("refused");
  expect(outcomes.size).toBeGreaterThan(2);
  expect(outcomes).not.toContain(source.digest());
});

test("a page that is not the last version shows in the digest", async () => {
  const source = written([3, 4, 5]);
  const [early, late] = [collector(), collector()];
  await sendPages(source, early, 0);
  source.segmentOf(4)[source.offsetOf(4)] = 99;
  source.markWritten(4);
  await sendPages(source, late, 0);
  const target = new Pages(pageCount * pageBytes);
  await loadPages(target, from(early.chunks));
  expect(target.digest()).not.toBe(source.digest());
  await loadPages(target, from(late.chunks));
  expect(target.digest()).toBe(source.digest());
});

test("pages whose write failed are sent again", async () => {
  const source = written([3, 4, 5]);
  const broken = { ...collector(), write: async () => await Promise.reject(new Error("the channel broke")) };
  await expect(sendPages(source, broken, 0)).rejects.toThrow("the channel broke");
  expect([...source.dirty.runs()]).toEqual([{ start: 3, end: 6 }]);
});

test("random bytes are never taken for pages of another memory, nor do they do harm", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const target = new Pages(4 * pageBytes);
      await expect(loadPages(target, from([bytes]))).rejects.toThrow(RecordError);
      expect(target.written.count).toBe(0);
    }),
  );
});

test("a device is not complete unless what was loaded is a store of its size", async () => {
  const device = MemoryDevice.empty(pageCount * pageBytes, { host: "127.0.0.1", port: 1 });
  await expect(device.load(from([]), "final")).rejects.toThrow("holds no key-value store");
});

test("a device that has dropped half a load takes another as if it were fresh", async () => {
  const listen = { host: "127.0.0.1", port: 1 };
  const old = collector();
  await sendPages(written([7, 8, 9]), old, 0);
  const wanted = collector();
  const source = written([3]);
  KeyValueStore.create(source);
  await sendPages(source, wanted, 0);
  const device = MemoryDevice.empty(pageCount * pageBytes, listen);
  await device.load(from(old.chunks), "precopy");
  device.discard();
  expect(device.sizeBytes()).toBe(0);
  await device.load(from(wanted.chunks), "final");
  expect(device.verify()).toEqual({ digest: source.digest() });
});
