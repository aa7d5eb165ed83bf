import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import type { MemoryGuest } from "./support/guests.ts";
import { back, fence, mortal, orderDeath, orderPause, dieSeen, struck, writtenGuest } from "./support/mortal.ts";
import { untilNowhere, untilRuns } from "./support/saves.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let folder: string;
let count = 0;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta(), mortal);
  folder = await mkdtemp(join(tmpdir(), "godwit-saves-"));
}, 120_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** A guest that is written to, and the folder that it is about to be saved in. */
async function aboutToBeSaved() {
  const name = `mortal-${(count += 1)}`;
  const written = await writtenGuest(cluster, name);
  return { ...written, name, into: join(folder, name) };
}

async function keepsAll({ load }: Awaited<ReturnType<typeof aboutToBeSaved>>): Promise<void> {
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await load[Symbol.asyncDispose]();
}

async function leftBeside(guest: MemoryGuest): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(".") || name === guest.name);
}

test.each(["plane tells stopped", "plane tells confirmed", "journals released", "tears released"])(
  "F3: its agent killed where it %s, before the release: the guest runs where it was, and there is no save",
  async (edge) => {
    const about = await aboutToBeSaved();
    await orderDeath(cluster, "alpha", edge, { devices: false });
    await cluster.client.guests.save(about.name, { folder: about.into });
    await struck(cluster, "alpha");
    await back(cluster, "alpha");
    expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
      state: "running",
      save: { state: "failed", failure: { code: "RESTARTED" } },
    });
    await untilRuns(cluster, about.guest, "alpha", 2);
    expect(await leftBeside(about.guest)).toEqual([]);
    await keepsAll(about);
  },
  60_000,
);

test.each(["synced released", "plane answers grant", "says released", "journals discarded"])(
  "F3: its agent killed where it %s, after the release: the save is whole, runs nowhere, and is restored",
  async (edge) => {
    const about = await aboutToBeSaved();
    await orderDeath(cluster, "alpha", edge, { devices: false });
    await cluster.client.guests.save(about.name, { folder: about.into });
    await struck(cluster, "alpha");
    await back(cluster, "alpha");
    expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({ state: "saved", epoch: 2 });
    await untilNowhere(cluster, about.guest);
    expect(await leftBeside(about.guest)).toEqual([about.name]);
    await cluster.client.guests.restore(about.name, { host: "beta" });
    expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({ state: "running", host: "beta" });
    await untilRuns(cluster, about.guest, "beta", 3);
    await keepsAll(about);
  },
  60_000,
);

test.each(["plane tells received", "says loaded", "journals granted"])(
  "F5: the agent that restores it killed where it %s, before it has written down a grant: the save is as it was, and is restored",
  async (edge) => {
    const about = await aboutToBeSaved();
    const { guests } = cluster.client;
    await guests.save(about.name, { folder: about.into });
    await guests.waitAtRest(about.name);
    await orderDeath(cluster, "beta", edge, { devices: false });
    await guests.restore(about.name, { host: "beta" });
    await struck(cluster, "beta");
    await back(cluster, "beta");
    const { state } = await guests.waitAtRest(about.name);
    // Without a grant the load is begun anew; with one that it had not written down it has nothing to run.
    expect(state).toBe(edge === "journals granted" ? "saved" : "running");
    if (state === "saved") await guests.restore(about.name, { host: "beta" });
    await guests.waitAtRest(about.name);
    await untilRuns(cluster, about.guest, "beta", state === "saved" ? 4 : 3);
    await keepsAll(about);
  },
  60_000,
);

test.each(["synced granted", "plane answers start"])(
  "F5: the agent that restores it killed where it %s, after the grant: the guest runs there and nowhere else",
  async (edge) => {
    const about = await aboutToBeSaved();
    const { guests } = cluster.client;
    await guests.save(about.name, { folder: about.into });
    await guests.waitAtRest(about.name);
    await orderDeath(cluster, "beta", edge, { devices: false });
    await guests.restore(about.name, { host: "beta" });
    await struck(cluster, "beta");
    await back(cluster, "beta");
    expect(await guests.waitAtRest(about.name)).toMatchObject({ state: "running", host: "beta", epoch: 3 });
    await untilRuns(cluster, about.guest, "beta", 3);
    await keepsAll(about);
  },
  60_000,
);

test("F3: a name that was taken while the guest was written is no save: its host takes the guest back, and what was written goes", async () => {
  const about = await aboutToBeSaved();
  await orderPause(cluster, "alpha", "plane tells confirmed");
  await cluster.client.guests.save(about.name, { folder: about.into });
  await struck(cluster, "alpha");
  await mkdir(about.into);
  await writeFile(join(about.into, "precious"), "data");
  process.kill(cluster.pid("alpha"), "SIGCONT");
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
    state: "running",
    save: { state: "failed", failure: { code: "folder-taken" } },
  });
  await untilRuns(cluster, about.guest, "alpha", 3);
  expect(await readdir(about.into)).toEqual(["precious"]);
  expect(await leftBeside(about.guest)).toEqual([about.name]);
  await keepsAll(about);
}, 60_000);

test("H10: a save and a restore that the orchestrator dies in the middle of go on when it is back", async () => {
  const about = await aboutToBeSaved();
  const again = async (what: () => Promise<unknown>, host: string, edge: string): Promise<void> => {
    await orderPause(cluster, host, edge);
    await what();
    await struck(cluster, host);
    await cluster.kill("server");
    process.kill(cluster.pid(host), "SIGCONT");
    await cluster.restart("server");
    await cluster.connected();
  };
  await again(() => cluster.client.guests.save(about.name, { folder: about.into }), "alpha", "plane tells stopped");
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({ state: "saved" });
  await again(() => cluster.client.guests.restore(about.name, { host: "beta" }), "beta", "plane tells received");
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
    state: "running",
    host: "beta",
    epoch: 3,
  });
  await untilRuns(cluster, about.guest, "beta", 3);
  await keepsAll(about);
}, 90_000);

test("F1, H8: a saved guest is not lost with the host that saved it, and what that host had of it goes when it is back", async () => {
  const about = await aboutToBeSaved();
  await orderDeath(cluster, "alpha", "journals discarded", { devices: false });
  await cluster.client.guests.save(about.name, { folder: about.into });
  await struck(cluster, "alpha");
  await dieSeen(cluster, "alpha");
  expect((await fence(cluster, "alpha")).lostGuests).not.toContain(about.name);
  await cluster.client.guests.restore(about.name, { host: "beta" });
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
    state: "running",
    host: "beta",
    epoch: 3,
  });
  await back(cluster, "alpha");
  await untilRuns(cluster, about.guest, "beta", 3);
  await keepsAll(about);
}, 60_000);

test("F4, H8: a guest that is lost with the host that has released it is saved as soon as that host says so", async () => {
  const about = await aboutToBeSaved();
  await diesReleased(about);
  await back(cluster, "alpha");
  await until("it is saved", async () => (await cluster.client.guests.get(about.name)).state === "saved");
  await cluster.client.guests.restore(about.name, { host: "beta" });
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
    state: "running",
    host: "beta",
    epoch: 3,
  });
  await untilRuns(cluster, about.guest, "beta", 3);
  await keepsAll(about);
}, 60_000);

test("F4, H8: a guest that is lost with the host that has released it is restored from its folder by another", async () => {
  const about = await aboutToBeSaved();
  await diesReleased(about);
  await cluster.client.guests.restore(about.name, { host: "beta", folder: about.into });
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({
    state: "running",
    host: "beta",
    epoch: 3,
  });
  await back(cluster, "alpha");
  await untilRuns(cluster, about.guest, "beta", 3);
  await keepsAll(about);
}, 60_000);

/** Alpha has given the folder its name, and dies before it can say so. */
async function diesReleased({ name, into }: Awaited<ReturnType<typeof aboutToBeSaved>>): Promise<void> {
  await orderDeath(cluster, "alpha", "plane answers grant", { devices: false });
  await cluster.client.guests.save(name, { folder: into });
  await struck(cluster, "alpha");
  await dieSeen(cluster, "alpha");
  expect((await fence(cluster, "alpha")).lostGuests).toContain(name);
}

test("F3: a full disk ends a save with a clear word, and the guest goes on", async () => {
  const within = ["prlimit", "--fsize=400000"];
  await using small = await Cluster.start(alphaAndBeta(), (program) => (program === "alpha" ? { within } : {}));
  const { guest, load } = await writtenGuest(small, "large");
  await small.client.guests.save("large", { folder: join(folder, "large") });
  expect(await small.client.guests.waitAtRest("large")).toMatchObject({
    state: "running",
    save: { state: "failed", failure: { code: "no-room", detail: expect.stringContaining("no room left") } },
  });
  await untilRuns(small, guest, "alpha", 2);
  await until("nothing is left of it", async () => (await leftBeside(guest)).length === 0);
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await load[Symbol.asyncDispose]();
}, 90_000);

test("F8: a guest that was just saved is forgotten once its host has ended what it has of it, and not while that host is away", async () => {
  const about = await aboutToBeSaved();
  await about.load[Symbol.asyncDispose]();
  await orderPause(cluster, "alpha", "hears discard");
  await cluster.client.guests.save(about.name, { folder: about.into });
  expect(await cluster.client.guests.waitAtRest(about.name)).toMatchObject({ state: "saved" });
  await struck(cluster, "alpha");
  const asked = cluster.ask("DELETE", `/v1/guests/${about.name}`);
  process.kill(cluster.pid("alpha"), "SIGCONT");
  expect((await asked).status).toBe(204);
  expect(await leftOf(about.guest)).toEqual([]);

  const other = await aboutToBeSaved();
  await other.load[Symbol.asyncDispose]();
  await orderDeath(cluster, "alpha", "hears discard", { devices: false });
  await cluster.client.guests.save(other.name, { folder: other.into });
  await struck(cluster, "alpha");
  const refused = await cluster.ask("DELETE", `/v1/guests/${other.name}`);
  expect(refused).toMatchObject({ status: 409, body: { code: "host-offline" } });
  await back(cluster, "alpha");
  expect((await cluster.ask("DELETE", `/v1/guests/${other.name}`)).status).toBe(204);
  expect(await leftOf(other.guest)).toEqual([]);
}, 90_000);

/** Its devices' processes on the host that has saved it. */
async function leftOf({ id }: MemoryGuest): Promise<string[]> {
  return (await cluster.devicesOn("alpha")).filter((command) => command.includes(id));
}
