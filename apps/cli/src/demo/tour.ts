import type { Client } from "@godwit/client";
import { reportLines } from "../migration-text.ts";
import type { Scene, Witness } from "./scene.ts";

/** What the demo does by itself. The guests' witnesses are told where they are. */
export async function tour(
  client: Client,
  stops: Scene["stops"],
  witnesses: ReadonlyMap<string, Witness>,
  show: (text: string) => void,
): Promise<void> {
  for (const { guest, to, limits } of stops) {
    const { host } = await client.guests.get(guest);
    show(`Migration of ${guest} from ${host} to ${to} …`);
    const started = await client.migrations.create({ guest, destination: to, limits });
    const migration = await client.waitForEnd(started.id);
    if (migration.phase === "completed") await witnesses.get(guest)?.moved?.(to);
    show(
      reportLines(migration)
        .map((line) => `  ${line}`)
        .join("\n"),
    );
  }
}
