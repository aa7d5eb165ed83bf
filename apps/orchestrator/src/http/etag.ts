import { createHash } from "node:crypto";
import type { Migration } from "@godwit/contract";
import type { FastifyReply } from "fastify";

/** The `ETag` of a migration as it is shown (RFC 9110, 8.8.3). */
export function etagOf(view: Migration): string {
  return `"${createHash("sha256").update(JSON.stringify(view)).digest("base64url").slice(0, 22)}"`;
}

export function tagged(reply: FastifyReply, view: Migration): FastifyReply {
  return reply.header("etag", etagOf(view));
}
