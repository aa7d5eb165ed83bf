import { PrismaPg } from "@prisma/adapter-pg";
import { Client, type ClientBase, type ClientConfig, Pool } from "pg";
import type { Database } from "./database.ts";
import { adoptRestoredEvents } from "./events.ts";
import { PrismaClient } from "./generated/client.ts";
import { migrate } from "./migrate.ts";

export type Connection = Pick<ClientConfig, "connectionString" | "host" | "user" | "database">;

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 30_000;
const lockTimeoutMs = 60_000;
const oldestVersion = 150_000;

/** Brings the schema up to date, then opens a pool of at most `connectionsAtMost`. Rejects when the server is out of reach. */
export async function openDatabase(connection: Connection, connectionsAtMost: number): Promise<Database> {
  await prepare(connection);
  const pool = new Pool({
    ...connection,
    application_name: "godwit",
    max: connectionsAtMost,
    idleTimeoutMillis: 0,
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // Answers the caller even where the server has hung and no timeout of its own can fire.
    query_timeout: statementTimeoutMs + connectTimeoutMs,
    // Prisma's adapter writes times without a zone and drops the zone from what it reads: only UTC keeps them right.
    // The pool waits for the promise, whatever its type says.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: async (client: ClientBase) => void (await client.query("SET TIME ZONE 'UTC'")),
  });
  // The pool replaces an idle connection that breaks; without a listener it would end the process.
  pool.on("error", () => undefined);
  return { pool, prisma: new PrismaClient({ adapter: new PrismaPg(pool), errorFormat: "minimal" }) };
}

async function prepare(connection: Connection): Promise<void> {
  const client = new Client({
    ...connection,
    application_name: "godwit migrate",
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
  });
  // A connection that breaks rejects the query under way; without a listener it would also end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await refuseOldServer(client);
    await migrate(client);
    await adoptRestoredEvents(client);
  } finally {
    await client.end();
  }
}

async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>("SHOW server_version_num");
  if (Number(rows[0]?.server_version_num) < oldestVersion) {
    throw new Error(`PostgreSQL 15 or newer is needed, this is ${rows[0]?.server_version_num}`);
  }
}
