import { Event, History, HistoryQuery, Id, Report, Sample } from "@godwit/contract";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { ProblemError } from "../problem.ts";
import { current, type MigrationParts } from "../runs/under-way.ts";
import { viewOf } from "../runs/view.ts";
import { eventView } from "../views.ts";

const SampleList = z.object({ items: z.array(Sample) }).meta({ id: "SampleList" });
const samplesAtMost = 3_600;

const tags = ["migrations"];
const params = z.object({ id: Id });
const remembering = {
  tags,
  summary: "What happened to it, each with its figures: the oldest first",
  params,
  querystring: HistoryQuery,
  response: { 200: History },
};
const sampling = { tags, summary: "Its course, about a point a second", params, response: { 200: SampleList } };
const reporting = { tags, summary: "Predicted against actual, once it has ended", params, response: { 200: Report } };

/** What is kept of a migration beside its state. */
export function migrationRecordRoutes(fastify: FastifyInstance, parts: MigrationParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();

  app.get("/v1/migrations/:id/samples", { schema: sampling }, async (request) => {
    await current(parts, request.params.id);
    const samples = await parts.store.migrations.samples(request.params.id, { limit: samplesAtMost });
    return { items: samples.map(({ body }) => Sample.parse(body)) };
  });

  app.get("/v1/migrations/:id/history", { schema: remembering }, async ({ params: { id }, query }) => {
    await current(parts, id);
    const { since, limit } = query;
    const { events } = await parts.store.events.after({ cursor: since, migrationId: id, limit });
    const items = events.map((record) => Event.parse(eventView(record)));
    return items.length < limit ? { items } : { items, nextCursor: items.at(-1)?.cursor };
  });

  app.get("/v1/migrations/:id/report", { schema: reporting }, async (request) => {
    const { report, phase } = viewOf(await current(parts, request.params.id), parts.clock.now());
    if (report !== undefined) return report;
    throw new ProblemError("not-found", `It is in phase ${phase}; a report comes when it has ended.`, {
      currentState: phase,
    });
  });
}
