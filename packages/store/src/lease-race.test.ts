import { Client } from "pg";
import { expect, test, vi } from "vitest";
import { startPostgres } from "../../../test/support/postgres.ts";
import { need } from "../../../test/support/requirements.ts";
import { openStore } from "./index.ts";
import { commitOf, newMigration } from "./support/records.ts";

const postgres = need("postgres");

test("D11: a taking waits for the decision that is being written, and then reads it", async (context) => {
  if (postgres.missing !== undefined) return context.skip(postgres.missing);
  await using server = await startPostgres(postgres.path);
  await using first = await openStore({ databaseUrl: server.url });
  await using second = await openStore({ databaseUrl: server.url });
  const migration = newMigration();
  await first.lease.take({ holder: "first", forMs: 1 });
  await first.migrations.create(migration, []);

  const bystander = new Client({ connectionString: server.url });
  await bystander.connect();
  const waiting = async (count: number) => {
    const { rowCount } = await bystander.query("SELECT FROM pg_locks WHERE NOT granted");
    return rowCount === count;
  };
  // Holds the decision up in the midst of its statement.
  await bystander.query("BEGIN; SELECT FROM migrations FOR UPDATE");
  const committing = first.migrations.commit(commitOf(migration));
  await vi.waitUntil(() => waiting(1), { timeout: 10_000 });
  const taking = second.lease.take({ holder: "second", forMs: 60_000 });
  await vi.waitUntil(() => waiting(2), { timeout: 10_000 });
  await bystander.query("COMMIT");
  await bystander.end();

  expect(await committing).toBe("committed");
  expect(await taking).toEqual({ epoch: 2 });
  expect(await second.migrations.find(migration.id)).toMatchObject({ version: 2 });
  await expect(first.migrations.commit({ ...commitOf(migration), version: 2 })).rejects.toThrow(/another orchestrator/);
});
