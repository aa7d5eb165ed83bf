import { CreateMigration, Id, ListQuery, Migration, MigrationList, Phase, Reference } from "@godwit/contract";
import { isBeingCancelled } from "@godwit/core";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { pageOf } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import { stateOf } from "../runs/runs.ts";
import { retry } from "../runs/retrying.ts";
import { begin, current, type MigrationParts, waitUntil } from "../runs/under-way.ts";
import { viewOf } from "../runs/view.ts";
import { findGuest, findHost } from "../survey.ts";
import { nameOf } from "./auth.ts";
import { etagOf, tagged } from "./etag.ts";
import { patience } from "./patience.ts";
import { wantedByPlan } from "./plans.ts";

const Params = z.object({ id: Id });
const Filter = ListQuery.extend({
  guest: Reference.optional(),
  host: Reference.optional(),
  phase: Phase.optional(),
});
const Wait = z.strictObject({
  wait: z.coerce.number().min(0).max(60).default(0).meta({ description: "seconds" }),
  until: z.enum(["terminal", ...Phase.options]).default("terminal"),
});

const tags = ["migrations"];
const creating = { tags, summary: "Move a guest to another host", body: CreateMigration, response: { 202: Migration } };
const listing = { tags, summary: "Migrations, newest first", querystring: Filter, response: { 200: MigrationList } };
const getting = {
  tags,
  summary: "One migration; waits for its end or for a phase where asked to",
  params: Params,
  querystring: Wait,
  response: { 200: Migration },
};
const retrying = {
  tags,
  summary: "Try again what has failed, after a while and once something is better than it was",
  params: Params,
  response: { 202: Migration },
};
const cancelling = {
  tags,
  summary: "Call it off; the guest goes on where it is",
  params: Params,
  response: { 200: Migration },
};

export function migrationRoutes(fastify: FastifyInstance, parts: MigrationParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, runs, clock } = parts;

  app.post("/v1/migrations", { schema: creating }, async (request, reply) => {
    const { body } = request;
    const wanted = "planId" in body ? await wantedByPlan(store, body.planId, clock) : body;
    const view = viewOf(await begin(parts, { ...wanted, schedule: body, by: nameOf(request) }), clock.now());
    return await tagged(reply.code(202).header("location", `/v1/migrations/${view.id}`), view).send(view);
  });

  app.get("/v1/migrations", { schema: listing }, async (request, reply) => {
    const { guest, host, phase } = request.query;
    const filter = {
      guestId: guest === undefined ? undefined : (await findGuest(store, guest)).id,
      hostId: host === undefined ? undefined : (await findHost(store, host)).id,
      phases: phase === undefined ? undefined : [phase],
    };
    return await pageOf(
      request,
      reply,
      (page) => store.migrations.list(page, filter),
      (record) => viewOf(runs.get(record.id)?.state ?? stateOf(record), clock.now()),
    );
  });

  app.get("/v1/migrations/:id", { schema: getting }, async (request, reply) => {
    const { id } = request.params;
    const { wait, until } = request.query;
    if (wait > 0) await waitUntil(parts, id, until, patience(request, wait));
    const view = viewOf(await current(parts, id), clock.now());
    if (request.headers["if-none-match"] === etagOf(view)) {
      return await notModified(reply, etagOf(view));
    }
    return await tagged(reply, view).send(view);
  });

  app.post("/v1/migrations/:id/retry", { schema: retrying }, async (request, reply) => {
    const state = await current(parts, request.params.id);
    const view = viewOf(await retry(parts, state, nameOf(request)), clock.now());
    return await tagged(reply.code(202).header("location", `/v1/migrations/${view.id}`), view).send(view);
  });

  app.post("/v1/migrations/:id/cancel", { schema: cancelling }, async ({ params }, reply) => {
    runs.get(params.id)?.post({ type: "cancel" });
    await runs.get(params.id)?.settled();
    const state = await current(parts, params.id);
    const view = viewOf(state, clock.now());
    const { phase } = view;
    if (isBeingCancelled(state)) return await tagged(reply, view).send(view);
    if (phase === "completed" || phase === "switchover" || phase === "unknown") {
      const detail =
        phase === "completed"
          ? "It has completed already."
          : "The switchover has begun; it ends on one side or the other.";
      throw new ProblemError("past-point-of-no-return", detail, { currentState: phase });
    }
    return await tagged(reply, view).send(view);
  });
}

/** Of the answers with a body only 200 is in the schema; this one has none. */
async function notModified(reply: FastifyReply, etag: string): Promise<FastifyReply> {
  return await reply.code(304).header("etag", etag).send();
}
