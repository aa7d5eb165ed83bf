import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Migration } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { runCommand } from "./support/command.ts";
import type { MemoryGuest } from "./support/guests.ts";
import {
  back,
  dieSeen,
  expectLost,
  fence,
  migrationWhen,
  mortal,
  serves,
  startMachineAnew,
  writtenGuest,
} from "./support/mortal.ts";
import { partsOn } from "./support/settled.ts";
import { until } from "./support/until.ts";

/** A dead host here is one whose agent and devices were killed, all of them. */
let cluster: Cluster;
beforeAll(async () => (cluster = await Cluster.start(alphaAndBeta(), mortal)), 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

const limitMs = 120_000;

test(
  "H8: the source dies in precopy and is fenced: lost, which the command line says, and only the record is left to be removed",
  async () => {
    await using written = await writtenGuest(cluster, "early");
    const { guest } = written;
    const { id } = await inPrecopy(guest);
    const watching = runCommand(cluster, "migration", "watch", id);
    await dieSeen(cluster, "alpha");
    const said = await fence(cluster, "alpha");
    expect(said).toMatchObject({ migrations: [{ id, phase: "lost" }], lostGuests: ["early"] });
    expect(await fresh(id)).toMatchObject({ phase: "lost", reason: { code: "LOST" } });
    const watched = await watching;
    expect(watched).toMatchObject({ code: 7, talk: expect.stringMatching(/lost: early is lost: alpha is fenced by/) });
    expect((await runCommand(cluster, "migration", "get", id)).data).toMatch(
      /^early +alpha -> beta +lost +early is lost: alpha/,
    );
    await expectLost(cluster, guest);
    await back(cluster, "alpha");
  },
  limitMs,
);

test(
  "H8: the destination dies in precopy and is fenced: the guest serves on where it is",
  async () => {
    await using written = await writtenGuest(cluster, "stays");
    const { id } = await inPrecopy(written.guest);
    await dieSeen(cluster, "beta");
    expect((await fence(cluster, "beta")).migrations).toMatchObject([{ id, phase: "failed" }]);
    expect(await fresh(id)).toMatchObject({ phase: "failed", reason: { code: "DESTINATION_FENCED" } });
    await serves(cluster, written, "alpha", 1, { beta: "reserved at 2" });
    await back(cluster, "beta");
    await serves(cluster, written, "alpha", 1);
  },
  limitMs,
);

test(
  "H8: after a start of its machine an agent holds its guests until the orchestrator's word",
  async () => {
    const config = { path: "archive", resume: "echo started >> starts", quiesce: "true" };
    const devices = [{ name: "data", kind: "directory", config }];
    const { id } = await cluster.client.guests.create({ name: "archive", host: "alpha", devices });
    const starts = async () =>
      (await readFile(join(cluster.host("alpha").directories, "archive", "starts"), "utf8")).split("\n").length - 1;
    await using written = await writtenGuest(cluster, "alive");
    await cluster.kill("server", "SIGTERM");
    await cluster.kill("alpha");
    await startMachineAnew(cluster, "alpha");
    await writeFile(join(cluster.host("alpha").folder, "devices", id, "data", "state"), "serving another-start\n");
    await cluster.restart("alpha");
    // It has taken up whatever it takes up by itself.
    const parts = await partsOn(cluster, "alpha");
    for (const guest of [id, written.guest.id])
      expect(parts.get(guest)).toMatchObject({ part: { as: "owner", epoch: 1 }, held: true });
    expect(await starts()).toBe(1);
    const log = await readFile(join(cluster.folder, "alpha.log"), "utf8");
    expect(log).toMatch(/"guest":"archive".*the guest waits for the orchestrator's word/);

    await cluster.restart("server");
    await cluster.connected();
    await until("both are taken up", async () => {
      const now = await partsOn(cluster, "alpha");
      return [id, written.guest.id].every((guest) => now.get(guest)?.held === undefined);
    });
    await until("the service is started", async () => (await starts()) === 2);
    for (const name of ["archive", "alive"])
      await until(`${name} runs`, async () => (await cluster.client.guests.get(name)).state === "running");
    await serves(cluster, written, "alpha", 1);
  },
  limitMs,
);

/** Held, so that it stays there for as long as a test needs it. */
async function inPrecopy({ name }: MemoryGuest): Promise<Migration> {
  const limits = { downtimeLimitMs: 1_500, hold: true };
  const { id } = await cluster.client.migrations.create({ guest: name, destination: "beta", limits });
  return await migrationWhen(
    cluster,
    id,
    "has moved some of it",
    ({ phase, sentBytes }) => phase === "precopy" && sentBytes > 100_000,
  );
}

async function fresh(id: string): Promise<Migration> {
  return await cluster.client.migrations.get(id);
}
