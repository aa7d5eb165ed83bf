import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startPostgres } from "../../../test/support/postgres.ts";
import { need } from "../../../test/support/requirements.ts";
import { type Embedded, openEmbedded } from "./embedded.ts";
import { MigrationRefusedError } from "./index.ts";
import { migrate, type MigrationFile, readMigrations } from "./migrate.ts";

const first: MigrationFile = {
  name: "1_first",
  sql: "CREATE TABLE a (n int); INSERT INTO a VALUES (1); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT '';''';",
};
const second: MigrationFile = { name: "2_second", sql: "INSERT INTO a VALUES (2);" };

let folder: string;
let database: Embedded;
let client: Client;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-migrate-"));
  database = await openEmbedded(folder, () => undefined);
  client = new Client(database.connection);
  await client.connect();
});
beforeEach(async () => void (await client.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public")));
afterAll(async () => {
  await client?.end();
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("each migration is applied once and recorded with its SHA-256", async () => {
  await migrate(client, [first]);
  await migrate(client, [first, second]);
  expect(await rowsOf(client)).toEqual([1, 2]);
  const { rows } = await client.query("SELECT * FROM _prisma_migrations ORDER BY started_at");
  expect(rows).toMatchObject([
    { migration_name: first.name, checksum: sha256(first.sql), applied_steps_count: 1, finished_at: expect.any(Date) },
    {
      migration_name: second.name,
      checksum: sha256(second.sql),
      applied_steps_count: 1,
      finished_at: expect.any(Date),
    },
  ]);
});

test("a migration that was edited after it had been applied is refused", async () => {
  await migrate(client, [first]);
  const edited = migrate(client, [{ ...first, sql: `${first.sql} ` }, second]);
  await expect(edited).rejects.toThrow(MigrationRefusedError);
  await expect(edited).rejects.toThrow('"1_first" was edited');
  expect(await rowsOf(client)).toEqual([1]);
});

test("a database that a newer version migrated is refused", async () => {
  await migrate(client, [first, second]);
  const older = migrate(client, [first]);
  await expect(older).rejects.toThrow(MigrationRefusedError);
  await expect(older).rejects.toThrow('newer version: "2_second"');
});

test("a migration that another tool began and did not finish is refused", async () => {
  await migrate(client, [first]);
  await client.query("UPDATE _prisma_migrations SET finished_at = NULL");
  await expect(migrate(client, [first, second])).rejects.toThrow("has not finished");
});

test("a migration that fails leaves nothing behind and stops those after it", async () => {
  const broken = { name: "2_broken", sql: "INSERT INTO a VALUES (2); INSERT INTO missing VALUES (1);" };
  const third = { name: "3_third", sql: "INSERT INTO a VALUES (3);" };
  await expect(migrate(client, [first, broken, third])).rejects.toThrow('"2_broken" failed and was rolled back');
  expect(await rowsOf(client)).toEqual([1]);
  await migrate(client, [first, { ...broken, sql: second.sql }, third]);
  expect(await rowsOf(client)).toEqual([1, 2, 3]);
});

test("the migrations lie where the runner looks, in the order of their names", async () => {
  const names = (await readMigrations()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(0);
  expect(names).toEqual(names.toSorted());
});

const postgres = need("postgres");

test("A6: tokens that were made before there were roles may do what they could", async () => {
  const files = await readMigrations();
  const roles = files.findIndex(({ name }) => name.endsWith("_roles"));
  const audit = files.findIndex(({ name }) => name.endsWith("_audit"));
  await migrate(client, files.slice(0, audit));
  const old: [string, string, string[]][] = [
    ["all", "admin", ["read", "operate", "hosts:fence", "tokens:manage"]],
    ["reads", "admin", ["read"]],
    ["works", "admin", ["read", "operate"]],
    ["agent", "agent", []],
  ];
  for (const [id, role, scopes] of old)
    await client.query(
      "INSERT INTO tokens (id, name, role, scopes, secret_hash, created_at) VALUES ($1, $1, $2, $3, '', now())",
      [id, role, scopes],
    );
  await migrate(client, files.slice(0, roles + 1));
  const { rows } = await client.query("SELECT id, role, scopes FROM tokens");
  expect(new Map(rows.map(({ id, role, scopes }) => [id, [role, ...scopes]]))).toEqual(
    new Map([
      ["all", ["admin", "read", "operate", "hosts:fence", "tokens:manage", "admin", "policies:manage"]],
      ["reads", ["viewer", "read"]],
      ["works", ["custom", "read", "operate", "policies:manage"]],
      ["agent", ["agent"]],
    ]),
  );
});

test("of several processes that start at once one migrates and the others wait", async (context) => {
  if (postgres.missing !== undefined) context.skip(postgres.missing);
  await using server = await startPostgres(postgres.path ?? "");
  const clients = Array.from({ length: 5 }, () => new Client(server.url));
  await Promise.all(clients.map((each) => each.connect()));
  await Promise.all(clients.map((each) => migrate(each, [first, second])));
  expect(await rowsOf(clients[0]!)).toEqual([1, 2]);
  await Promise.all(clients.map((each) => each.end()));
});

async function rowsOf(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ n: number }>("SELECT n FROM a ORDER BY n");
  return rows.map(({ n }) => n);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
