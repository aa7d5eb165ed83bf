import { Overview } from "@godwit/contract";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { ConnectedAgents } from "../agents/connected.ts";
import { type Clock, dateOf } from "../clock.ts";
import { allHosts } from "../pages.ts";
import { standingOf } from "../views.ts";

const dayMs = 24 * 3_600_000;
const ends = ["completed", "aborted", "failed", "lost"] as const;

export interface OverviewParts {
  store: Store;
  agents: Pick<ConnectedAgents, "get">;
  clock: Clock;
}

/** How much there is of everything. */
export function overviewRoutes(fastify: FastifyInstance, parts: OverviewParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const schema = { tags: ["overview"], summary: "How much there is of everything", response: { 200: Overview } };
  app.get("/v1/overview", { schema }, async () => await overviewOf(parts));
}

async function overviewOf({ store, agents, clock }: OverviewParts): Promise<Overview> {
  const at = dateOf(clock.now());
  const since = new Date(at.getTime() - dayMs);
  const [phases, hosts, guests] = await Promise.all([
    store.migrations.countByPhase(since),
    allHosts(store),
    store.guests.countByHost(),
  ]);
  const of = (phase: string) => phases.get(phase) ?? 0;
  const states = hosts.map((host) => standingOf(host, agents.get(host.id) !== undefined).state);
  const count = (state: string) => states.filter((each) => each === state).length;
  const sum = (counts: Iterable<number>) => [...counts].reduce((total, each) => total + each, 0);
  const [completed, aborted, failed, lost] = [of("completed"), of("aborted"), of("failed"), of("lost")];
  return {
    at: at.toISOString(),
    queued: of("queued"),
    underWay: sum(phases.values()) - of("queued") - sum(ends.map(of)),
    ended: { since: since.toISOString(), completed, aborted, failed, lost },
    hosts: { connected: count("connected"), disconnected: count("disconnected"), fenced: count("fenced") },
    guests: sum(guests.values()),
  };
}
