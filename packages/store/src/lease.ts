/** Who may decide. One row says who holds the lease and at which epoch, and every decision is written only at that epoch. */
import type { Pool } from "pg";
import { Prisma } from "./generated/client.ts";
import { type Lease, LeaseLostError } from "./store.ts";

/**
 * Carries out parts of a statement, one of which is named `changed` and has `EXISTS (SELECT FROM leased)` among its conditions.
 * True if `changed` has a row.
 *
 * @throws {LeaseLostError} when this store's lease is not the current one any more: then nothing has changed.
 */
export type Change = (parts: Prisma.Sql) => Promise<boolean>;

/** The same; the names of the rows of `changed`, which has a column `name`, in order. */
export type ChangeNamed = (parts: Prisma.Sql) => Promise<string[]>;

interface Held {
  holder: string;
  epoch: number;
}

/** One for all that the orchestrator decides. */
const name = "orchestrator";

/** The lease of one store, and the writes that it guards. What a store writes that never took a lease is not guarded. */
export function leaseOf(
  pool: Pool,
  onLost: (error: Error) => void,
): { lease: Lease; change: Change; changeNamed: ChangeNamed } {
  let held: Held | undefined;
  const lease: Lease = {
    async take({ holder, forMs }) {
      const epoch = await takeExpired(pool, holder, forMs);
      if (epoch === undefined) return await holderOf(pool);
      held = { holder, epoch };
      return { epoch };
    },

    async renew({ forMs, limitMs }) {
      if (held === undefined) return false;
      const { rowCount } = await pool.query(within(limitMs, renewal(held, forMs)));
      return rowCount === 1;
    },

    async giveBack() {
      if (held !== undefined) await pool.query(returning(held));
    },
  };

  async function guarded<Told>(parts: Prisma.Sql, told: Prisma.Sql): Promise<Told> {
    const { rows } = await pool.query<{ told: Told; leased: boolean }>(Prisma.sql`
      WITH ${leasedBy(held)}, ${parts}
      SELECT ${told} AS told, EXISTS (SELECT FROM leased) AS leased`);
    if (rows[0]?.leased === true) return rows[0].told;
    const error = new LeaseLostError();
    onLost(error);
    throw error;
  }

  const change: Change = async (parts) => await guarded(parts, Prisma.sql`EXISTS (SELECT FROM changed)`);
  const changeNamed: ChangeNamed = async (parts) =>
    await guarded(parts, Prisma.sql`ARRAY(SELECT name FROM changed ORDER BY name)`);
  return { lease, change, changeNamed };
}

/** For a database that nobody else can have open: whoever held its lease has ended, and nobody need wait for it to run out. */
export async function endAbandonedLease(pool: Pool): Promise<void> {
  await pool.query(Prisma.sql`
    UPDATE leases SET epoch = epoch + 1, expires_at = clock_timestamp()
    WHERE name = ${name} AND expires_at > clock_timestamp()`);
}

/**
 * The first part of a guarded statement. It locks the row: a taking waits for the decisions that are being written, so that who
 * takes the lease reads all that was decided before, and a decision that waited for a taking finds another epoch.
 */
function leasedBy(held: Held | undefined): Prisma.Sql {
  return held === undefined
    ? Prisma.sql`leased AS (SELECT)`
    : Prisma.sql`leased AS (SELECT FROM leases WHERE ${isHeldBy(held)} FOR SHARE)`;
}

function isHeldBy({ holder, epoch }: Held): Prisma.Sql {
  return Prisma.sql`name = ${name} AND holder = ${holder} AND epoch = ${epoch}`;
}

/** The new epoch; undefined while the lease runs, whoever holds it. */
async function takeExpired(pool: Pool, holder: string, forMs: number): Promise<number | undefined> {
  const { rows } = await pool.query<{ epoch: number }>(Prisma.sql`
    INSERT INTO leases AS held (name, holder, epoch, expires_at)
    VALUES (${name}, ${holder}, 1, ${inMs(forMs)})
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = held.epoch + 1, expires_at = ${inMs(forMs)}
    WHERE held.expires_at <= clock_timestamp()
    RETURNING epoch`);
  return rows[0]?.epoch;
}

async function holderOf(pool: Pool): Promise<{ heldBy: string; expiresInMs: number }> {
  const { rows } = await pool.query<{ holder: string; ms: number }>(Prisma.sql`
    SELECT holder, (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::float8 AS ms
    FROM leases WHERE name = ${name}`);
  const row = rows[0];
  if (row === undefined) throw new Error("the lease is held by nobody, and could not be taken");
  return { heldBy: row.holder, expiresInMs: Math.max(0, row.ms) };
}

/** One that ran out and was taken by nobody is renewed all the same: nobody can have decided anything meanwhile. */
function renewal(held: Held, forMs: number): Prisma.Sql {
  return Prisma.sql`UPDATE leases SET expires_at = ${inMs(forMs)} WHERE ${isHeldBy(held)}`;
}

/** The epoch moves on with it: what its holder had still to write is refused. */
function returning(held: Held): Prisma.Sql {
  return Prisma.sql`UPDATE leases SET epoch = epoch + 1, expires_at = clock_timestamp() WHERE ${isHeldBy(held)}`;
}

function inMs(ms: number): Prisma.Sql {
  return Prisma.sql`clock_timestamp() + ${ms}::float8 * interval '1 millisecond'`;
}

/** A connection that hangs is given up for another while there is still time. */
function within(limitMs: number, { text, values }: Prisma.Sql) {
  return { text, values, query_timeout: limitMs };
}
