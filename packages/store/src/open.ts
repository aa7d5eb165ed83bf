import { auditOf } from "./audit.ts";
import { openDatabase } from "./connect.ts";
import type { Database } from "./database.ts";
import { drainsOf } from "./drains.ts";
import { openEmbedded } from "./embedded.ts";
import { eventsOf } from "./events.ts";
import { guestsOf } from "./guests.ts";
import { hostsOf } from "./hosts.ts";
import { idempotencyOf } from "./idempotency.ts";
import { endAbandonedLease, leaseOf } from "./lease.ts";
import { migrationsOf } from "./migrations.ts";
import { outcomesOf } from "./outcomes.ts";
import { plansOf } from "./plans.ts";
import { policiesOf } from "./policies.ts";
import { queueOf } from "./queue.ts";
import type { Store } from "./store.ts";
import { tokensOf } from "./tokens.ts";
import { tracesOf } from "./traces.ts";
import { deliveriesOf } from "./webhook-deliveries.ts";
import { webhooksOf } from "./webhooks.ts";

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
  /**
   * Called when the embedded database has ended by itself: every call on the store rejects from then on. Also when something was not
   * written since another process has the lease, with a `LeaseLostError`.
   */
  onLost?: ((error: Error) => void) | undefined;
};

/**
 * Opens the store and brings its schema up to date.
 *
 * @throws {DataFolderInUseError} when another process has the data folder open.
 * @throws {MigrationRefusedError} when the database was written by a newer version, or by an edited migration.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const onLost = options.onLost ?? ignored;
  if ("databaseUrl" in options) {
    const database = await openDatabase({ connectionString: options.databaseUrl }, connectionsAtMost);
    return storeOver(database, nothingToClose, onLost);
  }
  const embedded = await openEmbedded(options.dataFolder, onLost);
  try {
    const database = await openDatabase(embedded.connection, embedded.connectionsAtMost);
    await endAbandonedLease(database.pool);
    return storeOver(database, embedded, onLost);
  } catch (error) {
    await embedded[Symbol.asyncDispose]();
    throw error;
  }
}

const connectionsAtMost = 10;
const nothingToClose: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };
const ignored = (): void => undefined;

/** A store over an open database; closing it closes the engine below it too. */
export function storeOver(database: Database, engine: AsyncDisposable, onLost: (error: Error) => void): Store {
  const { lease, change, changeNamed } = leaseOf(database.pool, onLost);
  let closed: Promise<void> | undefined;
  return {
    hosts: hostsOf(database, change),
    guests: guestsOf(database, change, changeNamed),
    migrations: migrationsOf(database, change),
    drains: drainsOf(database, change),
    events: eventsOf(database),
    queue: queueOf(database, change),
    policies: policiesOf(database),
    outcomes: outcomesOf(database),
    traces: tracesOf(database),
    plans: plansOf(database),
    idempotency: idempotencyOf(database),
    tokens: tokensOf(database),
    audit: auditOf(database),
    webhooks: webhooksOf(database),
    deliveries: deliveriesOf(database),
    lease,
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
