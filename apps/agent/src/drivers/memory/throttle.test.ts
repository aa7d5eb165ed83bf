import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend, DeviceContext } from "@godwit/backend";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../../../test/support/ports.ts";
import { memoryBackend, type MemoryConfig } from "./index.ts";
import { LineClient } from "./line-client.ts";
import { type LoadHandle, startLoad } from "./load.ts";
import { askAt, contextIn, killableAgent } from "./support/devices.ts";

let root: string;
let endpoint: string;
let ctx: DeviceContext<MemoryConfig>;
let backend: Backend<MemoryConfig>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-memory-"));
  const port = await freePort(["127.0.0.1", "127.0.0.2"]);
  endpoint = `127.0.0.1:${port}`;
  ctx = await contextIn(join(root, "ram"), "127.0.0.1", { sizeBytes: 8 * 1024 ** 2, port });
  backend = memoryBackend();
});

afterEach(async () => {
  await backend.remove(ctx);
  await rm(root, { recursive: true });
});

async function limitPerSec(): Promise<number | undefined> {
  const info: { writesPerSecLimit?: number } = JSON.parse((await askAt(endpoint, "INFO"))[0] ?? "");
  return info.writesPerSecLimit;
}

/** How long so many further writes take to be answered, in seconds. */
async function secondsFor(load: LoadHandle, writes: number): Promise<number> {
  const [since, before] = [performance.now(), load.stats().acknowledged];
  const done = () => expect(load.stats().acknowledged).toBeGreaterThanOrEqual(before + writes);
  await vi.waitFor(done, { timeout: 20_000, interval: 2 });
  return (performance.now() - since) / 1000;
}

test("a throttled guest writes at its share of what it wrote before, loses nothing, and has its speed back at the end", async () => {
  await backend.create(ctx);
  await using load = startLoad({ endpoints: [endpoint], keys: 3000, writesPerSecond: 4000 });
  await secondsFor(load, 10_000);
  await using source = await backend.source(ctx);
  await source.throttle?.(0.75);
  const limit = (await limitPerSec()) ?? Infinity;
  expect(limit).toBeLessThan(1100);
  // What was on its way before is answered before it counts.
  await secondsFor(load, 100);
  expect(1500 / (await secondsFor(load, 1500))).toBeLessThan(limit * 1.3);
  // Who only reads is not held back, and who pipelines is answered everything in its order.
  expect(await askAt(endpoint, ...Array<string>(5000).fill("GET none"))).toEqual(Array<string>(5000).fill("NONE"));
  const pipelined = Array.from({ length: 50 }, (_, at) => [`SET mine ${at}`, "GET mine"]).flat();
  expect(await askAt(endpoint, ...pipelined)).toEqual(
    Array.from({ length: 50 }, (_, at) => ["OK", `VALUE ${at}`]).flat(),
  );
  await source.throttle?.(0);
  expect(await limitPerSec()).toBeUndefined();
  await secondsFor(load, 1000);
  expect(2000 / (await secondsFor(load, 2000))).toBeGreaterThan(1.5 * limit);
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0, reconnects: 0 });
});

test("disposing, and a stop that is undone, leave the guest at its full speed", async () => {
  await backend.create(ctx);
  {
    await using source = await backend.source(ctx);
    await source.throttle?.(0.5);
    expect(await limitPerSec()).toBeGreaterThan(0);
  }
  expect(await limitPerSec()).toBeUndefined();
  await using source = await backend.source(ctx);
  await source.throttle?.(0.5);
  await source.stop();
  await source.resume();
  expect(await limitPerSec()).toBeUndefined();
});

test("a throttle dies with its agent, and who was held back is answered", async () => {
  const agent = await killableAgent(ctx, "await source.throttle(0.99);");
  const client = new LineClient([endpoint]);
  await vi.waitFor(() => expect(client.endpoint).toBe(endpoint), { timeout: 5000 });
  const writes = Array.from({ length: 200 }, (_, at) => `SET key:${at} v`);
  const replies = Promise.all(
    writes.map(async (line) => await new Promise<string | undefined>((resolve) => client.send(`${line}\n`, resolve))),
  );
  expect(await limitPerSec()).toBeLessThan(10);
  await agent.kill();
  expect(new Set(await replies)).toEqual(new Set(["OK"]));
  expect(await limitPerSec()).toBeUndefined();
  await client.close();
});

test("what clients write is counted for whoever watches, apart from what a migration sends", async () => {
  const device = await backend.create(ctx);
  await device.dirtied?.(true);
  const lines = Array.from({ length: 400 }, (_, at) => `SET key:${at} v`);
  await askAt(endpoint, ...lines, ...lines);
  const written = await device.dirtied?.(false);
  await using source = await backend.source(ctx);
  expect((await source.pending("exact")).precopyBytes).toBe(written);
  const signal = new AbortController().signal;
  const allocate = (size: number) => new Uint8Array(size);
  await source.precopy({ budget: Infinity, signal, allocate, write: async () => undefined });
  expect(await source.pending("exact")).toMatchObject({ precopyBytes: 0, bytesPerSec: expect.any(Number) });
  expect(await device.dirtied?.(true)).toBe(written);
  await askAt(endpoint, "SET key:0 w");
  expect(await device.dirtied?.(false)).toBe(4096);
});
