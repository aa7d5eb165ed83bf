import type { Client } from "@godwit/client";
import type { Migration } from "@godwit/contract";
import { reportLines } from "../format.ts";

/** What the demo does by itself: one that is easy, one with files, and one that can never work. */
export async function tour(client: Client, show: (text: string) => void): Promise<Migration[]> {
  const ended: Migration[] = [];
  for (const guest of ["calm", "files", "hopeless"]) {
    show(`Migration of ${guest} from alpha to beta …`);
    const started = await client.migrations.create({ guest, destination: "beta" });
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
