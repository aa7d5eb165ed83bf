import { type LoadHandle, startLoad } from "@godwit/agent/load";
import type { Migration } from "@godwit/contract";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { readEvents } from "./support/events.ts";
import { memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { pictureOf, type Picture, settledOn } from "./support/settled.ts";
import { until } from "./support/until.ts";

/** A pass over the whole guest takes most of a second; what is written is meant as shares of this. */
const linkBytesPerSec = 20_000_000;
const keys = 12_000;
const pageBytes = 4096;
/** Each write changes a page of its own, nearly always. */
const writesOf = (share: number) => Math.round((share * linkBytesPerSec) / pageBytes);

const Verdict = z.object({ data: z.object({ kind: z.string() }) });

let cluster: Cluster;
let guest: MemoryGuest;
let load: LoadHandle | undefined;
beforeAll(async () => {
  cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec }));
  guest = await memoryGuest(cluster, { name: "web", sizeBytes: 16 * MiB });
}, 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

afterEach(async () => {
  expect(await load?.verifyAll()).toMatchObject({ lost: 0, stale: 0, corrupt: 0 });
  await load?.[Symbol.asyncDispose]();
});

/** The guest is written to, at so many bytes a second for each that the link carries. */
async function written(share: number): Promise<void> {
  load = startLoad({ endpoints: guest.endpoints, keys, writesPerSecond: writesOf(share), readShare: 0.05 });
  await load.fill();
}

async function move(limits: object): Promise<Migration> {
  const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta", limits });
  const migration = await cluster.client.waitForEnd(id);
  const { phase, reason, predictedDowntimeMs, downtimeMs, report } = migration;
  console.log({ phase, because: reason?.sentence, predictedDowntimeMs, downtimeMs, totalMs: report?.totalMs });
  return migration;
}

async function settled(picture: Picture): Promise<void> {
  await until(`all is settled on ${picture.host}`, async () => {
    expect(await pictureOf(cluster, guest)).toEqual(picture);
    return true;
  });
}

test("C1: a limit below the fixed costs is refused by proof, long before the first pass is through", async () => {
  await written(0.01);
  const { phase, verdict, reason, sentBytes } = await move({ downtimeLimitMs: 1, bandwidthBytesPerSec: 2_000_000 });
  expect({ phase, kind: verdict?.kind, code: verdict?.code }).toEqual({
    phase: "aborted",
    kind: "hopeless",
    code: "FIXED_COSTS",
  });
  expect(verdict?.inputs).toMatchObject({ downtimeLimitMs: 1 });
  expect(reason).toMatchObject({
    code: "FIXED_COSTS",
    sentence: expect.stringMatching(/web goes on serving on alpha/),
  });
  expect(sentBytes).toBeLessThan(8 * MiB);
  await settled(settledOn("alpha", 1));
});

test("C6: a guest that is written faster than the link sends is given up, and the sentence has the device and the figures", async () => {
  await written(2);
  const { phase, verdict, reason, devices } = await move({ downtimeLimitMs: 300 });
  expect({ phase, kind: verdict?.kind }).toEqual({ phase: "aborted", kind: "hopeless" });
  expect(["DIRTY_RATE", "WORKING_SET"]).toContain(reason?.code);
  expect(reason?.sentence).toMatch(/ram/);
  expect(reason?.sentence).toMatch(/300 ms/);
  expect(reason?.sentence).toMatch(/web goes on serving on alpha/);
  expect(verdict?.inputs).toMatchObject({ downtimeLimitMs: 300 });
  expect(devices[0]?.rounds).toBeGreaterThan(2);
  await settled(settledOn("alpha", 1));
  const before = load?.stats().acknowledged ?? 0;
  await until("the source goes on answering", () => (load?.stats().acknowledged ?? 0) > before + 1_000);
});

test("M4: one that is not ready by its deadline is given up, and says so", async () => {
  await written(0.01);
  // What was written before would otherwise prove it hopeless before anything moves.
  const { phase, reason } = await move({
    deadlineMs: 1_000,
    patience: "untilDeadline",
    bandwidthBytesPerSec: 1_000_000,
  });
  expect({ phase, code: reason?.code }).toEqual({ phase: "aborted", code: "DEADLINE" });
  await settled(settledOn("alpha", 1));
});

test("C4: a busy guest that the link can follow converges for a while, and then fits its limit", async () => {
  await written(0.4);
  const { id, phase, report } = await move({ downtimeLimitMs: 400 });
  expect(phase).toBe("completed");
  expect(report?.sentBytes).toBeGreaterThan(10e6);
  const verdicts = (await readEvents(cluster, `/v1/migrations/${id}/events`))
    .filter(({ event }) => event === "migration.verdict")
    .map(({ data }) => Verdict.parse(data).data.kind);
  expect(verdicts).toContain("converging");
  expect(verdicts.at(-1)).toBe("ready");
  await settled(settledOn("beta", 2));
});
