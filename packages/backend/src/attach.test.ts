import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AttachError } from "./attach-protocol.ts";
import { attach, type Attached } from "./attach.ts";
import type { AttachedDevice } from "./attach/attached-device.ts";
import type { BackendInfo, Sink } from "./backend.ts";
import { type AttachedServer, serveAttached } from "./serve-attached.ts";

const backend: BackendInfo = {
  kind: "sample",
  version: "1.2.3",
  format: { writes: 1, reads: [1] },
  features: [],
  can: { precopy: true },
};

/** Keeps a list of what reached it. */
class Sample implements AttachedDevice {
  initialState: "running" | "stopped" | "empty" = "running";
  readonly reached: string[] = [];
  loaded = Buffer.alloc(0);
  round: (out: Sink) => Promise<void> = async (out) => {
    const chunk = out.allocate(5);
    chunk.set(Buffer.from("hello"));
    await out.write(chunk);
  };
  sizeBytes = () => 5;
  pending = () => ({ initialBytes: 0, precopyBytes: 5, stopcopyBytes: 0, fixedMs: 1 });
  stop = () => void this.reached.push("stop");
  resume = () => void this.reached.push("resume");
  forget = () => void this.reached.push("forget");
  commit = () => void this.reached.push("commit");
  start = () => void this.reached.push("start");
  discard = () => void this.reached.push("discard");
  verify = () => ({ digest: "ab" });

  async precopy(out: Sink) {
    this.reached.push("precopy");
    await this.round(out);
  }

  async final(out: Sink) {
    this.reached.push("final");
    await this.round(out);
    return { digest: "ab" };
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: string) {
    this.reached.push(`load ${phase}`);
    const parts = [this.loaded];
    for await (const chunk of chunks) parts.push(Buffer.from(chunk));
    this.loaded = Buffer.concat(parts);
  }
}

let folder: string;
let socketPath: string;
let device: Sample;
let server: AttachedServer;
const attachments: Attached[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-attach-"));
  socketPath = join(folder, "s");
  device = new Sample();
});

afterEach(async () => {
  for (const attached of attachments.splice(0)) await attached[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function serve(initialState: Sample["initialState"] = "running", info = backend): Promise<void> {
  device.initialState = initialState;
  server = await serveAttached({ socketPath, backend: info }, device);
}

async function attached(): Promise<Attached> {
  const made = await attach(socketPath);
  attachments.push(made);
  return made;
}

/** Attaches as soon as the one before has been parted from. */
async function reattached(): Promise<Attached> {
  return await vi.waitFor(attached, { timeout: 5000, interval: 5 });
}

function sink(overrides: Partial<Sink> = {}): Sink & { bytes(): Buffer } {
  const chunks: Uint8Array[] = [];
  const made: Sink & { bytes(): Buffer } = {
    budget: Infinity,
    signal: new AbortController().signal,
    allocate: (size) => new Uint8Array(size),
    write: async (chunk) => void chunks.push(chunk),
    bytes: () => Buffer.concat(chunks),
  };
  return Object.assign(made, overrides);
}

async function* chunksOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** A promise that is resolved from outside. */
function signalled(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve: () => resolve() };
}

/** How a call that is under way fails in the end. */
async function codeOrMessage(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "succeeded";
  } catch (error) {
    return error instanceof AttachError ? error.code : String(error instanceof Error ? error.message : error);
  }
}

test("a device moves: rounds, stop, the rest and commit on one side; load, verify and start on the other", async () => {
  await serve();
  const one = await attached();
  expect(one.backend).toMatchObject(backend);
  expect(one.pid).toBe(process.pid);
  expect(await one.sizeBytes()).toBe(5);
  const source = one.source();
  expect(await source.pending("exact")).toEqual({ initialBytes: 0, precopyBytes: 5, stopcopyBytes: 0, fixedMs: 1 });
  const out = sink();
  await source.precopy(out);
  await source.stop();
  expect(await one.status()).toEqual({ state: "stopped" });
  expect(await source.final(out)).toEqual({ digest: "ab" });
  expect(out.bytes().toString()).toBe("hellohello");
  await source.commit();
  expect(await one.status()).toEqual({ state: "empty" });
  expect(device.reached).toEqual(["precopy", "stop", "final", "commit"]);
});

test("an empty device is loaded in rounds, and starts once it is complete", async () => {
  await serve("empty");
  const one = await attached();
  const destination = one.destination();
  await destination.load(chunksOf("ab", "cd"), "precopy");
  expect(await one.status()).toEqual({ state: "incoming" });
  await destination.load(chunksOf("e"), "final");
  expect(await one.status()).toEqual({ state: "incoming", complete: true });
  expect(await destination.verify()).toEqual({ digest: "ab" });
  await destination.start();
  await destination[Symbol.asyncDispose]();
  expect(await one.status()).toEqual({ state: "running" });
  expect(device.loaded.toString()).toBe("abcde");
  expect(device.reached).toEqual(["load precopy", "load final", "start"]);
});

test("blocks larger than the limit cross whole in both directions", async () => {
  const large = Buffer.alloc(3_500_000, 7);
  await serve();
  device.round = async (out) => await out.write(large);
  const out = sink();
  await (await attached()).source().precopy(out);
  expect(out.bytes().equals(large)).toBe(true);
  await server[Symbol.asyncDispose]();
  await serve("empty");
  await (await reattached()).destination().load(chunksOf(large, "!"), "final");
  expect(device.loaded.equals(Buffer.concat([large, Buffer.from("!")]))).toBe(true);
});

test("calls out of order never reach the device", async () => {
  await serve();
  const one = await attached();
  const source = one.source();
  await expect(source.final(sink())).rejects.toMatchObject({ code: "bad-order" });
  await expect(source.commit()).rejects.toMatchObject({ code: "bad-order" });
  await expect(one.destination().load(chunksOf("x"), "precopy")).rejects.toMatchObject({ code: "bad-order" });
  await expect(one.start()).rejects.toMatchObject({ code: "bad-order" });
  await source.stop();
  await expect(source.precopy(sink())).rejects.toMatchObject({ code: "bad-order" });
  await source.stop();
  expect(device.reached).toEqual(["stop"]);
  await source.commit();
  const after = one.source();
  await expect(after.pending("estimate")).rejects.toMatchObject({ code: "gone" });
  await expect(after.resume()).rejects.toMatchObject({ code: "gone" });
  await expect(one.sizeBytes()).rejects.toMatchObject({ code: "gone" });
  await after.commit();
  expect(device.reached).toEqual(["stop", "commit"]);
});

test("a device starts once, and is not loaded after that", async () => {
  await serve("empty");
  const one = await attached();
  const destination = one.destination();
  await expect(destination.start()).rejects.toMatchObject({ code: "bad-order" });
  await expect(destination.verify()).rejects.toMatchObject({ code: "bad-order" });
  await destination.load(chunksOf("x"), "final");
  await expect(destination.load(chunksOf("y"), "precopy")).rejects.toMatchObject({ code: "bad-order" });
  await destination.start();
  await expect(one.start()).rejects.toMatchObject({ code: "bad-order" });
  await expect(destination.load(chunksOf("z"), "final")).rejects.toMatchObject({ code: "bad-order" });
  expect(device.reached).toEqual(["load final", "start"]);
});

test("disposing a source resumes what it stopped, and makes the device forget what was sent", async () => {
  await serve();
  const one = await attached();
  const source = one.source();
  await source.precopy(sink());
  await source.stop();
  await source[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  expect(device.reached).toEqual(["precopy", "stop", "resume", "forget"]);
  expect(await one.status()).toEqual({ state: "running" });
});

test("disposing a source that only asked changes nothing, even while another migrates", async () => {
  await serve();
  const one = await attached();
  const migrating = one.source();
  await migrating.stop();
  const asking = one.source();
  await asking.pending("estimate");
  await expect(asking.resume()).rejects.toMatchObject({ code: "busy" });
  await asking[Symbol.asyncDispose]();
  expect(await one.status()).toEqual({ state: "stopped" });
});

test("disposing ends a round whose sink takes nothing more", async () => {
  await serve();
  device.round = async (out) => {
    for (;;) await out.write(new Uint8Array(100_000));
  };
  const one = await attached();
  const source = one.source();
  const controller = new AbortController();
  const stuck = signalled();
  const round = source.precopy(
    sink({
      signal: controller.signal,
      write: async () => {
        stuck.resolve();
        await once(controller.signal, "abort");
        throw new Error("called off");
      },
    }),
  );
  const outcome = codeOrMessage(round);
  await stuck.promise;
  controller.abort(new Error("called off"));
  await source[Symbol.asyncDispose]();
  expect(await outcome).toBe("called off");
  expect(device.reached).toEqual(["precopy", "forget"]);
});

test("a slow sink blocks the device rather than letting bytes pile up", async () => {
  await serve();
  let written = 0;
  device.round = async (out) => {
    for (; written < 100; written += 1) await out.write(out.allocate(1_000_000));
  };
  const blocked = signalled();
  const open = signalled();
  let taken = 0;
  const write = async (chunk: Uint8Array) => {
    taken += chunk.length;
    blocked.resolve();
    await open.promise;
  };
  const round = (await attached()).source().precopy(sink({ write }));
  await blocked.promise;
  // A call there and back shows that the device has had its turn.
  for (let turn = 0; turn < 20; turn += 1) await attachments[0]?.sizeBytes();
  expect(written).toBeLessThan(5);
  open.resolve();
  await round;
  expect(taken).toBe(100_000_000);
});

test("a round ends early, and well, when the agent's budget shrinks to nothing", async () => {
  await serve();
  let chunks = 0;
  device.round = async (out) => {
    for (; out.budget > 0; chunks += 1) await out.write(new Uint8Array(100_000));
  };
  let left = 1e12;
  const out = sink({ write: async () => void (left = 0) });
  Object.defineProperty(out, "budget", { get: () => left });
  await (await attached()).source().precopy(out);
  expect(chunks).toBeGreaterThan(0);
});

test("what the device throws reaches the agent with its code, and the next call is in order", async () => {
  await serve();
  device.round = async (out) => {
    await out.write(new Uint8Array(10));
    throw Object.assign(new Error("the disk is on fire"), { code: "EIO" });
  };
  const source = (await attached()).source();
  const failing = source.precopy(sink());
  await expect(failing).rejects.toMatchObject({ code: "EIO", message: "the disk is on fire" });
  device.round = async () => undefined;
  await source.precopy(sink());
  await source.stop();
});

test("a failed load leaves only discard, whichever side failed", async () => {
  await serve("empty");
  const one = await attached();
  const destination = one.destination();
  async function* breaking() {
    yield Buffer.from("abc");
    throw new Error("the stream broke");
  }
  await expect(destination.load(breaking(), "final")).rejects.toMatchObject({ code: "cancelled" });
  await expect(destination.load(chunksOf("x"), "precopy")).rejects.toMatchObject({ code: "bad-order" });
  await expect(destination.start()).rejects.toMatchObject({ code: "bad-order" });
  await destination[Symbol.asyncDispose]();
  expect(await one.status()).toEqual({ state: "empty" });
  device.load = async (chunks) => {
    for await (const chunk of chunks) throw new Error(`refused ${chunk.length} bytes`);
  };
  const next = one.destination();
  await expect(next.load(chunksOf(new Uint8Array(5_000_000)), "final")).rejects.toThrow(/^refused \d+ bytes$/);
  expect(await one.status()).toEqual({ state: "incoming" });
});

test("disposing a destination whose stream is stuck ends the load", async () => {
  await serve("empty");
  const one = await attached();
  const destination = one.destination();
  const waiting = signalled();
  async function* stuck() {
    yield Buffer.from("abc");
    waiting.resolve();
    await new Promise(() => undefined);
  }
  const load = codeOrMessage(destination.load(stuck(), "precopy"));
  await waiting.promise;
  await destination[Symbol.asyncDispose]();
  expect(await load).toBe("cancelled");
  expect(device.reached).toEqual(["load precopy", "discard"]);
});

test("when the agent vanishes in precopy the device goes on running and forgets the migration", async () => {
  await serve();
  device.round = async (out) => {
    for (;;) await out.write(new Uint8Array(100_000));
  };
  const one = await attached();
  const taken = signalled();
  const round = one.source().precopy(sink({ write: async () => taken.resolve() }));
  const lost = codeOrMessage(round);
  await taken.promise;
  await one[Symbol.asyncDispose]();
  expect(await lost).toBe("connection-lost");
  const again = await reattached();
  expect(await again.status()).toEqual({ state: "running" });
  expect(device.reached).toEqual(["precopy", "forget"]);
});

test("when the agent vanishes after stop the device stays stopped until it is told", async () => {
  await serve();
  const one = await attached();
  const source = one.source();
  await source.precopy(sink());
  await source.stop();
  await one[Symbol.asyncDispose]();
  const again = await reattached();
  expect(await again.status()).toEqual({ state: "stopped" });
  expect(device.reached).toEqual(["precopy", "stop", "forget"]);
  await again.resume();
  expect(await again.status()).toEqual({ state: "running" });
});

test("when the agent vanishes after everything was loaded it is kept, and half a load is not", async () => {
  await serve("empty");
  const one = await attached();
  await one.destination().load(chunksOf("abc"), "final");
  await one[Symbol.asyncDispose]();
  const again = await reattached();
  expect(await again.status()).toEqual({ state: "incoming", complete: true });
  await again.start();
  expect(device.reached).toEqual(["load final", "start"]);
});

test("a precopy that the back end cannot do is refused", async () => {
  await serve("running", { ...backend, can: { precopy: false } });
  await expect((await attached()).source().precopy(sink())).rejects.toMatchObject({ code: "unsupported" });
  expect(device.reached).toEqual([]);
});
