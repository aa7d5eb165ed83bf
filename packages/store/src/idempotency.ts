import { randomUUID } from "node:crypto";
import { type Database, toJsonColumn } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { Claim, Idempotency, Json, JsonObject } from "./store.ts";

const keptMs = 24 * 60 * 60 * 1000;
const removedAtOnce = 100;

export function idempotencyOf({ pool, prisma }: Database): Idempotency {
  return {
    // The insert either makes the row, takes over an expired one, or waits for whoever holds it and returns that: exactly one
    // of any number of claims at once finds its own `claim_id` in the answer. Other rows that have expired go on the way.
    async claim({ principal, route, key, bodyHash, at }) {
      const claimId = randomUUID();
      const expiry = new Date(at.getTime() - keptMs);
      const { rows } = await pool.query<ClaimRow>(Prisma.sql`
        WITH expired AS (
          DELETE FROM idempotent_requests WHERE (principal, route, key) IN (
            SELECT principal, route, key FROM idempotent_requests
            WHERE at <= ${expiry} AND (principal, route, key) <> (${principal}, ${route}, ${key})
            ORDER BY at LIMIT ${removedAtOnce}
            FOR UPDATE SKIP LOCKED
          )
        )
        INSERT INTO idempotent_requests AS held (principal, route, key, body_hash, claim_id, at)
        VALUES (${principal}, ${route}, ${key}, ${bodyHash}, ${claimId}::uuid, ${at})
        ON CONFLICT (principal, route, key) DO UPDATE SET
          body_hash = CASE WHEN held.at <= ${expiry} THEN excluded.body_hash ELSE held.body_hash END,
          claim_id = CASE WHEN held.at <= ${expiry} THEN excluded.claim_id ELSE held.claim_id END,
          status = CASE WHEN held.at <= ${expiry} THEN NULL ELSE held.status END,
          headers = CASE WHEN held.at <= ${expiry} THEN NULL ELSE held.headers END,
          body = CASE WHEN held.at <= ${expiry} THEN NULL ELSE held.body END,
          at = CASE WHEN held.at <= ${expiry} THEN excluded.at ELSE held.at END
        RETURNING claim_id = ${claimId}::uuid AS fresh, body_hash, status, headers, body`);
      const row = rows[0];
      if (row === undefined) throw new Error("claiming an idempotency key returned no row");
      return claimFrom(row, bodyHash);
    },

    async finish({ principal, route, key, response }) {
      await prisma.idempotentRequest.updateMany({
        where: { principal, route, key, status: null },
        data: { status: response.status, headers: response.headers, body: toJsonColumn(response.body) },
      });
    },

    async abandon({ principal, route, key }) {
      await prisma.idempotentRequest.deleteMany({ where: { principal, route, key, status: null } });
    },

    async abandonAll() {
      await prisma.idempotentRequest.deleteMany({ where: { status: null } });
    },
  };
}

/** The headers and the body count only where there is a status. */
interface ClaimRow {
  fresh: boolean;
  body_hash: string;
  status: number | null;
  headers: JsonObject;
  body: Json;
}

function claimFrom(row: ClaimRow, bodyHash: string): Claim {
  if (row.fresh) return { kind: "fresh" };
  if (row.body_hash !== bodyHash) return { kind: "other-body" };
  if (row.status === null) return { kind: "in-progress" };
  return {
    kind: "replay",
    response: { status: row.status, headers: row.headers, body: row.body },
  };
}
