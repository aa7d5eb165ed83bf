import { Accuracy, AccuracyQuery } from "@godwit/contract";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { findHost } from "../survey.ts";

/** How good the predictions were. */
export function predictionRoutes(fastify: FastifyInstance, { store }: { store: Store }): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const summary = "Predicted against actual downtime, over completed migrations";
  app.get(
    "/v1/predictions/accuracy",
    { schema: { tags: ["predictions"], summary, querystring: AccuracyQuery, response: { 200: Accuracy } } },
    async ({ query }) => {
      const { since, source, destination, kind } = query;
      return await store.outcomes.accuracy({
        since: since === undefined ? undefined : new Date(since),
        sourceId: source === undefined ? undefined : (await findHost(store, source)).id,
        destinationId: destination === undefined ? undefined : (await findHost(store, destination)).id,
        kind,
      });
    },
  );
}
