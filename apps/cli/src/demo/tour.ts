import type { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { reportLines } from "../migration-text.ts";

/** Stopping and starting a service by commands takes longer than the usual limit of 300 ms. */
const stops = [{ guest: "calm" }, { guest: "files", limits: { downtimeLimitMs: 1_500 } }, { guest: "hopeless" }];

/** What the demo does by itself: one that is easy, one with files, and one that can never work. */
export async function tour(client: Client, show: (text: string) => void): Promise<Migration[]> {
  const ended: Migration[] = [];
  for (const { guest, limits } of stops) {
    show(`Migration of ${guest} from alpha to beta …`);
    const started = await client.migrations.create({ guest, destination: "beta", limits });
    const migration = await client.waitForEnd(started.id);
    show(
      reportLines(migration)
        .map((line) => `  ${line}`)
        .join("\n"),
    );
    ended.push(migration);
  }
  return ended;
}
