import type { Token } from "@godwit/contract";
import { table, utc } from "./format.ts";

export function tokenTable(tokens: Token[], now: Date): string {
  const rows = tokens.map((token) => [
    token.id,
    token.name,
    token.role,
    token.role === "agent" ? "agents' socket" : token.scopes.join(", "),
    stateOf(token, now),
    token.expiresAt === undefined ? "never" : utc(token.expiresAt),
    token.lastUsedAt === undefined ? "never" : utc(token.lastUsedAt),
  ]);
  return table(["ID", "NAME", "ROLE", "SCOPES", "STATE", "EXPIRES", "LAST USED"], rows);
}

function stateOf({ revokedAt, expiresAt }: Token, now: Date): string {
  if (revokedAt !== undefined) return "revoked";
  return expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime() ? "expired" : "valid";
}
