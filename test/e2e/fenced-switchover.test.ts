import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import type { MemoryGuest } from "./support/guests.ts";
import {
  back,
  die,
  dieSeen,
  expectLost,
  fence,
  migrationWhen,
  mortal,
  orderDeath,
  orderPause,
  seenAway,
  serves,
  startMachineAnew,
  struck,
  writtenGuest,
} from "./support/mortal.ts";
import { pictureOf } from "./support/settled.ts";

/** A dead host here is one whose agent and devices were killed, all of them. */
let cluster: Cluster;
beforeAll(async () => (cluster = await Cluster.start(alphaAndBeta(), mortal)), 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

const limits = { downtimeLimitMs: 1_500 };
const limitMs = 120_000;
/** A cursor before everything. */
const origin = Buffer.from("0.0").toString("base64url");

test(
  "H8, M8: the source dies with its release unheard: it is `unknown` with what was heard, waits for a word about the older copy, and runs at it",
  async () => {
    await using written = await writtenGuest(cluster, "unheard");
    const { guest } = written;
    await orderDeath(cluster, "alpha", "synced released");
    const { id } = await migrate(guest);
    await struck(cluster, "alpha");
    await dieSeen(cluster, "alpha");
    const unknown = await migrationWhen(cluster, id, "is unknown", ({ phase }) => phase === "unknown");
    const at = expect.any(String);
    expect(unknown.heard).toEqual({ source: { said: "frozen", at }, destination: { said: "loaded", at } });
    expect((await runCommand(cluster, "migration", "get", id)).data).toMatch(
      /^heard +of alpha \(source\): "frozen" at .*\n +of beta \(destination\): "loaded" at /m,
    );

    expect(await fence(cluster, "alpha")).toMatchObject({ migrations: [{ id }], lostGuests: [] });
    await decided(id, /alpha may have run unheard after beta's copy was taken/);
    expect(await fresh(id)).toMatchObject({ phase: "unknown" });
    expect(await pictureOf(cluster, guest)).toMatchObject({ answersOn: [], migrating: true });

    const yes = ["--reason", "the rack burns", "--yes", "--accept-older-copy"];
    expect(await runCommand(cluster, "host", "fence", "alpha", ...yes)).toMatchObject({ code: 0 });
    expect(await ended(id)).toMatchObject({ phase: "completed", reason: { code: "REGRANTED" } });
    await serves(cluster, written, "beta", 4, { alpha: "released at 2" });

    await back(cluster, "alpha");
    await serves(cluster, written, "beta", 4);
    expect(await entriesOn("alpha", guest)).toEqual(["created", "released", "discarded"]);
  },
  limitMs,
);

test(
  "H8: the source dies with its release heard and its grant lost: no word about an older copy is needed",
  async () => {
    await using written = await writtenGuest(cluster, "heard");
    const { guest } = written;
    await orderDeath(cluster, "alpha", "synced released");
    const { id } = await migrate(guest);
    await struck(cluster, "alpha");
    await die(cluster, "alpha");
    // Beta is not connected when the release is told, so that no grant is on its way to it.
    await cluster.kill("beta", "SIGSTOP");
    await cluster.kill("server", "SIGTERM");
    await cluster.restart("server");
    await back(cluster, "alpha");
    await migrationWhen(cluster, id, "has its release heard", ({ heard }) => heard?.source?.said === "released");
    await dieSeen(cluster, "alpha");
    await fence(cluster, "alpha");
    await cluster.kill("beta", "SIGCONT");
    expect(await ended(id)).toMatchObject({ phase: "completed", reason: { code: "REGRANTED" } });
    await serves(cluster, written, "beta", 4, { alpha: "released at 2" });
    await back(cluster, "alpha");
    await serves(cluster, written, "beta", 4);
  },
  limitMs,
);

test(
  "H8: the source dies right after its grant, and is fenced while the destination sleeps over it: the grant holds",
  async () => {
    await using written = await writtenGuest(cluster, "granted");
    const { guest } = written;
    await orderPause(cluster, "beta", "plane tells granted");
    await orderDeath(cluster, "alpha", "said released");
    const { id } = await migrate(guest);
    await struck(cluster, "beta");
    await struck(cluster, "alpha");
    await dieSeen(cluster, "alpha");
    await fence(cluster, "alpha");
    await cluster.kill("beta", "SIGCONT");
    expect(await ended(id)).toMatchObject({ phase: "completed", reason: { code: "COMPLETED" } });
    await serves(cluster, written, "beta", 2, { alpha: "released at 2" });
    await back(cluster, "alpha");
    await serves(cluster, written, "beta", 2);
  },
  limitMs,
);

test(
  "H8: the fenced source lives after all and is back before anybody accepts an older copy: it takes the guest back",
  async () => {
    await using written = await writtenGuest(cluster, "patient");
    const { guest } = written;
    await orderDeath(cluster, "alpha", "synced released", { devices: false });
    const { id } = await migrate(guest);
    await struck(cluster, "alpha");
    await seenAway(cluster, "alpha");
    await fence(cluster, "alpha");
    await decided(id, /it waits until alpha is back/);
    await back(cluster, "alpha");
    expect(await ended(id)).toMatchObject({ phase: "failed", reason: { code: "DESTINATION_REVOKED" } });
    await serves(cluster, written, "alpha", 3);
  },
  limitMs,
);

test(
  "H8: the fenced source is back with its memory gone, and says that it has nothing left: beta runs its copy",
  async () => {
    await using written = await writtenGuest(cluster, "powercycled");
    const { guest } = written;
    await orderDeath(cluster, "alpha", "synced released");
    const { id } = await migrate(guest);
    await struck(cluster, "alpha");
    await dieSeen(cluster, "alpha");
    await fence(cluster, "alpha");
    await decided(id, /it waits until alpha is back/);
    await back(cluster, "alpha");
    const sentence = expect.stringContaining("which has nothing left of it.");
    expect(await ended(id)).toMatchObject({ phase: "completed", reason: { code: "REGRANTED", sentence } });
    await serves(cluster, written, "beta", 4);
  },
  limitMs,
);

test(
  "H8: the source dies frozen and never released: beta's whole copy runs where an older one is accepted, and the fenced source's claim is disowned",
  async () => {
    await using written = await writtenGuest(cluster, "frozen");
    const { guest } = written;
    await orderDeath(cluster, "alpha", "journals released");
    const { id } = await migrate(guest);
    await struck(cluster, "alpha");
    await dieSeen(cluster, "alpha");
    await fence(cluster, "alpha");
    await decided(id, /beta has a whole copy of frozen.*older copy is accepted/);
    expect(await fresh(id)).toMatchObject({ phase: "unknown", reason: { code: "OLDER_COPY" } });
    const words = ["migration", "accept-older-copy", id];
    expect((await runCommand(cluster, "migration", "get", id)).data).toContain(`godwit ${words.join(" ")}`);
    expect(await runCommand(cluster, ...words)).toMatchObject({ code: 2 });
    expect(await fresh(id)).toMatchObject({ phase: "unknown" });
    expect(await runCommand(cluster, ...words, "--yes")).toMatchObject({ code: 0 });
    expect(await ended(id)).toMatchObject({
      phase: "completed",
      reason: { code: "REGRANTED", sentence: expect.stringContaining("What alpha may have served since is not in it") },
    });
    const again = await runCommand(cluster, ...words, "--yes");
    expect(again).toMatchObject({ code: 5, talk: expect.stringContaining("nothing-to-accept") });
    await serves(cluster, written, "beta", 4, { alpha: "owner at 1" });

    await startMachineAnew(cluster, "alpha");
    await back(cluster, "alpha");
    await serves(cluster, written, "beta", 4);
    expect(await entriesOn("alpha", guest)).toEqual(["created", "held", "disowned"]);
  },
  limitMs,
);

test(
  "H8: the source dies on `freeze`: beta has nothing whole, and the guest is lost, with no word about older copies",
  async () => {
    await using written = await writtenGuest(cluster, "half");
    await orderDeath(cluster, "alpha", "hears freeze");
    const { id } = await migrate(written.guest);
    await struck(cluster, "alpha");
    await dieSeen(cluster, "alpha");
    await fence(cluster, "alpha");
    expect(await ended(id)).toMatchObject({
      phase: "lost",
      reason: { code: "LOST", sentence: expect.stringContaining("beta has no whole copy of it") },
    });
    await expectLost(cluster, written.guest);
    await back(cluster, "alpha");
  },
  limitMs,
);

async function migrate({ name }: MemoryGuest): Promise<Migration> {
  return await cluster.client.migrations.create({ guest: name, destination: "beta", limits });
}

async function fresh(id: string): Promise<Migration> {
  return await cluster.client.migrations.get(id);
}

async function ended(id: string): Promise<Migration> {
  return await migrationWhen(cluster, id, "has ended", ({ endedAt }) => endedAt !== undefined);
}

/** The migration's events say so, from its beginning on or as they come. */
async function decided(id: string, sentence: RegExp): Promise<void> {
  const client = new Client({ server: cluster.url, token: cluster.token, signal: AbortSignal.timeout(30_000) });
  for await (const told of client.migrations.events(id, origin))
    if (told.type === "event" && sentence.test(told.event.sentence)) return;
  throw new Error(`The migration ended without saying ${String(sentence)}`);
}

/** What a host's journal has said of a guest, entry by entry. */
async function entriesOn(host: string, { id }: MemoryGuest): Promise<string[]> {
  const lines = (await readFile(join(cluster.host(host).folder, "journal"), "utf8")).split("\n").slice(0, -1);
  return lines
    .map((line): { entry: string; guestId?: string } => JSON.parse(line.slice(17)))
    .filter(({ guestId }) => guestId === id)
    .map(({ entry }) => entry);
}
