import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { chmod, link, open } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Migration } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeTree, makeFifo } from "../../apps/agent/src/drivers/directory/support/trees.ts";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { journalIn, journallingService } from "./support/journalling-service.ts";
import { partsOn } from "./support/settled.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
beforeAll(async () => (cluster = await Cluster.start(alphaAndBeta())), 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

/** Starting and stopping by commands takes its time, on a busy machine above all. */
const limits = { downtimeLimitMs: 10_000 };

test("a folder moves and comes back with all that is in it, and its service loses no line and writes none twice", async () => {
  const archive = await makeArchive(treeOn("alpha", "shop"));
  await makeGuest("shop");
  const before = describeTree(archive);
  await written("alpha", "shop");

  for (const [from, to] of [
    ["alpha", "beta"],
    ["beta", "alpha"],
  ] as const) {
    const migration = await move("shop", to);
    expect(migration).toMatchObject({
      phase: "completed",
      devices: [{ digest: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    await until(`the tree is gone from ${from}`, () => readdirSync(cluster.host(from).directories).length === 0);
    expect(describeTree(join(treeOn(to, "shop"), "archive"))).toEqual(before);
    expect(holesIn(join(treeOn(to, "shop"), "archive", "sparse"))).toBe(true);
    await written(to, "shop");
  }
  expect(await cluster.client.guests.get("shop")).toMatchObject({ host: "alpha", epoch: 3, state: "running" });
});

test("a service that cannot be stopped stays where it is, running, and the reason says what its command said", async () => {
  const allowed = join(cluster.folder, "it-may-end");
  const quiesce = `[ -e ${allowed} ] || { echo I will not; exit 7; }; ${journallingService.quiesce}`;
  await makeGuest("stubborn", { quiesce });
  const { phase, reason } = await move("stubborn", "beta");
  expect(phase).toBe("failed");
  expect(reason?.sentence).toMatch(/quiesce command ended with 7: I will not/);
  await written("alpha", "stubborn");
  await nothingOn("beta", "stubborn");
  expect(await cluster.client.guests.get("stubborn")).toMatchObject({ host: "alpha", state: "running" });
  expect(await cluster.ask("DELETE", "/v1/guests/stubborn")).toMatchObject({
    status: 409,
    body: { code: "remove-failed", detail: expect.stringMatching(/I will not/) },
  });
  await written("alpha", "stubborn");
  writeFileSync(allowed, "");
  expect((await cluster.ask("DELETE", "/v1/guests/stubborn")).status).toBe(204);
});

test("M11: a service that does not start on the destination is taken back by the source, two epochs on", async () => {
  await makeGuest("homesick", { resume: `[ $GODWIT_HOST = alpha ] || exit 9; ${journallingService.resume}` });
  await written("alpha", "homesick");
  const { phase, reason } = await move("homesick", "beta");
  expect(phase).toBe("failed");
  expect(reason).toMatchObject({ code: "DESTINATION_REVOKED", sentence: expect.stringMatching(/ended with 9/) });
  expect(await cluster.client.guests.get("homesick")).toMatchObject({ host: "alpha", epoch: 3, state: "running" });
  await written("alpha", "homesick");
  await nothingOn("beta", "homesick");
});

test("a destination on which something lies in the folder's place is refused before anything moves", async () => {
  await makeGuest("blocked");
  const inTheWay = treeOn("beta", "blocked");
  mkdirSync(inTheWay, { recursive: true });
  writeFileSync(join(inTheWay, "somebody's"), "");
  await expect(cluster.client.migrations.create({ guest: "blocked", destination: "beta" })).rejects.toMatchObject({
    code: "address-in-use",
    message: expect.stringContaining(inTheWay),
  });
  expect(readdirSync(inTheWay)).toEqual(["somebody's"]);
});

async function makeGuest(name: string, commands: Partial<typeof journallingService> = {}): Promise<void> {
  const config = { path: name, ...journallingService, ...commands };
  await cluster.client.guests.create({ name, host: "alpha", devices: [{ name: "data", kind: "directory", config }] });
}

async function move(guest: string, destination: string): Promise<Migration> {
  const { id } = await cluster.client.migrations.create({ guest, destination, limits });
  return await cluster.client.waitForEnd(id);
}

function treeOn(host: string, name: string): string {
  return join(cluster.host(host).directories, name);
}

/** The service goes on writing there, and what it has written since it was made is without a gap. */
async function written(host: string, name: string): Promise<void> {
  const before = existsSync(join(treeOn(host, name), "journal.log")) ? (await journalIn(treeOn(host, name))).length : 0;
  const journal = await until(`the service of ${name} writes on ${host}`, async () => {
    const numbers = await journalIn(treeOn(host, name));
    return numbers.length >= before + 10 && numbers;
  });
  expect(journal).toEqual(journal.map((_, index) => index + 1));
}

async function nothingOn(host: string, name: string): Promise<void> {
  const { id } = await cluster.client.guests.get(name);
  await until(`nothing of ${name} is left on ${host}`, async () => !(await partsOn(cluster, host)).has(id));
  expect(readdirSync(cluster.host(host).directories).filter((each) => each.startsWith(name))).toEqual([]);
  expect((await cluster.devicesOn(host)).filter((command) => command.includes(name))).toEqual([]);
}

/** What a file system may hold: names of any bytes, modes, links of both kinds, holes, a FIFO, and much of it. */
async function makeArchive(tree: string): Promise<string> {
  const archive = join(tree, "archive");
  mkdirSync(join(archive, "empty"), { recursive: true });
  for (let index = 0; index < 100; index += 1) writeFileSync(join(archive, `page-${index}`), randomBytes(10_000));
  writeFileSync(join(archive, "volume"), randomBytes(16 * 1024 * 1024));
  for (const name of ["-rf", "two words", "new\nline", "*?$HOME`'\"\\", "ünïcödé-名前", "n".repeat(255)])
    writeFileSync(join(archive, name), name);
  writeFileSync(Buffer.concat([Buffer.from(`${archive}/`), Buffer.from([0xff, 0xfe, 0x80])]), "no UTF-8");
  for (const mode of [0o400, 0o600, 0o755, 0o2755, 0o4711]) {
    writeFileSync(join(archive, `mode-${mode.toString(8)}`), "");
    await chmod(join(archive, `mode-${mode.toString(8)}`), mode);
  }
  symlinkSync("volume", join(archive, "current"));
  symlinkSync("/nowhere/at all", join(archive, "dangling"));
  await link(join(archive, "page-1"), join(archive, "same-as-page-1"));
  makeFifo(join(archive, "fifo"));
  const sparse = await open(join(archive, "sparse"), "w");
  await sparse.write("an island", 20 * 1024 * 1024);
  await sparse.truncate(64 * 1024 * 1024);
  await sparse.close();
  return archive;
}

function holesIn(path: string): boolean {
  const { blocks, size } = statSync(path);
  return size === 64 * 1024 * 1024 && blocks * 512 < size / 10;
}
