import type { Accuracy } from "@godwit/contract";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../metrics.ts";
import type { Runs } from "../runs/runs.ts";

export interface MetricsParts {
  store: Store;
  runs: Runs;
  agents: ConnectedAgents;
  metrics: Metrics;
  clock: Clock;
}

/** The accuracy is reckoned over all outcomes: no scrape does that more often, and none waits for a database that is away. */
const accuracyKeptMs = 15_000;

/** `/metrics` in Prometheus' text format. Without a token, like the health of the process; it names no guest and no host. */
export function metricsRoutes(app: FastifyInstance, { store, runs, agents, metrics, clock }: MetricsParts): void {
  let known: Accuracy | undefined;
  let askedAt = -Infinity;
  const accuracy = async () => {
    if (clock.now() - askedAt < accuracyKeptMs) return known;
    askedAt = clock.now();
    known = await store.outcomes.accuracy({}).catch(() => undefined);
    return known;
  };
  app.get("/metrics", { schema: { hide: true }, config: { open: true } }, async (_, reply) => {
    const states = runs.all().map((run) => run.state);
    const text = await metrics.text({ states, agents: agents.count, accuracy: await accuracy() });
    return await reply.type(metrics.contentType).send(text);
  });
}
