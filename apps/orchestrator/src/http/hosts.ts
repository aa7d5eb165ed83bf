import { ChangeHost, FenceHost, FenceResult, Host, HostList, ListQuery, MarkHost, Reference } from "@godwit/contract";
import type { HostRecord } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Fenced, Fencing } from "../fencing/fencing.ts";
import { type By, change, cordon, pause, resume, type SettingsParts, uncordon } from "../hosts/settings.ts";
import { freeBytesOf } from "../host-facts.ts";
import { pageOf } from "../pages.ts";
import { viewOf } from "../runs/view.ts";
import { findHost } from "../survey.ts";
import { hostView } from "../views.ts";
import { nameOf } from "./auth.ts";

const Params = z.object({ host: Reference });
const tags = ["hosts"];

export interface HostParts extends SettingsParts {
  agents: ConnectedAgents;
  fencing: Pick<Fencing, "fence">;
}

export function hostRoutes(fastify: FastifyInstance, parts: HostParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, fencing } = parts;

  app.get(
    "/v1/hosts",
    { schema: { tags, summary: "Hosts, newest first", querystring: ListQuery, response: { 200: HostList } } },
    async (request, reply) => {
      const guests = await store.guests.countByHost();
      return await pageOf(
        request,
        reply,
        (page) => store.hosts.list(page),
        (host) => show(parts, host, guests),
      );
    },
  );

  app.get(
    "/v1/hosts/:host",
    { schema: { tags, summary: "One host, by name or id", params: Params, response: { 200: Host } } },
    async (request) => {
      const host = await findHost(store, request.params.host);
      return show(parts, host, await store.guests.countByHost());
    },
  );

  app.post(
    "/v1/hosts/:host/fence",
    {
      config: { scope: "hosts:fence" },
      schema: {
        tags,
        summary: "Say that a host is proven dead: what it has not said it never will",
        params: Params,
        body: FenceHost,
        response: { 200: FenceResult },
      },
    },
    async (request) => {
      const fenced = await fencing.fence(request.params.host, { ...request.body, by: nameOf(request) });
      return await resultOf(parts, fenced);
    },
  );
}

const changing = {
  tags,
  summary: "Change what migrations may take of a host's link (merge patch)",
  params: Params,
  body: ChangeHost,
  response: { 200: Host },
};

/** Each does the same again without harm. */
const verbs = [
  { verb: "cordon", act: cordon, summary: "Start no migration to a host from now on; what is under way goes on" },
  { verb: "uncordon", act: uncordon, summary: "Let migrations start to a host again" },
  { verb: "pause", act: pause, summary: "Start no migration from a host or to it; what is under way goes on" },
  { verb: "resume", act: resume, summary: "Let migrations start from a host and to it again" },
] as const;

/** S13, S14: what people set of a host. An agent's hello leaves it as it is. */
export function hostSettingRoutes(fastify: FastifyInstance, parts: HostParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const shown = async (host: HostRecord) => show(parts, host, await parts.store.guests.countByHost());

  app.patch("/v1/hosts/:host", { schema: changing }, async (request) => {
    const host = await findHost(parts.store, request.params.host);
    return await shown(await change(parts, host, request.body, nameOf(request)));
  });

  for (const { verb, act, summary } of verbs) {
    const schema = { tags, summary, params: Params, body: MarkHost.nullish(), response: { 200: Host } };
    app.post(`/v1/hosts/:host/${verb}`, { schema }, async (request) => {
      const host = await findHost(parts.store, request.params.host);
      const by: By = { by: nameOf(request), reason: request.body?.reason };
      return await shown(await act(parts, host, by));
    });
  }
}

async function resultOf(parts: HostParts, { hostId, runs, lostGuests }: Fenced): Promise<FenceResult> {
  const host = await findHost(parts.store, hostId);
  const migrations = runs.map(({ state }) => {
    const { id, guest, phase } = viewOf(state, parts.clock.now());
    return { id, guest, phase };
  });
  const lostInMigrations = migrations.filter(({ phase }) => phase === "lost").map(({ guest }) => guest);
  const lost = [...new Set([...lostGuests, ...lostInMigrations])].toSorted();
  return { host: show(parts, host, await parts.store.guests.countByHost()), migrations, lostGuests: lost };
}

function show({ agents }: HostParts, host: HostRecord, guests: Map<string, number>): Host {
  return hostView(host, {
    heardAt: agents.get(host.id)?.heardAt,
    freeBytes: freeBytesOf(host, agents),
    guests: guests.get(host.id) ?? 0,
  });
}
