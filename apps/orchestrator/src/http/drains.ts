import { CreateDrain, Drain, DrainList, DrainPhase, DrainPlan, Id, ListQuery, Reference } from "@godwit/contract";
import { type DrainEvent, phaseOfDrain } from "@godwit/core";
import type { Store } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import type { Bus } from "../bus.ts";
import type { Drains } from "../drains/drains.ts";
import { drainPlanView, drainView } from "../drains/view.ts";
import { pageOf } from "../pages.ts";
import { findGuest, findHost } from "../survey.ts";
import { nameOf } from "./auth.ts";
import { patience } from "./patience.ts";

const tags = ["drains"];
const Params = z.object({ id: Id });
const GuestParams = Params.extend({ guest: Reference });
const Filter = ListQuery.extend({ host: Reference.optional() });
const Wait = z.strictObject({
  wait: z.coerce.number().min(0).max(60).default(0).meta({ description: "seconds" }),
  until: z.enum(["terminal", ...DrainPhase.options]).default("terminal"),
});

const draining = {
  tags,
  summary: "Empty a host of its guests, or say what that would come to",
  params: z.object({ host: Reference }),
  body: CreateDrain.nullish(),
  response: { 200: DrainPlan, 202: Drain },
};
const listing = { tags, summary: "Drains, newest first", querystring: Filter, response: { 200: DrainList } };
const getting = {
  tags,
  summary: "One drain; waits for its end or for a phase where asked to",
  params: Params,
  querystring: Wait,
  response: { 200: Drain },
};
const skipping = {
  tags,
  summary: "Go on without a guest: it stays where it is",
  params: GuestParams,
  response: { 200: Drain },
};

const verbs = [
  { verb: "pause", type: "pause", summary: "Begin nothing more; what moves goes on" },
  { verb: "resume", type: "resume", summary: "Go on" },
  { verb: "abort", type: "abort", summary: "Call off what moves, and let migrations start to the host again" },
  { verb: "bring-back", type: "bringBack", summary: "Bring the guests back that an ended drain has moved" },
] as const;

export interface DrainRouteParts {
  store: Store;
  bus: Bus;
  drains: Drains;
}

export function drainRoutes(fastify: FastifyInstance, parts: DrainRouteParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, drains } = parts;
  const tell = async (id: string, event: DrainEvent) => drainView(await drains.tell(id, event));

  app.post("/v1/hosts/:host/drain", { schema: draining }, async (request, reply) => {
    const wanted = CreateDrain.parse(request.body ?? {});
    const { host } = request.params;
    if (wanted.dryRun) return drainPlanView(await drains.plan(host, wanted, nameOf(request)));
    const view = drainView(await drains.create(host, wanted, nameOf(request)));
    return await reply.code(202).header("location", `/v1/drains/${view.id}`).send(view);
  });

  app.get("/v1/drains", { schema: listing }, async (request, reply) => {
    const { host } = request.query;
    const hostId = host === undefined ? undefined : (await findHost(store, host)).id;
    return await pageOf(
      request,
      reply,
      (page) => store.drains.list(page, { hostId }),
      (record) => drainView(drains.known(record)),
    );
  });

  app.get("/v1/drains/:id", { schema: getting }, async (request) => {
    const { id } = request.params;
    const { wait, until } = request.query;
    if (wait > 0) await waitUntil(parts, id, until, patience(request, wait));
    return drainView(await drains.find(id));
  });

  for (const { verb, type, summary } of verbs) {
    const schema = { tags, summary, params: Params, response: { 200: Drain } };
    app.post(`/v1/drains/:id/${verb}`, { schema }, async (request) => {
      return await tell(request.params.id, { type, by: nameOf(request) });
    });
  }

  app.post("/v1/drains/:id/guests/:guest/skip", { schema: skipping }, async (request) => {
    const { id, guest } = request.params;
    const guestId = (await findGuest(store, guest)).id;
    return await tell(id, { type: "skip", guestId, by: nameOf(request) });
  });
}

/** Until the drain has ended or is in the phase, or the signal is aborted. */
async function waitUntil(
  { bus, drains }: DrainRouteParts,
  id: string,
  until: z.infer<typeof Wait>["until"],
  signal: AbortSignal,
): Promise<void> {
  const reached = async () => {
    const { drain } = await drains.find(id);
    return drain.end !== undefined || phaseOfDrain(drain) === until;
  };
  const changes = bus.stream("drain", signal);
  // Listening begins before looking, and each change is followed by a look, so that nothing falls between the two.
  for (let next = changes.next(); !(await reached()); next = changes.next()) {
    let change = await next;
    while (change.done !== true && change.value[0] !== id) change = await changes.next();
    if (change.done === true) return;
  }
}
