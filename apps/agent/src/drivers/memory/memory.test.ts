import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attach, type Backend, type Destination, type DeviceContext, type Sink, type Source } from "@godwit/backend";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../../../test/support/ports.ts";
import { memoryBackend, type MemoryConfig } from "./index.ts";
import { startLoad, watchServing } from "./load.ts";
import { controlPathOf } from "./memory-process.ts";
import { askAt, contextIn, killableAgent } from "./support/devices.ts";

const sizeBytes = 8 * 1024 ** 2;
const [here, there] = ["127.0.0.1", "127.0.0.2"];

let root: string;
let port: number;
let backend: Backend<MemoryConfig>;
let contexts: DeviceContext<MemoryConfig>[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-memory-"));
  port = await freePort(["127.0.0.1", "127.0.0.2"]);
  backend = memoryBackend();
  contexts = [];
});

afterEach(async () => {
  for (const ctx of contexts) await backend.remove(ctx);
  await rm(root, { recursive: true });
});

async function contextAt(serviceAddress: string, folder = serviceAddress): Promise<DeviceContext<MemoryConfig>> {
  const ctx = await contextIn(join(root, folder), serviceAddress, { sizeBytes, port });
  contexts.push(ctx);
  return ctx;
}

const ask = async (host: string, ...lines: string[]) => await askAt(`${host}:${port}`, ...lines);

function endpoints(): string[] {
  return [`${here}:${port}`, `${there}:${port}`];
}

async function fill(host: string, keys: number, value = "v"): Promise<void> {
  const lines = Array.from({ length: keys }, (_, key) => `SET fill:${key} ${value}${key}`);
  expect(new Set(await ask(host, ...lines))).toEqual(new Set(["OK"]));
}

/** A pipe of one chunk, so that neither side runs ahead. `cut` gives the sizes in which the chunks arrive. */
async function pump(
  source: Source,
  destination: Destination,
  phase: "precopy" | "final",
  { budget = Infinity, cut = () => Infinity }: { budget?: number; cut?: () => number } = {},
): Promise<{ bytes: number; digest: string | undefined }> {
  let offer: { chunk: Uint8Array | undefined; taken: () => void } | undefined;
  let wake = () => {};
  let bytes = 0;
  const put = async (chunk: Uint8Array | undefined) =>
    await new Promise<void>((taken) => {
      offer = { chunk, taken };
      wake();
    });
  async function* chunks() {
    for (;;) {
      if (offer === undefined) await new Promise<void>((resolve) => (wake = resolve));
      const { chunk, taken } = offer ?? { chunk: undefined, taken: () => {} };
      offer = undefined;
      for (let at = 0; at < (chunk?.length ?? 0);) {
        const end = at + cut();
        yield (chunk ?? new Uint8Array(0)).subarray(at, end);
        at = end;
      }
      taken();
      if (chunk === undefined) return;
    }
  }
  const sink: Sink = {
    get budget() {
      return budget - bytes;
    },
    signal: new AbortController().signal,
    allocate: (size) => new Uint8Array(size),
    write: async (chunk) => {
      bytes += chunk.length;
      await put(chunk);
    },
  };
  const loading = destination.load(chunks(), phase);
  const sending = phase === "final" ? source.final(sink) : source.precopy(sink).then(() => undefined);
  const sent = await Promise.race([sending, loading.then(() => new Promise<never>(() => undefined))]);
  await Promise.all([put(undefined), loading]);
  return { bytes, digest: sent?.digest };
}

/** Everything from the first round to the source's end. */
async function migrate(source: Source, destination: Destination, cut?: () => number): Promise<void> {
  const options = cut === undefined ? {} : { cut };
  for (let round = 0; round < 3; round += 1) await pump(source, destination, "precopy", options);
  await source.stop();
  const { digest } = await pump(source, destination, "final", options);
  expect(await destination.verify()).toEqual({ digest });
  await destination.start();
  await source.commit();
}

test("a device that is written to all the time moves there and back: nothing is lost, and never do both serve", async () => {
  const [a, b] = [await contextAt(here), await contextAt(there)];
  await backend.create(a);
  await using watch = watchServing(endpoints());
  await using load = startLoad({ endpoints: endpoints(), keys: 5000, writesPerSecond: 8000 });
  const acknowledged = async (more: number) => {
    const from = load.stats().acknowledged;
    await vi.waitFor(() => expect(load.stats().acknowledged).toBeGreaterThan(from + more), { timeout: 15_000 });
  };
  await acknowledged(3000);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    await migrate(await backend.source(from), await backend.destination(to));
    await vi.waitFor(() => expect(load.stats().endpoint).toBe(`${to.serviceAddress}:${port}`), { timeout: 15_000 });
    await acknowledged(1000);
  }
  const stats = await load.verifyAll();
  expect(stats).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0, reconnects: 2 });
  expect(stats.reads).toBeGreaterThan(1000);
  expect(watch.report()).toMatchObject({ bothServing: 0, evidence: [] });
  expect(watch.report().answers).toBeGreaterThan(10);
});

test("the cut of the stream does not matter: 1 byte, 4 KiB, 1 MiB, random", async () => {
  let from = await contextAt(here, "0");
  await backend.create(from);
  await fill(here, 5);
  let seed = 1;
  const random = () => 1 + ((seed = (seed * 48_271) % 0x7fff_ffff) % 9000);
  const cuts = [() => 1, () => 4096, () => 1024 ** 2, random];
  for (const [index, cut] of cuts.entries()) {
    const to = await contextAt(index % 2 === 0 ? there : here, String(index + 1));
    await migrate(await backend.source(from), await backend.destination(to), cut);
    from = to;
  }
  expect(await ask(here, "GET fill:0", "GET fill:4", "GET fill:5")).toEqual(["VALUE v0", "VALUE v4", "NONE"]);
});

test("an agent that is killed in precopy leaves a device that serves, and that can migrate from the start", async () => {
  const [a, b] = [await contextAt(here), await contextAt(there)];
  const agent = await killableAgent(a, "await source.precopy(sink);");
  await fill(here, 500);
  await agent.kill();
  await vi.waitFor(async () => expect((await backend.attach(a)).endpoint).toBe(`${here}:${port}`), { timeout: 5000 });
  const source = await backend.source(a);
  expect((await source.pending("exact")).precopyBytes).toBe(await (await backend.attach(a)).sizeBytes());
  await migrate(source, await backend.destination(b));
  expect(await ask(there, "GET fill:499")).toEqual(["VALUE v499"]);
});

test("an agent that is killed after stop leaves the device stopped until its host takes it up again", async () => {
  const a = await contextAt(here);
  const agent = await killableAgent(a, "await source.precopy(sink); await source.stop();");
  await agent.kill();
  await expect(ask(here, "INFO")).rejects.toThrow("ECONNREFUSED");
  const raw = await vi.waitFor(() => attach(controlPathOf(a.dataFolder)), { timeout: 5000 });
  expect(await raw.status()).toEqual({ state: "stopped" });
  await raw[Symbol.asyncDispose]();
  await backend.attach(a);
  expect(await ask(here, "GET before")).toEqual(["VALUE the crash"]);
});

test("after stop nobody is served, after resume everybody again, ten times over", async () => {
  const a = await contextAt(here);
  await backend.create(a);
  await using load = startLoad({ endpoints: endpoints(), keys: 1000, writesPerSecond: 5000 });
  const source = await backend.source(a);
  for (let turn = 1; turn <= 10; turn += 1) {
    const before = load.stats().acknowledged;
    await vi.waitFor(() => expect(load.stats().acknowledged).toBeGreaterThan(before + 50), { timeout: 5000 });
    await source.stop();
    await expect(ask(here, "INFO")).rejects.toThrow("ECONNREFUSED");
    await source.resume();
  }
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0 });
  await source[Symbol.asyncDispose]();
});

test("an aborted migration leaves the device as it was, and no process on the other side", async () => {
  const [a, b] = [await contextAt(here), await contextAt(there)];
  await backend.create(a);
  await fill(here, 300);
  {
    await using source = await backend.source(a);
    await using destination = await backend.destination(b);
    await pump(source, destination, "precopy");
    await source.stop();
    await pump(source, destination, "final");
  }
  expect(await ask(here, "GET fill:7")).toEqual(["VALUE v7"]);
  await expect(attach(controlPathOf(b.dataFolder))).rejects.toMatchObject({ code: "no-answer" });
  await migrate(await backend.source(a), await backend.destination(b));
  expect(await ask(there, "GET fill:7")).toEqual(["VALUE v7"]);
});

test("a round keeps its budget, and the next goes on where it ended", async () => {
  const [a, b] = [await contextAt(here), await contextAt(there)];
  await backend.create(a);
  await fill(here, 2000);
  await using source = await backend.source(a);
  await using destination = await backend.destination(b);
  for (let before = (await source.pending("exact")).precopyBytes; before > 0;) {
    const { bytes } = await pump(source, destination, "precopy", { budget: 200_000 });
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(200_000);
    const after = (await source.pending("exact")).precopyBytes;
    expect(after).toBeLessThan(before);
    before = after;
  }
});

test("a memory whose process was killed is gone: attaching says so, committing is done, creating begins anew", async () => {
  const a = await contextAt(here);
  await backend.create(a);
  const { pid }: { pid: number } = JSON.parse(await readFile(join(a.dataFolder, "process.json"), "utf8"));
  process.kill(pid, "SIGKILL");
  await vi.waitFor(() => expect(backend.attach(a)).rejects.toMatchObject({ code: "gone" }), { timeout: 5000 });
  const source = await backend.source(a);
  await expect(source.stop()).rejects.toMatchObject({ code: "gone" });
  await source.commit();
  await backend.create(a);
  expect(await ask(here, "GET fill:0")).toEqual(["NONE"]);
});

test("a process that no longer answers is ended all the same", async () => {
  const a = await contextAt(here);
  await backend.create(a);
  const { pid }: { pid: number } = JSON.parse(await readFile(join(a.dataFolder, "process.json"), "utf8"));
  process.kill(pid, "SIGSTOP");
  await backend.remove(a);
  await expect(ask(here, "INFO")).rejects.toThrow("ECONNREFUSED");
});

test("a port in use, too little room and another format are told before anything moves", async () => {
  backend = memoryBackend({ capacityBytes: 12 * 1024 ** 2 });
  const [a, b] = [await contextAt(here), await contextAt(there)];
  await backend.create(a);
  const peer = { backend, sizeBytes };
  expect(await backend.check(a, peer)).toMatchObject({ ok: false, code: "address-in-use" });
  expect(await backend.check(b, peer)).toMatchObject({
    ok: false,
    code: "no-room",
    reason: "the host's capacity for memory devices is too small: 8 MiB are needed, 4 MiB of 12 MiB are left",
  });
  expect(await memoryBackend().check(b, peer)).toEqual({ ok: true });
  const newer = { ...peer, backend: { ...backend, format: { writes: 9, reads: [9] } } };
  expect(await backend.check(b, newer)).toMatchObject({ ok: false, code: "incompatible-format" });
});

test("a device does not come to a host where it is already, and a port in use is named", async () => {
  const a = await contextAt(here);
  await backend.create(a);
  await expect(backend.destination(a)).rejects.toMatchObject({ code: "device-exists" });
  const twin = await contextAt(here, "twin");
  await expect(backend.create(twin)).rejects.toMatchObject({ code: "address-in-use" });
});

test("a data folder too deep for a socket is served from the temporary folder", async () => {
  const deep = await contextAt(here, "x".repeat(120));
  expect(Buffer.byteLength(controlPathOf(deep.dataFolder))).toBeLessThanOrEqual(107);
  await backend.create(deep);
  expect((await backend.attach(deep)).endpoint).toBe(`${here}:${port}`);
});
