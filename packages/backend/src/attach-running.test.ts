import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attach, type Attached } from "./attach.ts";
import type { AttachedDevice } from "./attach/attached-device.ts";
import type { BackendInfo, Pending, Sink } from "./backend.ts";
import { type AttachedServer, serveAttached } from "./serve-attached.ts";

const backend: BackendInfo = {
  kind: "sample",
  version: "1.2.3",
  format: { writes: 1, reads: [1] },
  features: [],
  can: { precopy: true, throttle: true },
};
const figures: Pending = { initialBytes: 0, precopyBytes: 5, stopcopyBytes: 0, fixedMs: 1 };
const nothing = () => undefined;

/** Keeps a list of what reached it. */
class Sample implements AttachedDevice {
  initialState: "running" | "empty" = "running";
  readonly reached: string[] = [];
  figures: Pending = figures;
  dirtied?: (reset: boolean) => number;
  throttle?: AttachedDevice["throttle"] = (share) => void this.reached.push(`throttle ${share}`);
  round: (out: Sink) => Promise<void> = async () => undefined;
  sizeBytes = () => 5;
  pending = () => this.figures;
  precopy = async (out: Sink) => await this.round(out);
  stop: () => void = () => void this.reached.push("stop");
  final = async () => ({ digest: "ab" });
  resume = () => void this.reached.push("resume");
  forget = () => void this.reached.push("forget");
  commit = () => void this.reached.push("commit");
  load = async () => undefined;
  verify = () => ({ digest: "ab" });
  start = nothing;
  discard = nothing;
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

async function served(info = backend): Promise<Attached> {
  server = await serveAttached({ socketPath, backend: info }, device);
  return await attached();
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

function sink(signal = new AbortController().signal): Sink {
  return { budget: Infinity, signal, allocate: (size) => new Uint8Array(size), write: async () => undefined };
}

test("a throttle reaches the device, also in the midst of a round, and each share takes the place of the one before", async () => {
  const source = (await served()).source();
  device.round = async (out) => {
    await source.throttle?.(0.5);
    await out.write(new Uint8Array(1));
    await source.throttle?.(0.25);
  };
  await source.precopy(sink());
  expect(device.reached).toEqual(["throttle 0.5", "throttle 0.25"]);
});

test("stop ends a throttle once the device has stopped, and there is none until it runs again", async () => {
  const source = (await served()).source();
  await source.throttle?.(0.5);
  await source.stop();
  await source.throttle?.(0.9);
  expect(device.reached).toEqual(["throttle 0.5", "stop", "throttle 0"]);
  await source.resume();
  await source.throttle?.(0.9);
  expect(device.reached).toEqual(["throttle 0.5", "stop", "throttle 0", "resume", "throttle 0.9"]);
});

test("a throttled device that could not be stopped is let go by resume", async () => {
  const source = (await served()).source();
  await source.throttle?.(0.5);
  device.stop = () => {
    throw new Error("it is stuck");
  };
  await expect(source.stop()).rejects.toThrow("it is stuck");
  await source.throttle?.(0.9);
  await source.resume();
  expect(device.reached).toEqual(["throttle 0.5", "resume", "throttle 0"]);
});

test("a migration that only throttled is undone by disposing, and after a commit nothing is left to undo", async () => {
  const one = await served();
  const source = one.source();
  await source.throttle?.(0.5);
  expect(one.migrating).toBe(true);
  await source[Symbol.asyncDispose]();
  expect(device.reached).toEqual(["throttle 0.5", "throttle 0"]);
  await expect(source.throttle?.(0.5)).rejects.toMatchObject({ code: "gone" });
  const next = one.source();
  await next.throttle?.(0.1);
  await next.stop();
  await next.commit();
  await expect(next.throttle?.(0.1)).rejects.toMatchObject({ code: "gone" });
  expect(device.reached.slice(2)).toEqual(["throttle 0.1", "stop", "throttle 0", "commit"]);
});

test("only the source that migrates the device may throttle it", async () => {
  const one = await served();
  const migrating = one.source();
  await migrating.precopy(sink());
  await expect(one.source().throttle?.(0.5)).rejects.toMatchObject({ code: "busy" });
  expect(device.reached).toEqual([]);
});

test("when the agent vanishes the device gets its speed back, even one that throttles slowly", async () => {
  const one = await served();
  const begun = new Promise<void>((resolve) => {
    device.throttle = async (share) => {
      resolve();
      if (share > 0) await new Promise(setImmediate);
      device.reached.push(`throttle ${share}`);
    };
  });
  const throttling = one.source().throttle?.(0.5);
  throttling?.catch(nothing);
  await begun;
  await one[Symbol.asyncDispose]();
  expect(await (await reattached()).status()).toEqual({ state: "running" });
  expect(device.reached).toEqual(["throttle 0.5", "throttle 0"]);
});

test("a back end that cannot throttle is not asked to, and refuses whoever asks all the same", async () => {
  const one = await served({ ...backend, can: { precopy: true } });
  expect(one.backend.can.throttle).toBeUndefined();
  expect(one.source()).toMatchObject({ throttle: undefined });
  await server[Symbol.asyncDispose]();
  device.initialState = "empty";
  const empty = await served();
  await expect(empty.source().throttle?.(0.5)).rejects.toMatchObject({ code: "bad-order" });
  expect(device.reached).toEqual([]);
});

test("a share that takes all, or less than nothing, is refused", async () => {
  const source = (await served()).source();
  for (const share of [1, -0.1, Number.NaN]) {
    await expect(source.throttle?.(share)).rejects.toMatchObject({ code: "bad-message" });
  }
  expect(device.reached).toEqual([]);
});

test("the figures that a device may leave out cross whole where it does not", async () => {
  const source = (await served()).source();
  expect(await source.pending("exact")).toEqual(figures);
  for (const more of [
    { saveMs: 2.5, bytesPerSec: 1.5e9, mayShrink: true, reinit: true },
    { mayShrink: false },
    { saveMs: 0 },
  ]) {
    device.figures = { ...figures, ...more };
    expect(await source.pending("estimate")).toEqual({ ...figures, ...more });
  }
  for (const wrong of [{ saveMs: -1 }, { bytesPerSec: 0 }, { bytesPerSec: -5 }]) {
    device.figures = { ...figures, ...wrong };
    await expect(source.pending("estimate")).rejects.toMatchObject({ code: "bad-message" });
  }
});

test("what is written is counted, running or stopped, for whoever asks; a back end that does not count says so", async () => {
  const one = await served();
  await expect(one.dirtied(true)).rejects.toMatchObject({ code: "unsupported" });
  let written = 4096;
  device.dirtied = (reset) => {
    const before = written;
    if (reset) written = 0;
    return before;
  };
  expect([await one.dirtied(false), await one.dirtied(true), await one.dirtied(false)]).toEqual([4096, 4096, 0]);
  const source = one.source();
  device.round = async (out) => {
    await out.write(new Uint8Array(1));
    await one.dirtied(false);
  };
  await source.precopy(sink());
  await source.stop();
  expect(await one.dirtied(false)).toBe(0);
  await source.commit();
  await expect(one.dirtied(false)).rejects.toMatchObject({ code: "gone" });
});
