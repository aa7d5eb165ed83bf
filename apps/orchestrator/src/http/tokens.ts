import { CreatedToken, CreateToken, ListQuery, type Scope, type Token, TokenId, TokenList } from "@godwit/contract";
import type { NewEvent, Store, TokenRecord } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { pageOf } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import { newToken } from "../tokens.ts";
import { expectScopes, nameOf, scopesOf } from "./auth.ts";

const Nothing = z.null().meta({ description: "It opens nothing any more" });
const scope: Scope = "tokens:manage";
const tags = ["tokens"];
const dayMs = 24 * 3_600_000;
/** But for an agent's: it could not connect any more on the day on which its token expires, and that is for whoever asks for it. */
const usualDays = 90;

export interface TokenParts {
  store: Store;
  bus: Bus;
  clock: Clock;
}

/** Tokens for the API. Who made and revoked which is told as an event; the secret is in one answer and nowhere else. */
export function tokenRoutes(fastify: FastifyInstance, parts: TokenParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, clock } = parts;

  app.get(
    "/v1/tokens",
    {
      config: { scope },
      schema: { tags, summary: "Tokens, newest first", querystring: ListQuery, response: { 200: TokenList } },
    },
    async (request, reply) => await pageOf(request, reply, (page) => store.tokens.list(page), tokenView),
  );

  app.post(
    "/v1/tokens",
    {
      config: { scope, mintsSecret: true },
      schema: {
        tags,
        summary: "Make a token with a role or scopes that your own has, or one for an agent; it is told this once",
        body: CreateToken,
        response: { 201: CreatedToken },
      },
    },
    async (request, reply) => {
      const { record, text } = tokenOf(request.body, dateOf(clock.now()));
      if (request.principal !== undefined) expectScopes(request.principal, scopesOf(record));
      await store.tokens.add(record, [eventOf(parts, "token.created", "made", record, nameOf(request))]);
      parts.bus.tell("events");
      return await reply.code(201).send({ ...tokenView(record), token: text });
    },
  );

  app.delete(
    "/v1/tokens/:id",
    {
      config: { scope },
      schema: { tags, summary: "Revoke a token", params: z.object({ id: TokenId }), response: { 204: Nothing } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const token = await store.tokens.find(id);
      if (token === undefined) throw new ProblemError("unknown-token", `There is no token ${id}.`);
      const event = eventOf(parts, "token.revoked", "revoked", token, nameOf(request));
      if (await store.tokens.revoke(id, event.at, [event])) parts.bus.tell("events");
      return await reply.code(204).send(null);
    },
  );
}

function tokenOf(wanted: CreateToken, at: Date): { record: TokenRecord; text: string } {
  const { name, role = "custom", scopes, expiresInDays } = wanted;
  const { text, id, secretHash } = newToken();
  const days = expiresInDays ?? (role === "agent" ? undefined : usualDays);
  const expires = days === undefined ? {} : { expiresAt: new Date(at.getTime() + days * dayMs) };
  return { record: { id, name, role, scopes, secretHash, createdAt: at, ...expires }, text };
}

function eventOf({ clock }: TokenParts, type: string, verb: string, token: TokenRecord, by: string): NewEvent {
  const sentence = `${by} ${verb} the token ${token.name} (${token.id}).`;
  const data = { by, id: token.id, name: token.name, role: token.role, scopes: scopesOf(token) };
  return { type, at: dateOf(clock.now()), sentence, data };
}

function tokenView(token: TokenRecord): Token {
  const { id, name, role, createdAt, expiresAt, lastUsedAt, revokedAt } = token;
  return {
    id,
    name,
    role,
    scopes: scopesOf(token),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString(),
    revokedAt: revokedAt?.toISOString(),
  };
}
