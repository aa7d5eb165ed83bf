import { AuditList, AuditQuery, type AuditRecord, type Scope } from "@godwit/contract";
import type { AuditRecord as StoredAuditRecord, Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { pageOf } from "../pages.ts";

const scope: Scope = "admin";
const tags = ["audit"];

/** A11: who asked for what, and what came of it. `audit-hook.ts` writes it. */
export function auditRoutes(fastify: FastifyInstance, { store }: { store: Store }): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();

  app.get(
    "/v1/audit",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Every request that was to change something, and every refusal for lack of a scope, newest first",
        querystring: AuditQuery,
        response: { 200: AuditList },
      },
    },
    async (request, reply) => {
      const { who, target, since } = request.query;
      const filter = { who, target, since: since === undefined ? undefined : new Date(since) };
      return await pageOf(request, reply, (page) => store.audit.list(page, filter), auditView);
    },
  );
}

function auditView({ createdAt, ...record }: StoredAuditRecord): AuditRecord {
  return { ...record, at: createdAt.toISOString() };
}
