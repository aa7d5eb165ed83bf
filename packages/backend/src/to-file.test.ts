import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DeviceContext } from "./backend.ts";
import { RecordError } from "./records.ts";
import { snapshotBackend } from "./snapshot-backend.ts";
import { openFileDestination, openFileSource } from "./to-file.ts";

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "godwit-to-file-"))));
afterAll(async () => await rm(folder, { recursive: true }));

const never = new AbortController().signal;
const ctx: DeviceContext<unknown> = {
  guest: { id: "g", name: "web" },
  device: "state",
  config: {},
  dataFolder: "/nowhere",
  serviceAddress: "127.0.0.1",
  host: "alpha",
};

/** A back end whose state is `held.state`, and what was done with it. */
function noting(held: { state: Uint8Array; done: string[] }) {
  return snapshotBackend({
    kind: "noting",
    save: async () => held.state,
    load: async (_, state) => void (held.state = Uint8Array.from(state)),
    stop: async () => void held.done.push("stop"),
    resume: async () => void held.done.push("resume"),
    start: async () => void held.done.push("start"),
    commit: async () => void held.done.push("commit"),
  });
}

test("F6: what a device would send after its stop is what it is saved as, and it is loaded from that", async () => {
  const state = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => index % 251);
  const [from, to] = [
    { state, done: [] as string[] },
    { state: new Uint8Array(), done: [] as string[] },
  ];
  const source = await openFileSource(noting(from), ctx);
  await source.stop();
  const { digest } = await source.save(folder, never);
  await source.commit();
  await source[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual(["stream"]);
  const destination = await openFileDestination(noting(to), ctx);
  await destination.load(folder);
  expect(await destination.verify()).toEqual({ digest });
  await destination.start();
  expect(Buffer.compare(to.state, state)).toBe(0);
  expect([from.done, to.done]).toEqual([["stop", "commit"], ["start"]]);
});

test("F3, B4: a device that could not be saved goes on as if nobody had asked; a file is never written over", async () => {
  const held = { state: Uint8Array.of(1), done: [] as string[] };
  const before = await readFile(join(folder, "stream"));
  const source = await openFileSource(noting(held), ctx);
  await source.stop();
  await expect(source.save(folder, never)).rejects.toMatchObject({ code: "EEXIST" });
  await source[Symbol.asyncDispose]();
  expect(held.done).toEqual(["stop", "resume"]);
  expect(before.equals(await readFile(join(folder, "stream")))).toBe(true);
});

test("B5: a file that is cut off is refused", async () => {
  const cut = await mkdtemp(join(folder, "cut-"));
  const whole = await readFile(join(folder, "stream"));
  await writeFile(join(cut, "stream"), whole.subarray(0, whole.length - 1));
  const held = { state: new Uint8Array(), done: [] as string[] };
  await using destination = await openFileDestination(noting(held), ctx);
  await expect(destination.load(cut)).rejects.toThrow(RecordError);
});
