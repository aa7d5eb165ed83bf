import type { FastifyReply, FastifyRequest } from "fastify";
import { ProblemError } from "../problem.ts";

/** A configuration object; its version grows with each change. */
interface Versioned {
  id: string;
  version: number;
}

/** The strong `ETag` of a configuration object (RFC 9110, 8.8.3). */
export function versionTag({ id, version }: Versioned): string {
  return `"${id.slice(-12)}-${version}"`;
}

export function withTag(reply: FastifyReply, view: Versioned): FastifyReply {
  return reply.header("etag", versionTag(view)).send(view);
}

/** @throws {ProblemError} unless the request names the version that it changes, and that is the present one. */
export function expectIfMatch({ headers }: FastifyRequest, row: Versioned, name: string): void {
  const ifMatch = headers["if-match"];
  if (ifMatch === undefined)
    throw new ProblemError("precondition-required", `Send If-Match with the ETag of ${name}: ${versionTag(row)}.`);
  if (ifMatch !== "*" && ifMatch !== versionTag(row))
    throw new ProblemError("precondition-failed", `${name} is at version ${row.version} by now.`);
}
