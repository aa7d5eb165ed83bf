import type { Migration } from "@godwit/core";
import type { MigrationRecord, NewEvent, Store } from "@godwit/store";
import type { Runs } from "./runs.ts";

interface Parts {
  store: Pick<Store, "migrations">;
  runs: Runs;
}

/** Writes a migration down and takes it up. */
export async function create(
  { store, runs }: Parts,
  state: Migration,
  record: MigrationRecord,
  events: NewEvent[],
): Promise<"created" | "guest-busy"> {
  const outcome = await written(store, record, events);
  if (outcome === "created") runs.begin(state);
  // The guest's migration may be one that was written and never taken up, since the answer was lost twice.
  else await runs.adoptAll();
  return outcome;
}

/** A writing of which the answer was lost may have been carried out all the same. */
async function written(
  { migrations }: Parts["store"],
  record: MigrationRecord,
  events: NewEvent[],
): Promise<"created" | "guest-busy"> {
  try {
    return await migrations.create(record, events);
  } catch (error) {
    if ((await migrations.find(record.id)) === undefined) throw error;
    return "created";
  }
}
