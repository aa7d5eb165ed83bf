import { afterAll, beforeAll, expect, test } from "vitest";
import { Cluster } from "./support/cluster.ts";
import { fill, memoryGuest, MiB } from "./support/guests.ts";
import { until } from "./support/until.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start([
    { name: "alpha", serviceAddress: "127.0.0.1", capacityBytes: 8 * MiB },
    { name: "beta", serviceAddress: "127.0.0.2", capacityBytes: 8 * MiB },
    { name: "gamma", serviceAddress: "127.0.0.3", capacityBytes: 4 * MiB },
  ]);
}, 180_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

const label = async (guest: string, keepApart: string | null) =>
  expect(await cluster.ask("PATCH", `/v1/guests/${guest}`, { body: { keepApart } })).toMatchObject({ status: 200 });

test("S10: what memory a host has left is told anew when a guest comes to it, and counts for where the next one goes", async () => {
  await memoryGuest(cluster, { name: "small", sizeBytes: MiB });
  expect(await cluster.client.hosts.get("beta")).toMatchObject({ freeBytes: 8 * MiB });
  expect(await cluster.client.plans.create({ guest: "small" })).toMatchObject({ destination: "beta" });

  await fill(await memoryGuest(cluster, { name: "large", host: "beta", sizeBytes: 6 * MiB }), 5 * MiB);
  await until("the host tells it", async () => (await cluster.client.hosts.get("beta")).freeBytes <= 3 * MiB);
  expect(await cluster.client.plans.create({ guest: "small" })).toMatchObject({ destination: "gamma" });
  const plan = await cluster.client.drains.plan("alpha");
  expect(plan.guests).toMatchObject([{ guest: "small", destination: "gamma" }]);
}, 120_000);

test("E4: a drain keeps guests of a label on different hosts, and says so where no other host is left", async () => {
  await memoryGuest(cluster, { name: "web-1", host: "gamma", sizeBytes: MiB });
  await memoryGuest(cluster, { name: "web-2", sizeBytes: MiB });
  await label("web-1", "web");
  await label("web-2", "web");
  const going = async (destinations?: string[]) => {
    const { guests } = await cluster.client.drains.plan("alpha", destinations && { destinations });
    return guests.find(({ guest }) => guest === "web-2");
  };
  expect(await going()).toMatchObject({ destination: "beta" });
  expect(await going(["gamma"])).toMatchObject({ obstacles: [{ code: "KEPT_APART" }] });

  await label("web-2", null);
  expect(await going(["gamma"])).toMatchObject({ destination: "gamma" });
}, 120_000);
