import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Metrics } from "../metrics.ts";
import type { Runs } from "../runs/runs.ts";

export interface MetricsParts {
  store: Store;
  runs: Runs;
  agents: ConnectedAgents;
  metrics: Metrics;
}

/** `/metrics` in Prometheus' text format. Without a token, like the health of the process; it names no guest and no host. */
export function metricsRoutes(app: FastifyInstance, { store, runs, agents, metrics }: MetricsParts): void {
  app.get("/metrics", { schema: { hide: true }, config: { open: true } }, async (_, reply) => {
    const states = runs.all().map((run) => run.state);
    const accuracy = await store.outcomes.accuracy({});
    const text = await metrics.text({ states, agents: agents.count, accuracy });
    return await reply.type(metrics.contentType).send(text);
  });
}
