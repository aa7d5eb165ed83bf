import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StreamReader } from "./stream-reader.ts";

const longMs = 5_000;
const shortMs = 10;
const mib = 1024 * 1024;

let folder: string;
let server: Server;
let writer: Socket;
let reader: StreamReader;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-stream-"));
  server = createServer({ pauseOnConnect: true }).listen(join(folder, "socket"));
  await once(server, "listening");
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  writer = connect(join(folder, "socket"));
  reader = new StreamReader(await accepted);
});

afterEach(async () => {
  writer.destroy();
  server.close();
  await rm(folder, { recursive: true });
});

async function bytesOf(count: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (let length = 0; length < count && !reader.ended;) {
    const chunk = (await reader.next(longMs)) ?? Buffer.alloc(0);
    length += chunk.length;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function textOf(count: number): Promise<string> {
  return (await bytesOf(count)).toString();
}

describe("a stream", () => {
  test("Q13: holds its writer up no more once it is discarded, and keeps nothing of what comes", async () => {
    writer.write(randomBytes(16 * mib));
    expect((await bytesOf(mib)).length).toBeLessThan(3 * mib);
    reader.discard();
    const isWritten = new Promise((resolve) => writer.write("the end", resolve));
    await isWritten;
    const kept = (await reader.next(shortMs)) ?? Buffer.alloc(0);
    expect(kept.length).toBeLessThanOrEqual(mib);
    expect(await reader.next(shortMs)).toBeUndefined();
  });

  test("comes in memory of whoever reads it, but for little pieces", async () => {
    const given: Uint8Array[] = [];
    const allocate = (size: number) => {
      const memory = new Uint8Array(size);
      given.push(memory);
      return memory;
    };
    const bytes = randomBytes(3 * 1024 * 1024 + 5);
    writer.end(bytes);
    const chunks: Uint8Array[] = [];
    while (!reader.ended) chunks.push((await reader.next(longMs, allocate)) ?? new Uint8Array(0));
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    const ours: unknown[] = given.map(({ buffer }) => buffer);
    const elsewhere = chunks.filter(({ length, buffer }) => length >= 128 * 1024 && !ours.includes(buffer));
    expect(elsewhere).toEqual([]);
  });

  test("is read in order, and nothing is made up where nothing has come", async () => {
    expect(await reader.next(shortMs)).toBeUndefined();
    writer.write("one");
    expect(await textOf(3)).toBe("one");
    writer.write("two");
    writer.write("three");
    expect(await textOf(8)).toBe("twothree");
    expect(reader.ended).toBe(false);
  });

  test("has ended only when everything has been read", async () => {
    writer.end("last");
    expect(await textOf(4)).toBe("last");
    expect(await reader.next(longMs)).toBeUndefined();
    expect(reader.ended).toBe(true);
  });

  test("is read ahead up to a bound: what is beyond it waits, and is not lost", async () => {
    let takenBytes = 0;
    const allocate = (size: number) => {
      takenBytes += size;
      return new Uint8Array(size);
    };
    expect(await reader.next(shortMs, allocate)).toBeUndefined();
    const written = randomBytes(16 * mib);
    reader.gather(2 * mib);
    writer.write(written);
    // Every turn could bring some of it: all of it would have come in far fewer.
    for (let turn = 0; turn < 2_000; turn += 1) await new Promise(setImmediate);
    expect(takenBytes).toBeGreaterThanOrEqual(2 * mib);
    // The last read may have gone beyond it.
    expect(takenBytes).toBeLessThanOrEqual(3 * mib);
    expect((await bytesOf(written.length)).equals(written)).toBe(true);
  });

  test("is read ahead no longer once that is over, and tells what it holds until then", async () => {
    expect(reader.heldBytes).toBe(0);
    reader.gather(2 * mib);
    writer.write(randomBytes(16 * mib));
    for (let turn = 0; turn < 2_000; turn += 1) await new Promise(setImmediate);
    expect(reader.heldBytes).toBeGreaterThanOrEqual(2 * mib);
    reader.gather(0);
    const held = reader.heldBytes;
    let handedOn = 0;
    while (reader.heldBytes > mib) handedOn += (await reader.next(longMs))?.length ?? 0;
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    // Nothing came in for what was handed on, but for what may fill one chunk again.
    expect(handedOn).toBeGreaterThanOrEqual(held - mib);
    expect(reader.heldBytes).toBeLessThanOrEqual(2 * mib);
    await bytesOf(16 * mib - handedOn);
  });

  test("has ended when the connection breaks", async () => {
    writer.destroy();
    expect(await reader.next(longMs)).toBeUndefined();
    expect(reader.ended).toBe(true);
  });

  test("holds up whoever writes while nobody reads", async () => {
    const blocks = 64;
    let taken = 0;
    for (let block = 0; block < blocks; block += 1) writer.write(Buffer.alloc(65_536), () => (taken += 1));
    const first = (await reader.next(longMs))?.length ?? 0;
    expect(first).toBeGreaterThan(0);
    expect(taken).toBeLessThan(blocks);
    expect((await bytesOf(blocks * 65_536 - first)).length).toBe(blocks * 65_536 - first);
  });

  test("is read ahead while it is gathered, and what was gathered comes first", async () => {
    const block = Buffer.alloc(1024 * 1024, "a");
    reader.gather();
    writer.write(block);
    await new Promise<void>((resolve) => writer.write(block, () => resolve()));
    writer.end("end");
    const all = await textOf(2 * block.length + 3);
    expect(all.endsWith("aend")).toBe(true);
    expect(all.length).toBe(2 * block.length + 3);
  });
});
