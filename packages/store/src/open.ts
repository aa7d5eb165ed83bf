import { openDatabase } from "./connect.ts";
import type { Database } from "./database.ts";
import { openEmbedded } from "./embedded.ts";
import { eventsOf } from "./events.ts";
import { guestsOf } from "./guests.ts";
import { hostsOf } from "./hosts.ts";
import { idempotencyOf } from "./idempotency.ts";
import { migrationsOf } from "./migrations.ts";
import { outcomesOf } from "./outcomes.ts";
import { plansOf } from "./plans.ts";
import { policiesOf } from "./policies.ts";
import type { Store } from "./store.ts";
import { tokensOf } from "./tokens.ts";
import { tracesOf } from "./traces.ts";

export type StoreOptions = (
  | {
      /** The embedded database's folder. It is made private to its owner (0700) and used by one process at a time. */
      dataFolder: string;
    }
  | {
      /** A PostgreSQL of 15 or newer, as `postgresql://user:password@host:port/database`. */
      databaseUrl: string;
    }
) & {
  /** Called once when the embedded database has ended by itself: every call on the store rejects from then on. */
  onLost?: ((error: Error) => void) | undefined;
};

/**
 * Opens the store and brings its schema up to date.
 *
 * @throws {DataFolderInUseError} when another process has the data folder open.
 * @throws {MigrationRefusedError} when the database was written by a newer version, or by an edited migration.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  if ("databaseUrl" in options) {
    return storeOver(await openDatabase({ connectionString: options.databaseUrl }, connectionsAtMost), nothingToClose);
  }
  const embedded = await openEmbedded(options.dataFolder, options.onLost ?? ignored);
  try {
    return storeOver(await openDatabase(embedded.connection, embedded.connectionsAtMost), embedded);
  } catch (error) {
    await embedded[Symbol.asyncDispose]();
    throw error;
  }
}

const connectionsAtMost = 10;
const nothingToClose: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };
const ignored = (): void => undefined;

function storeOver(database: Database, engine: AsyncDisposable): Store {
  let closed: Promise<void> | undefined;
  return {
    hosts: hostsOf(database),
    guests: guestsOf(database),
    migrations: migrationsOf(database),
    events: eventsOf(database),
    policies: policiesOf(database),
    outcomes: outcomesOf(database),
    traces: tracesOf(database),
    plans: plansOf(database),
    idempotency: idempotencyOf(database),
    tokens: tokensOf(database),
    ping: async () => void (await database.pool.query("SELECT 1")),
    [Symbol.asyncDispose]: () => (closed ??= close(database, engine)),
  };
}

async function close(database: Database, engine: AsyncDisposable): Promise<void> {
  try {
    await database.prisma.$disconnect();
    await database.pool.end();
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
