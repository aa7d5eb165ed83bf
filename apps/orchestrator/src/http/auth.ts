import { createHash, timingSafeEqual } from "node:crypto";
import { Role, Scope, scopesOfRole } from "@godwit/contract";
import type { FastifyRequest } from "fastify";
import { type Store, type TokenRecord } from "@godwit/store";
import { ProblemError } from "../problem.ts";
import { isUsable, parseToken } from "../tokens.ts";

export interface Principal {
  id: string;
  /** For people: in events and in the audit of who did what. */
  name: string;
  role: TokenRecord["role"];
  scopes: Scope[];
}

/** Who asks, in words. */
export function nameOf({ principal }: FastifyRequest): string {
  return principal === undefined ? "somebody" : `${principal.name} (${principal.id})`;
}

/** What a request needs where its route names no scope. */
export function usualScope(method: string): Scope {
  return method === "GET" || method === "HEAD" ? "read" : "operate";
}

/** @throws {ProblemError} that names the first scope that is missing. */
export function expectScopes({ scopes }: Principal, needed: Scope[]): void {
  const missing = needed.find((scope) => !scopes.includes(scope));
  if (missing !== undefined) throw new ProblemError("forbidden", `This needs the scope "${missing}".`);
}

/** Those of its role and those of its own. Scopes that this version does not know allow nothing. */
export function scopesOf({ role, scopes }: Pick<TokenRecord, "role" | "scopes">): Scope[] {
  const known = Role.safeParse(role);
  const has = new Set<string>([...(known.success ? scopesOfRole[known.data] : []), ...scopes]);
  return Scope.options.filter((scope) => has.has(scope));
}

/** Who shows this `Authorization` header; undefined when nobody that is known does. */
export type Authenticate = (authorization: string | undefined) => Promise<Principal | undefined>;

/** Bearer tokens (RFC 6750), looked up by their id and compared in constant time by the hash of their secret. */
export function bearer(store: Store, now: () => Date): Authenticate {
  return async (authorization) => {
    const token = parseToken(/^Bearer (\S+)$/i.exec(authorization ?? "")?.[1] ?? "");
    if (token === undefined) return undefined;
    const known = await store.tokens.find(token.id);
    const at = now();
    if (known === undefined || !isUsable(known, at)) return undefined;
    const shown = createHash("sha256").update(token.secret).digest();
    if (!timingSafeEqual(shown, Buffer.from(known.secretHash, "hex"))) return undefined;
    // Once a minute is enough to see whether a token is in use.
    if (known.lastUsedAt === undefined || at.getTime() - known.lastUsedAt.getTime() > 60_000)
      await store.tokens.touch(known.id, at);
    return { id: known.id, name: known.name, role: known.role, scopes: scopesOf(known) };
  };
}
