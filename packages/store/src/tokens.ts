import { pageOf, pageQuery } from "./cursor.ts";
import type { Database } from "./database.ts";
import { eventsAfter } from "./events.ts";
import { Prisma, type Token } from "./generated/client.ts";
import type { TokenRecord, Tokens } from "./store.ts";

export function tokensOf({ pool, prisma }: Database): Tokens {
  return {
    async add({ id, name, role, scopes, secretHash, createdAt, expiresAt, lastUsedAt, revokedAt }, events) {
      await pool.query(Prisma.sql`
        WITH changed AS (
          INSERT INTO tokens (id, name, role, scopes, secret_hash, created_at, expires_at, last_used_at, revoked_at)
          VALUES (${id}, ${name}, ${role}::token_role, ${scopes}::text[], ${secretHash}, ${createdAt},
            ${expiresAt ?? null}, ${lastUsedAt ?? null}, ${revokedAt ?? null})
          RETURNING id
        ), ${eventsAfter(events)}
        SELECT FROM changed`);
    },

    async revoke(id, at, events) {
      const { rows } = await pool.query<{ revoked: boolean }>(Prisma.sql`
        WITH changed AS (
          UPDATE tokens SET revoked_at = ${at} WHERE id = ${id} AND revoked_at IS NULL RETURNING id
        ), ${eventsAfter(events)}
        SELECT EXISTS (SELECT FROM changed) AS revoked`);
      return rows[0]?.revoked === true;
    },

    async list(page) {
      return pageOf((await prisma.token.findMany(pageQuery(page))).map(record), page);
    },

    async find(id) {
      const token = await prisma.token.findUnique({ where: { id } });
      return token ? record(token) : undefined;
    },

    async touch(id, at) {
      await prisma.token.updateMany({ where: { id }, data: { lastUsedAt: at } });
    },
  };
}

function record({ expiresAt, lastUsedAt, revokedAt, ...token }: Token): TokenRecord {
  return {
    ...token,
    ...(expiresAt && { expiresAt }),
    ...(lastUsedAt && { lastUsedAt }),
    ...(revokedAt && { revokedAt }),
  };
}
