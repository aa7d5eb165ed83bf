/** Applies the migrations in prisma/migrations, recorded in Prisma's own table so that its tools agree. */
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { Client } from "pg";

/** The database and the migrations of this version do not go together; nothing was changed. */
export class MigrationRefusedError extends Error {
  override name = "MigrationRefusedError";
}

export interface MigrationFile {
  /** The folder's name, which begins with the time: the order of names is the order of migrations. */
  name: string;
  sql: string;
}

/** The number of Prisma's own advisory lock: its tools and this runner keep each other out. */
const migrationLock = 72_707_369;

/** Applies what is missing, each file in a transaction of its own. Of several processes that start at once one migrates, the others wait. */
export async function migrate(client: Client, files?: MigrationFile[]): Promise<void> {
  const known = files ?? (await readMigrations());
  await client.query(`SELECT pg_advisory_lock(${migrationLock})`);
  try {
    await client.query(historyTable);
    const applied = await readHistory(client);
    refuseForeign(applied, known);
    for (const file of known.filter(({ name }) => !applied.has(name))) await apply(client, file);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${migrationLock})`);
  }
}

/** The migrations of this version, oldest first. The folder lies equally far from `src` and from `dist`. */
export async function readMigrations(): Promise<MigrationFile[]> {
  const folder = new URL("../../../prisma/migrations/", import.meta.url);
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => ({
      name,
      sql: await readFile(new URL(`${name}/migration.sql`, folder), "utf8"),
    })),
  );
}

interface HistoryRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

const historyTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

async function readHistory(client: Client): Promise<Map<string, HistoryRow>> {
  const { rows } = await client.query<HistoryRow>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  return new Map(rows.map((row) => [row.migration_name, row]));
}

function refuseForeign(applied: Map<string, HistoryRow>, known: MigrationFile[]): void {
  const checksums = new Map(known.map((file) => [file.name, checksumOf(file)]));
  for (const { migration_name: name, checksum, finished_at: finishedAt } of applied.values()) {
    const expected = checksums.get(name);
    if (expected === undefined) {
      throw new MigrationRefusedError(
        `the database was migrated by a newer version: "${name}" is not known to this one`,
      );
    }
    if (finishedAt === null) {
      throw new MigrationRefusedError(`migration "${name}" was begun by another tool and has not finished`);
    }
    if (checksum !== expected) {
      throw new MigrationRefusedError(`migration "${name}" was edited after it had been applied to this database`);
    }
  }
}

/** Without parameters a query goes by the simple protocol, which takes a file of many statements whole. */
async function apply(client: Client, file: MigrationFile): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(file.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksumOf(file), file.name],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new Error(`migration "${file.name}" failed and was rolled back: ${String(error)}`, { cause: error });
  }
}

function checksumOf(file: MigrationFile): string {
  return createHash("sha256").update(file.sql).digest("hex");
}
