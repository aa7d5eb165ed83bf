import { z } from "zod";
import { listOf } from "./list.ts";
import { Timestamp } from "./primitives.ts";

/**
 * What a token allows: to look; to act on migrations, hosts and guests; to make, change and remove policies; to declare a host dead; to make
 * and revoke tokens; what concerns all of this installation, such as the audit and webhooks.
 */
export const Scope = z.enum(["read", "operate", "policies:manage", "hosts:fence", "tokens:manage", "admin"]);
export type Scope = z.infer<typeof Scope>;

/** Scopes under one name. */
export const Role = z.enum(["viewer", "operator", "admin"]);
export type Role = z.infer<typeof Role>;

/** An admin has every scope, those too that there will be one day. */
export const scopesOfRole: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ["read"],
  operator: ["read", "operate"],
  admin: Scope.options,
};

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
    role: z.enum([...Role.options, "custom", "agent"]).meta({
      description: "custom: what its scopes say; agent: for the agents' socket alone",
    }),
    scopes: z.array(Scope).meta({ description: "those of its role and what it has besides" }),
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
    role: z
      .enum([...Role.options, "agent"])
      .optional()
      .meta({ description: "agent: for the agents' socket alone" }),
    scopes: z.array(Scope).max(Scope.options.length).default([]).meta({
      description: "besides those of the role, or in the place of a role; of those that your own token has",
    }),
    expiresInDays: z
      .int()
      .min(1)
      .max(3650)
      .optional()
      .meta({ description: "without it 90; an agent's token then does not expire" }),
  })
  .refine(({ role, scopes }) => role !== undefined || scopes.length > 0, {
    path: ["scopes"],
    error: "at least one, or a role",
  })
  .refine(({ role, scopes }) => role !== "agent" || scopes.length === 0, {
    path: ["scopes"],
    error: "none for an agent",
  })
  .meta({ id: "CreateToken" });
export type CreateToken = z.infer<typeof CreateToken>;

export const CreatedToken = Token.extend({
  token: z.string().meta({ description: "the token itself, told this once" }),
}).meta({ id: "CreatedToken" });
export type CreatedToken = z.infer<typeof CreatedToken>;
