import { type LoadHandle, startLoad } from "@godwit/agent/load";
import type { Migration } from "@godwit/contract";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { readEvents } from "./support/events.ts";
import { memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { askDevice, pictureOf, untilEnded, untilSettled } from "./support/settled.ts";
import { until } from "./support/until.ts";

/** So slow a link that a migration can be met in precopy at leisure. */
const linkBytesPerSec = 8_000_000;
const limits = { downtimeLimitMs: 2_000 };

let cluster: Cluster;
let guest: MemoryGuest;
let load: LoadHandle;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec }));
  guest = await memoryGuest(cluster, { name: "web", sizeBytes: 32 * MiB });
}, 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);
beforeEach(async () => {
  load = startLoad({ endpoints: guest.endpoints, keys: 9_000, writesPerSecond: 200 });
  await load.fill();
});
afterEach(async () => {
  expect(await load.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await load[Symbol.asyncDispose]();
});

describe("killed in precopy and started again", () => {
  test("M6, H10: the source's agent: the migration fails in so many words, the guest has served all the while", async () => {
    const { id } = await inPrecopy("beta");
    await cluster.kill("alpha");
    expect(await pictureOf(cluster, guest)).toMatchObject({ answersOn: ["alpha"], state: "unknown" });
    await cluster.restart("alpha");
    expect(await ended(id)).toMatchObject({ phase: "failed", reason: { code: "SOURCE_RESTARTED" } });
    await settled("alpha");
  }, 90_000);

  test("M6: the destination's agent: the migration fails, nothing is left on the destination", async () => {
    const { id } = await inPrecopy("beta");
    await cluster.kill("beta");
    await cluster.restart("beta");
    expect(await ended(id)).toMatchObject({ phase: "failed", reason: { code: "DESTINATION_RESTARTED" } });
    await settled("alpha");
  }, 90_000);

  test("M14: the orchestrator: the migration goes on without it, is adopted and completes", async () => {
    const { id } = await inPrecopy("beta");
    await cluster.kill("server");
    await cluster.restart("server");
    await cluster.connected();
    expect(await ended(id)).toMatchObject({ phase: "completed" });
    await settled("beta");
  }, 120_000);
});

test("M8, H10: a switchover that ends while the orchestrator is away is found to have ended, by agents that went on all the while", async () => {
  const { host } = await cluster.client.guests.get("web");
  const destination = other(host);
  const { id } = await cluster.client.migrations.create({ guest: "web", destination, limits });
  await phase(id, ["switchover"]);
  const agents = ["alpha", "beta"].map((name) => cluster.pid(name));
  await cluster.kill("server");
  const there = `${cluster.host(destination).serviceAddress}:${guest.port}`;
  await until(`the guest answers on ${destination}`, () => askDevice(there, "INFO"));
  await cluster.restart("server");
  await cluster.connected();
  expect(await ended(id)).toMatchObject({ phase: "completed" });
  await settled(destination);
  expect(["alpha", "beta"].map((name) => cluster.pid(name))).toEqual(agents);
  const told = (await readEvents(cluster, `/v1/migrations/${id}/events`)).map(({ data }) => JSON.stringify(data));
  expect(told.filter((text) => text.includes("restarted"))).toEqual([]);
}, 120_000);

describe("killed at any moment of a whole migration", () => {
  test.each(["alpha", "beta", "server"])(
    "H10: whatever %s was doing, one host serves in the end and nothing is lost",
    async (victim) => {
      for (const part of [0.2, 0.5, 0.9, 1]) {
        const from = (await cluster.client.guests.get("web")).host;
        const to = from === "alpha" ? "beta" : "alpha";
        const { id } = await cluster.client.migrations.create({ guest: "web", destination: to, limits });
        // The last moment is within the switchover, or just before or after it.
        if (part === 1) await phase(id, ["switchover", "completed"]);
        else
          await until(
            `${part} of the state has moved`,
            async () => moved(await cluster.client.migrations.get(id)) >= part * 9e6,
          );
        await cluster.kill(victim);
        await cluster.restart(victim);
        await cluster.connected();
        const { phase: outcome } = await ended(id);
        await settled(outcome === "completed" ? to : from);
        console.log(`${victim} killed at ${part} of ${from} -> ${to}: ${outcome}`);
      }
    },
    300_000,
  );
});

test("M8: an agent that is paused for some seconds goes on where it was", async () => {
  const from = (await cluster.client.guests.get("web")).host;
  const { id } = await inPrecopy(from === "alpha" ? "beta" : "alpha");
  await cluster.kill(from, "SIGSTOP");
  await until(
    "the orchestrator misses its figures",
    async () => (await cluster.client.migrations.get(id)).phase === "precopy",
  );
  await cluster.kill(from, "SIGCONT");
  const { phase: outcome } = await ended(id);
  expect(outcome).toBe("completed");
}, 90_000);

async function inPrecopy(destination: string): Promise<Migration> {
  const from = (await cluster.client.guests.get("web")).host;
  if (from === destination)
    await ended((await cluster.client.migrations.create({ guest: "web", destination: other(from), limits })).id);
  const { id } = await cluster.client.migrations.create({ guest: "web", destination, limits });
  return await until("some of it has moved in precopy", async () => {
    const migration = await cluster.client.migrations.get(id);
    return migration.phase === "precopy" && moved(migration) > 1e6 ? migration : undefined;
  });
}

async function phase(id: string, wanted: string[]): Promise<void> {
  await until(
    `the phase is ${wanted.join(" or ")}`,
    async () => wanted.includes((await cluster.client.migrations.get(id)).phase),
    60_000,
  );
}

async function ended(id: string): Promise<Migration> {
  return await untilEnded(cluster.client, id);
}

async function settled(host: string): Promise<void> {
  await untilSettled(cluster, guest, host);
}

function moved({ devices }: Migration): number {
  return devices.reduce((sum, device) => sum + device.sentBytes, 0);
}

function other(host: string): string {
  return host === "alpha" ? "beta" : "alpha";
}
