import type { Pool } from "pg";
import { Prisma, type PrismaClient } from "./generated/client.ts";
import type { Json, JsonObject } from "./store.ts";

/**
 * Two ways to the same connections. What is frequent, or needs SQL that Prisma does not write, goes to the pool as one
 * statement: it costs a fifth of the processor's time of the same statement sent through Prisma.
 */
export interface Database {
  prisma: PrismaClient;
  pool: Pool;
}

/** PostgreSQL keeps no NUL in text: for what holds an agent's words, of which one must not fail the whole statement. */
export function toTextColumn(text: string): string {
  return text.replaceAll("\0", "\u{fffd}");
}

/** A value for a column of JSON, where `null` is a value too. */
export function toJsonColumn(value: Json): Prisma.InputJsonValue | typeof Prisma.JsonNull {
  return value === null ? Prisma.JsonNull : value;
}

/** What a column of JSON holds. */
export function fromJsonColumn(value: Prisma.JsonValue): Json {
  // Prisma's type differs in that its objects may hold `undefined`, which no text does.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as Json;
}

/** What a column holds in which this store writes objects only. */
export function objectFromJsonColumn(value: Prisma.JsonValue): JsonObject {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return value as JsonObject;
}
