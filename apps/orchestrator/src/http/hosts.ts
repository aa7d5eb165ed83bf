import { Host, HostList, ListQuery, Reference } from "@godwit/contract";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ConnectedAgents } from "../agents/connected.ts";
import { pageOf } from "../pages.ts";
import { findHost } from "../survey.ts";
import { hostView } from "../views.ts";

export function hostRoutes(
  fastify: FastifyInstance,
  { store, agents }: { store: Store; agents: ConnectedAgents },
): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const tags = ["hosts"];

  app.get(
    "/v1/hosts",
    { schema: { tags, summary: "Hosts, newest first", querystring: ListQuery, response: { 200: HostList } } },
    async (request, reply) => {
      const guests = await store.guests.countByHost();
      return await pageOf(
        request,
        reply,
        (page) => store.hosts.list(page),
        (host) => hostView(host, { heardAt: agents.get(host.id)?.heardAt, guests: guests.get(host.id) ?? 0 }),
      );
    },
  );

  app.get(
    "/v1/hosts/:host",
    {
      schema: {
        tags,
        summary: "One host, by name or id",
        params: z.object({ host: Reference }),
        response: { 200: Host },
      },
    },
    async (request) => {
      const host = await findHost(store, request.params.host);
      const guests = await store.guests.countByHost();
      return hostView(host, { heardAt: agents.get(host.id)?.heardAt, guests: guests.get(host.id) ?? 0 });
    },
  );
}
