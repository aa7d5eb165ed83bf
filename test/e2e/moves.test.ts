import { startLoad, watchServing } from "@godwit/agent/load";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alphaAndBeta, Cluster } from "./support/cluster.ts";
import { memoryGuest, MiB } from "./support/guests.ts";
import { pictureOf, settledOn } from "./support/settled.ts";

let cluster: Cluster;
beforeAll(async () => (cluster = await Cluster.start(alphaAndBeta())), 120_000);
afterAll(async () => await cluster[Symbol.asyncDispose](), 60_000);

const moves = 20;
const limits = { downtimeLimitMs: 1_000 };

test("H2, H4: 20 moves of 256 MiB under load lose no key, show no stale one, and never two sides serve", async () => {
  const guest = await memoryGuest(cluster, { name: "loaded", sizeBytes: 256 * MiB });
  await using load = startLoad({ endpoints: guest.endpoints, keys: 60_000, writesPerSecond: 1_000 });
  await load.fill();
  await using watch = watchServing(guest.endpoints);
  const rows: object[] = [];
  for (let move = 1; move <= moves; move += 1) {
    const destination = move % 2 === 1 ? "beta" : "alpha";
    const { id } = await cluster.client.migrations.create({ guest: "loaded", destination, limits });
    const { phase, reason, report } = await cluster.client.waitForEnd(id);
    expect({ move, phase, because: reason?.sentence }).toMatchObject({ phase: "completed" });
    expect(report?.predictedDowntimeMs).toBeGreaterThan(0);
    expect(report?.downtimeMs).toBeGreaterThan(0);
    const { predictedDowntimeMs, downtimeMs, sentBytes = 0, stoppedBytes = 0, rounds } = report ?? {};
    rows.push({
      move,
      predictedDowntimeMs,
      downtimeMs,
      rounds,
      sentMB: sentBytes / 1e6,
      stoppedMB: stoppedBytes / 1e6,
    });
  }
  console.table(rows);
  const verified = await load.verifyAll();
  expect(verified).toMatchObject({ lost: 0, stale: 0, corrupt: 0, errors: 0 });
  expect(verified.acknowledged).toBeGreaterThan(60_000);
  expect(verified.reconnects).toBeGreaterThanOrEqual(moves);
  expect(watch.report()).toMatchObject({ bothServing: 0 });
  expect(await pictureOf(cluster, guest)).toEqual(settledOn("alpha", 1 + moves));
}, 300_000);
