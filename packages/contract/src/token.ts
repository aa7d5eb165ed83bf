import { z } from "zod";
import { listOf } from "./list.ts";
import { Timestamp } from "./primitives.ts";

/**
 * What a token allows: to look; to change what needs none of the others; to declare a host dead; to make and revoke tokens; what
 * concerns all of this installation, such as the audit.
 */
export const Scope = z.enum(["read", "operate", "hosts:fence", "tokens:manage", "admin"]);
export type Scope = z.infer<typeof Scope>;

export const TokenId = z.string().regex(/^[0-9A-Za-z]{8}$/, "8 letters and digits");

const TokenName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}]*$/u, "no control characters");

/** A token without its secret, which is told once. */
export const Token = z
  .object({
    id: TokenId,
    name: z.string(),
    role: z.enum(["admin", "agent"]).meta({ description: "admin: for this API; agent: for the agents' socket alone" }),
    scopes: z.array(Scope),
    createdAt: Timestamp,
    expiresAt: Timestamp.optional(),
    lastUsedAt: Timestamp.optional(),
    revokedAt: Timestamp.optional(),
  })
  .meta({ id: "Token" });
export type Token = z.infer<typeof Token>;

export const TokenList = listOf(Token, "TokenList");

export const CreateToken = z
  .strictObject({
    name: TokenName,
    role: Token.shape.role.default("admin"),
    scopes: z
      .array(Scope)
      .max(Scope.options.length)
      .default([])
      .meta({ description: "of those that your own token has; an agent's token has none, any other at least one" }),
    expiresInDays: z
      .int()
      .min(1)
      .max(3650)
      .optional()
      .meta({ description: "without it 90; an agent's token then does not expire" }),
  })
  .refine(({ role, scopes }) => (role === "agent") === (scopes.length === 0), {
    path: ["scopes"],
    error: "at least one, but none for an agent",
  })
  .meta({ id: "CreateToken" });
export type CreateToken = z.infer<typeof CreateToken>;

export const CreatedToken = Token.extend({
  token: z.string().meta({ description: "the token itself, told this once" }),
}).meta({ id: "CreatedToken" });
export type CreatedToken = z.infer<typeof CreatedToken>;
