import { expect, test } from "vitest";
import type { Backend, DeviceContext, Sink } from "./backend.ts";
import { snapshotBackend, snapshotLimitBytes } from "./snapshot-backend.ts";

function helper(state: Uint8Array) {
  const held = { state };
  const backend = snapshotBackend({
    kind: "org.example.helper",
    save: async () => held.state,
    load: async (_ctx, loaded) => void (held.state = loaded),
  });
  return { held, backend };
}

const ctx: DeviceContext<unknown> = {
  guest: { id: "1", name: "one" },
  device: "helper",
  config: {},
  dataFolder: "/nowhere",
  serviceAddress: "127.0.0.1",
  host: "a",
};

/** Everything that final sends, and its digest. */
async function saved(backend: Backend) {
  await using source = await backend.source(ctx);
  const chunks: Uint8Array[] = [];
  const signal = new AbortController().signal;
  const allocate = (size: number) => new Uint8Array(size);
  const sink: Sink = { budget: Infinity, signal, allocate, write: async (chunk) => void chunks.push(chunk) };
  await source.stop();
  const { digest } = await source.final(sink);
  return { bytes: Buffer.concat(chunks), digest };
}

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("what was saved on one side is loaded on the other, wherever the stream is cut", async () => {
  for (const length of [0, 1, 1000, snapshotLimitBytes]) {
    const state = new Uint8Array(length).map((_, index) => index % 251);
    const { bytes, digest } = await saved(helper(state).backend);
    for (const size of [length > 1000 ? 4096 : 1, 65_536, bytes.length]) {
      const there = helper(Uint8Array.of(99));
      await using destination = await there.backend.destination(ctx);
      await destination.load(cut(new Uint8Array(0), 1), "precopy");
      await destination.load(cut(bytes, size), "final");
      expect(await destination.verify()).toEqual({ digest });
      expect(Buffer.compare(there.held.state, state)).toBe(0);
    }
  }
});

test("a state over 1 MiB is refused with the figure, before and after it was told", async () => {
  const { backend } = helper(new Uint8Array(snapshotLimitBytes + 1));
  await expect(backend.source(ctx)).rejects.toThrow("1048577 bytes; in one piece at most 1048576");
  const check = await backend.check(ctx, { backend, sizeBytes: 2_000_000 });
  expect(check).toMatchObject({ ok: false, code: "no-room", reason: expect.stringContaining("2000000 bytes") });
});

test("all of it is pending until the device has stopped", async () => {
  const { backend } = helper(new Uint8Array(1000));
  await using source = await backend.source(ctx);
  const pending = await source.pending("exact");
  expect(pending).toMatchObject({ initialBytes: 0, precopyBytes: 0, stopcopyBytes: 1005 });
  expect(pending.fixedMs).toBeGreaterThanOrEqual(0);
});

test("a truncated stream, a second snapshot and none at all are refused", async () => {
  const { bytes } = await saved(helper(new Uint8Array(100)).backend);
  const load = async (stream: Uint8Array) => {
    await using destination = await helper(new Uint8Array(0)).backend.destination(ctx);
    await destination.load(cut(stream, 10), "final");
  };
  await expect(load(bytes.subarray(0, 50))).rejects.toThrow("ends 46 bytes into a record of 101");
  await expect(load(Buffer.concat([bytes, bytes]))).rejects.toThrow("is one snapshot");
  await expect(load(new Uint8Array(0))).rejects.toThrow("no state of org.example.helper has come");
});

test("a device that was stopped for a migration is resumed when that is given up, and only then", async () => {
  const said: string[] = [];
  const backend = snapshotBackend({
    kind: "org.example.helper",
    save: async () => Uint8Array.of(1),
    load: async () => undefined,
    stop: async () => void said.push("stop"),
    resume: async () => void said.push("resume"),
    commit: async () => void said.push("commit"),
  });
  {
    await using untouched = await backend.source(ctx);
    await untouched.pending("estimate");
  }
  {
    await using givenUp = await backend.source(ctx);
    await givenUp.stop();
  }
  {
    await using moved = await backend.source(ctx);
    await moved.stop();
    await moved.commit();
  }
  expect(said).toEqual(["stop", "resume", "stop", "commit"]);
});

test("without a parser of its own the only configuration is an empty object", () => {
  const { backend } = helper(new Uint8Array(0));
  expect(backend.parseConfig({})).toEqual({});
  expect(() => backend.parseConfig({ port: 1 })).toThrow("no settings");
});
