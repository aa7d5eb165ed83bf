import { type Database, objectFromJsonColumn } from "./database.ts";
import { Prisma } from "./generated/client.ts";
import type { Plans } from "./store.ts";

export function plansOf({ pool, prisma }: Database): Plans {
  return {
    async save({ id, body, createdAt, expiresAt }) {
      await pool.query(Prisma.sql`
        WITH expired AS (DELETE FROM plans WHERE expires_at < ${createdAt})
        INSERT INTO plans (id, body, created_at, expires_at)
        VALUES (${id}, ${JSON.stringify(body)}::json, ${createdAt}, ${expiresAt})`);
    },

    async find(id) {
      const plan = await prisma.plan.findUnique({ where: { id } });
      return plan ? { ...plan, body: objectFromJsonColumn(plan.body) } : undefined;
    },
  };
}
