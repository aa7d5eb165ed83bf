import type { Database } from "./database.ts";
import type { Token } from "./generated/client.ts";
import type { TokenRecord, Tokens } from "./store.ts";

export function tokensOf({ prisma }: Database): Tokens {
  return {
    async add(token) {
      await prisma.token.create({ data: token });
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

function record({ lastUsedAt, revokedAt, ...token }: Token): TokenRecord {
  return {
    ...token,
    ...(lastUsedAt && { lastUsedAt }),
    ...(revokedAt && { revokedAt }),
  };
}
