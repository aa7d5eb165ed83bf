/**
 * The measured downtime of a memory guest under load, held against the time that its bytes alone would take: what was moved after the
 * stop over the bandwidth of the same migration. The rest is stopping, loading, starting, two synced journal lines and half a round trip.
 */
import { startLoad } from "@godwit/agent/load";
import { alphaAndBeta, Cluster } from "../test/e2e/support/cluster.ts";
import { memoryGuest, MiB } from "../test/e2e/support/guests.ts";
import { type BenchRow, median } from "./row.ts";

const migrations = 8;
const linkBytesPerSec = 100_000_000;

export async function benchDowntime(): Promise<BenchRow[]> {
  await using cluster = await Cluster.start(alphaAndBeta({ linkBytesPerSec }));
  const guest = await memoryGuest(cluster, { name: "loaded", sizeBytes: 128 * MiB });
  await using load = startLoad({ endpoints: guest.endpoints, keys: 40_000, writesPerSecond: 4_000 });
  await load.fill();
  const [downtimes, predictions, bytesAlone]: [number[], number[], number[]] = [[], [], []];
  for (let index = 0; index < migrations; index += 1) {
    const destination = index % 2 === 0 ? "beta" : "alpha";
    const started = await cluster.client.migrations.create({
      guest: "loaded",
      destination,
      limits: { downtimeLimitMs: 1_000 },
    });
    const { phase, reason, report } = await cluster.client.waitForEnd(started.id);
    if (report?.downtimeMs === undefined || report.bandwidthBytesPerSec === undefined) {
      throw new Error(`Migration ${index + 1} ended as ${phase}: ${reason?.sentence ?? ""}`);
    }
    downtimes.push(report.downtimeMs);
    predictions.push(report.predictedDowntimeMs ?? Number.NaN);
    bytesAlone.push(((report.stoppedBytes ?? 0) / report.bandwidthBytesPerSec) * 1000);
  }
  const { lost, stale } = await load.verifyAll();
  if (lost + stale > 0) throw new Error(`${lost} keys were lost and ${stale} stale`);
  const figure = `${median(downtimes).toFixed(1)} ms`;
  return [
    row(
      "downtime, 128 MiB under load, 100 MB/s",
      figure,
      `${median(bytesAlone).toFixed(1)} ms for its bytes alone`,
      downtimes,
      bytesAlone,
    ),
    row(
      "downtime against its prediction",
      figure,
      `${median(predictions).toFixed(1)} ms predicted`,
      downtimes,
      predictions,
    ),
  ];
}

function row(name: string, figure: string, reference: string, ours: number[], theirs: number[]): BenchRow {
  return { name, figure, reference, ratio: median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN))) };
}
