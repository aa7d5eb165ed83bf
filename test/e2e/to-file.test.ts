import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLoad } from "@godwit/agent/load";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import { followEvents } from "./support/events.ts";
import { memoryGuest, MiB } from "./support/guests.ts";
import { untilNowhere, untilRuns } from "./support/saves.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let folder: string;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta());
  folder = await mkdtemp(join(tmpdir(), "godwit-saves-"));
}, 120_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

async function codeOf(path: string, body: object): Promise<unknown> {
  const answer = await cluster.ask("POST", path, { body });
  return typeof answer.body === "object" && answer.body !== null && "code" in answer.body ? answer.body.code : answer;
}

test("F1, F3: a guest saved on one host comes back on another with all that was acknowledged, and each step is an event", async () => {
  const guest = await memoryGuest(cluster, { name: "walker", sizeBytes: 16 * MiB });
  await using load = startLoad({ endpoints: guest.endpoints, keys: 20_000, writesPerSecond: 200 });
  await load.fill();
  await using told = await followEvents(cluster);
  const into = join(folder, "walker");
  const saved = await runCommand(cluster, "migrate", "walker", "--to", `file:${into}`);
  expect(saved).toMatchObject({ code: 0, data: expect.stringContaining(`walker is saved in ${into} of alpha`) });
  await untilNowhere(cluster, guest);
  expect(await cluster.client.guests.get("walker")).toMatchObject({
    state: "saved",
    host: "alpha",
    epoch: 2,
    save: { state: "saved", folder: into, host: "alpha", epoch: 2 },
  });
  expect(await readdir(folder)).toEqual(["walker"]);
  const restored = await runCommand(cluster, "guest", "restore", into, "--host", "beta");
  expect(restored).toMatchObject({ code: 0, data: "walker runs on beta\n" });
  await untilRuns(cluster, guest, "beta", 3);
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await until("the last event has come", () => told.received.some(({ event }) => event === "guest.restored"));
  expect(told.received.map(({ event }) => event).filter((type) => /^guest\.(sav|rest)/.test(type))).toEqual([
    "guest.saving",
    "guest.saved",
    "guest.restoring",
    "guest.restored",
  ]);
}, 60_000);

test("F4: what a guest was saved as before it has run again, or of another guest, is not restored as the guest", async () => {
  const guest = await memoryGuest(cluster, { name: "twice" });
  const { guests } = cluster.client;
  const [first, second] = [join(folder, "first"), join(folder, "second")];
  await guests.save("twice", { folder: first });
  await guests.waitAtRest("twice");
  await guests.restore("twice", { host: "alpha" });
  expect(await guests.waitAtRest("twice")).toMatchObject({ state: "running", host: "alpha", epoch: 3 });
  expect(await codeOf("/v1/guests/twice/restore", { host: "beta", folder: first })).toBe("guest-not-saved");
  await guests.save("twice", { folder: second });
  await guests.waitAtRest("twice");
  expect(await codeOf("/v1/guests/twice/restore", { host: "beta", folder: first })).toBe("save-of-another");
  // The same save under another path is the same save.
  const moved = join(folder, "moved");
  await rename(second, moved);
  expect(await codeOf("/v1/guests/twice/restore", { host: "beta" })).toBe("folder-missing");
  await guests.restore("twice", { host: "beta", folder: moved });
  expect(await guests.waitAtRest("twice")).toMatchObject({ state: "running", host: "beta", epoch: 5 });
  await untilRuns(cluster, guest, "beta", 5);
}, 60_000);

describe("what cannot be is refused, and changes nothing", () => {
  test("F2: a folder that is there, one without a parent, a path that means nothing", async () => {
    const guest = await memoryGuest(cluster, { name: "stayer" });
    const { guests } = cluster.client;
    await mkdir(join(folder, "full"));
    await writeFile(join(folder, "full", "precious"), "data");
    for (const [into, code] of [
      [join(folder, "full"), "folder-taken"],
      [join(folder, "full", "precious"), "folder-taken"],
      [join(folder, "no", "such", "parent"), "folder-missing"],
    ] as const) {
      await guests.save("stayer", { folder: into });
      expect(await guests.waitAtRest("stayer")).toMatchObject({
        state: "running",
        save: { state: "failed", failure: { code } },
      });
    }
    for (const path of ["relative", "/", "/ends/", "/has/../dots", "/nul\0"])
      expect(await codeOf("/v1/guests/stayer/save", { folder: path })).toBe("invalid-request");
    const command = await runCommand(cluster, "migrate", "stayer", "--to", `file:${join(folder, "full")}`);
    expect(command).toMatchObject({ code: 6, data: expect.stringContaining("runs on alpha as before: folder-taken") });
    expect(await runCommand(cluster, "migrate", "stayer", "--to", "file:relative")).toMatchObject({ code: 2 });
    await untilRuns(cluster, guest, "alpha", 1);
    expect(await readFile(join(folder, "full", "precious"), "utf8")).toBe("data");
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  }, 60_000);

  test("F2: a saved guest is neither migrated nor saved nor restored where nothing is, and can be forgotten; its folder stays", async () => {
    await memoryGuest(cluster, { name: "sleeper" });
    const into = join(folder, "sleeper");
    expect(await codeOf("/v1/guests/sleeper/restore", { host: "beta", folder: into })).toBe("guest-not-saved");
    await cluster.client.guests.save("sleeper", { folder: into });
    await cluster.client.guests.waitAtRest("sleeper");
    expect(await codeOf("/v1/guests/sleeper/save", { folder: into })).toBe("guest-saved");
    expect(await codeOf("/v1/migrations", { guest: "sleeper", destination: "beta" })).toBe("guest-saved");
    expect(await codeOf("/v1/guests/sleeper/restore", { host: "nowhere" })).toBe("unknown-host");
    expect(await codeOf("/v1/guests/sleeper/restore", { host: "beta", folder })).toBe("save-damaged");
    await untilNowhere(cluster, await portless("sleeper"));
    expect((await cluster.ask("DELETE", "/v1/guests/sleeper")).status).toBe(204);
    expect(await readdir(into)).toEqual(["manifest.json", "ram"]);
  }, 60_000);

  test("F4: a file that is damaged, cut off or missing, a manifest that was changed or is of another format", async () => {
    await memoryGuest(cluster, { name: "fragile" });
    const { guests } = cluster.client;
    const into = join(folder, "fragile");
    await guests.save("fragile", { folder: into });
    await guests.waitAtRest("fragile");
    const [manifest, stream] = [join(into, "manifest.json"), join(into, "ram", "stream")];
    const [wholeManifest, whole] = [await readFile(manifest, "utf8"), await readFile(stream)];
    const refused = async (detail: RegExp): Promise<void> => {
      await guests.restore("fragile", { host: "beta" });
      expect(await guests.waitAtRest("fragile")).toMatchObject({
        state: "saved",
        save: { state: "saved", failure: { code: "save-damaged", detail: expect.stringMatching(detail) } },
      });
    };
    await flip(stream, 100);
    await refused(/SHA-256 differs/);
    await writeFile(stream, whole);
    await truncate(stream, whole.length - 1);
    await refused(/bytes; \d+ were written/);
    await rm(stream);
    await refused(/is missing/);
    await writeFile(stream, whole);
    await writeFile(manifest, wholeManifest.replace('"epoch":2', '"epoch":9'));
    expect(await codeOf("/v1/guests/fragile/restore", { host: "beta" })).toBe("save-damaged");
    await appendFile(manifest, "x".repeat(5 * MiB));
    expect(await codeOf("/v1/guests/fragile/restore", { host: "beta" })).toBe("save-damaged");
    await writeFile(manifest, wholeManifest);
    await guests.restore("fragile", { host: "beta" });
    expect(await guests.waitAtRest("fragile")).toMatchObject({ state: "running", host: "beta" });
  }, 60_000);
});

test("F8: a command to save that says more than a save can mean does not begin it", async () => {
  const guest = await memoryGuest(cluster, { name: "optioned" });
  const into = join(folder, "optioned");
  const words = ["migrate", "optioned", "--to", `file:${into}`, "--downtime-limit", "60000"];
  const talk = expect.stringContaining("--policy means nothing with --to file:");
  expect(await runCommand(cluster, ...words, "--policy", "fast")).toEqual({ code: 2, data: "", talk });
  await untilRuns(cluster, guest, "alpha", 1);
  expect(await runCommand(cluster, ...words)).toMatchObject({ code: 0 });
  expect((await cluster.ask("DELETE", "/v1/guests/optioned")).status).toBe(204);
}, 60_000);

test("F1: a directory with its service's data goes into a folder and out of it on another host", async () => {
  const { guests } = cluster.client;
  const devices = [{ name: "data", kind: "directory", config: { path: "wiki" } }];
  await guests.create({ name: "wiki", host: "alpha", devices });
  const [there, here] = [cluster.host("alpha").directories, cluster.host("beta").directories];
  await mkdir(join(there, "wiki", "pages"), { recursive: true });
  await writeFile(join(there, "wiki", "pages", "one"), "first page");
  await guests.save("wiki", { folder: join(folder, "wiki") });
  expect(await guests.waitAtRest("wiki")).toMatchObject({ state: "saved" });
  await guests.restore("wiki", { host: "beta" });
  expect(await guests.waitAtRest("wiki")).toMatchObject({ state: "running", host: "beta" });
  expect(await readFile(join(here, "wiki", "pages", "one"), "utf8")).toBe("first page");
}, 60_000);

test("F7: a new guest is made of a save, and the saved one comes back all the same", async () => {
  const { guests } = cluster.client;
  await guests.create({
    name: "origin",
    host: "alpha",
    devices: [{ name: "data", kind: "directory", config: { path: "origin" } }],
  });
  await writeFile(join(cluster.host("alpha").directories, "origin", "one"), "first page");
  const into = join(folder, "origin");
  await guests.save("origin", { folder: into });
  await guests.waitAtRest("origin");
  const taken = { name: "origin", host: "beta", restore: into };
  expect(await codeOf("/v1/guests/from-save", taken)).toBe("name-taken");
  expect(await codeOf("/v1/guests/from-save", { ...taken, name: "copy", restore: folder })).toBe("save-damaged");
  const made = await runCommand(cluster, "guest", "restore", into, "--host", "beta", "--as", "copy");
  expect(made).toMatchObject({ code: 0, data: "copy runs on beta\n" });
  expect(await guests.get("origin")).toMatchObject({ state: "saved" });
  expect(await readFile(join(cluster.host("beta").directories, "origin", "one"), "utf8")).toBe("first page");
  // The path is taken there by the copy.
  await guests.restore("origin", { host: "beta" });
  expect(await guests.waitAtRest("origin")).toMatchObject({
    state: "saved",
    save: { failure: { code: "address-in-use" } },
  });
  await guests.restore("origin", { host: "alpha" });
  expect(await guests.waitAtRest("origin")).toMatchObject({ state: "running", host: "alpha" });
  expect(await guests.get("copy")).toMatchObject({ state: "running", host: "beta", epoch: 2 });
  expect(await codeOf("/v1/guests/copy/restore", { host: "alpha", folder: into })).toBe("guest-not-saved");
}, 60_000);

async function portless(name: string): Promise<{ name: string; port: number }> {
  const [device] = (await cluster.client.guests.get(name)).devices;
  return { name, port: Number(device?.endpoint?.split(":").at(-1)) };
}

async function flip(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, at);
}
