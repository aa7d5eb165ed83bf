import { startLoad } from "@godwit/agent/load";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { DamagingProxy } from "./support/damaging-proxy.ts";
import { memoryGuest, type MemoryGuest, MiB } from "./support/guests.ts";
import { freePort } from "../support/ports.ts";
import { pictureOf, settledOn } from "./support/settled.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
let proxy: DamagingProxy;
let guest: MemoryGuest;
beforeAll(async () => {
  proxy = await DamagingProxy.start();
  proxy.targetPort = await freePort();
  const [alpha, beta] = alphaAndBeta({ linkBytesPerSec: 20_000_000 });
  if (alpha === undefined || beta === undefined) throw new Error("There are two hosts");
  const behindProxy = {
    ...alpha,
    options: ["--listen", `127.0.0.1:${proxy.targetPort}`, "--advertise", proxy.endpoint],
  };
  cluster = await Cluster.start([behindProxy, beta]);
  guest = await memoryGuest(cluster, { name: "web", sizeBytes: 32 * MiB });
  await using load = startLoad({ endpoints: guest.endpoints, keys: 9_000, writesPerSecond: 1 });
  await load.fill();
  await until("all keys are written", () => load.stats().acknowledged >= 9_000);
}, 120_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
}, 60_000);

const limits = { downtimeLimitMs: 300 };

test.each([100, 70_000, 3_000_000, 12_000_000])(
  "N3: a bit flipped after %d bytes is caught, and the source goes on serving",
  async (afterBytes) => {
    proxy.arm("flip", afterBytes);
    const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta", limits });
    const ended = await cluster.client.waitForEnd(id);
    expect(proxy.done).toBe(1);
    expect(ended).toMatchObject({ phase: "failed" });
    expect(ended.reason?.sentence).toMatch(/damaged|check|digest|make sense|no hello|preamble|zeros/);
    await settledAt(1);
  },
);

test("N2: a stream that is cut off for good never becomes a guest", async () => {
  proxy.arm("truncate", 4_000_000);
  const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta", limits });
  await until("it is cut off again and again", () => proxy.done > 2);
  expect((await cluster.client.guests.get("web")).host).toBe("alpha");
  const cancelled = await cluster.client.migrations.cancel(id);
  expect(cancelled.phase).toBe("aborted");
  await settledAt(1);
});

test("N2: a connection that breaks in precopy is dialled again, and the migration completes", async () => {
  proxy.arm("cut", 5_000_000);
  const { id } = await cluster.client.migrations.create({ guest: "web", destination: "beta", limits });
  expect(await cluster.client.waitForEnd(id)).toMatchObject({ phase: "completed" });
  expect(proxy.done).toBe(1);
  await until("all is settled on beta", async () => {
    expect(await pictureOf(cluster, guest)).toEqual(settledOn("beta", 2));
    return true;
  });
});

async function settledAt(epoch: number): Promise<void> {
  await until("all is settled on alpha", async () => {
    expect(await pictureOf(cluster, guest)).toEqual(settledOn("alpha", epoch));
    return true;
  });
}
