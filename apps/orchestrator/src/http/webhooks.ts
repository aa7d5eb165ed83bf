import {
  ChangeWebhook,
  CreatedWebhook,
  CreateWebhook,
  Id,
  ListQuery,
  type Scope,
  Webhook,
  WebhookList,
} from "@godwit/contract";
import type { NewEvent, Store, WebhookRecord } from "@godwit/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { v7 as uuidv7 } from "uuid";
import { z } from "zod";
import type { Bus } from "../bus.ts";
import { type Clock, dateOf } from "../clock.ts";
import { pageOf } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import { refusalOfReceiver } from "../webhooks/receivers.ts";
import { newSecret } from "../webhooks/signature.ts";
import { nameOf } from "./auth.ts";
import { expectIfMatch, withTag } from "./version-tag.ts";

export const WebhookParams = z.object({ id: Id });
const Nothing = z.null().meta({ description: "It is gone, with what was on its way to it" });
export const scope: Scope = "admin";
const tags = ["webhooks"];
const webhooksAtMost = 100;
/** Long enough for a receiver to be given the new secret at leisure. */
const formerSecretMs = 24 * 3_600_000;

export interface WebhookParts {
  store: Store;
  bus: Bus;
  clock: Clock;
  /** Origins that may be sent to. */
  receivers: readonly string[];
}

/** W1: who is told of events. The secret is in one answer and nowhere else; `webhook-deliveries.ts` shows what was sent. */
export function webhookRoutes(fastify: FastifyInstance, parts: WebhookParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store } = parts;

  app.get(
    "/v1/webhooks",
    {
      config: { scope },
      schema: { tags, summary: "Webhooks, newest first", querystring: ListQuery, response: { 200: WebhookList } },
    },
    async (request, reply) => await pageOf(request, reply, (page) => store.webhooks.list(page), webhookView),
  );

  app.get(
    "/v1/webhooks/:id",
    { config: { scope }, schema: { tags, summary: "One webhook", params: WebhookParams, response: { 200: Webhook } } },
    async (request, reply) => withTag(reply, webhookView(await findWebhook(store, request.params.id))),
  );

  app.post(
    "/v1/webhooks",
    {
      config: { scope, mintsSecret: true },
      schema: {
        tags,
        summary: "Have events sent to a receiver, by Standard Webhooks; the secret is told this once",
        body: CreateWebhook,
        response: { 201: CreatedWebhook },
      },
    },
    async (request, reply) => {
      const made = await create(parts, request.body, nameOf(request));
      void reply.code(201).header("location", `/v1/webhooks/${made.id}`);
      return await withTag(reply, createdView(made));
    },
  );

  changeRoutes(fastify, parts);
}

function changeRoutes(fastify: FastifyInstance, parts: WebhookParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store } = parts;

  app.patch(
    "/v1/webhooks/:id",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Change a webhook (merge patch); what is on its way goes to the new address",
        params: WebhookParams,
        body: ChangeWebhook,
        response: { 200: Webhook },
      },
    },
    async (request, reply) => {
      const before = await changeable(store, request, request.params.id);
      return await withTag(reply, webhookView(await change(parts, before, request.body, nameOf(request))));
    },
  );

  app.delete(
    "/v1/webhooks/:id",
    {
      config: { scope },
      schema: { tags, summary: "Remove a webhook", params: WebhookParams, response: { 204: Nothing } },
    },
    async (request, reply) => {
      const webhook = await changeable(store, request, request.params.id);
      const event = eventOf(parts, "webhook.removed", "removed", webhook, nameOf(request));
      expectDone(webhook.id, await store.webhooks.remove(webhook.id, webhook.version, [event]));
      parts.bus.tell("events");
      return await reply.code(204).send(null);
    },
  );

  app.post(
    "/v1/webhooks/:id/rotate",
    {
      config: { scope, mintsSecret: true },
      schema: {
        tags,
        summary: "Give a webhook a new secret, told this once; the former one signs too for 24 hours",
        params: WebhookParams,
        response: { 200: CreatedWebhook },
      },
    },
    async (request, reply) => {
      const rotated = await rotate(parts, await findWebhook(store, request.params.id), nameOf(request));
      return await withTag(reply, createdView(rotated));
    },
  );
}

/** @throws {ProblemError} where there is none. */
export async function findWebhook(store: Store, id: string): Promise<WebhookRecord> {
  const webhook = await store.webhooks.find(id);
  if (webhook === undefined) throw new ProblemError("unknown-webhook", `There is no webhook ${id}.`);
  return webhook;
}

async function create(parts: WebhookParts, wanted: CreateWebhook, by: string): Promise<WebhookRecord> {
  const { store, bus, clock, receivers } = parts;
  expectReceiver(receivers, wanted.url);
  const at = dateOf(clock.now());
  // Nothing that happened before it was asked for is told.
  const cursor = await store.events.latest();
  const times = { createdAt: at, updatedAt: at };
  const webhook: WebhookRecord = { id: uuidv7(), ...wanted, secret: newSecret(), version: 1, cursor, ...times };
  const event = eventOf(parts, "webhook.created", "made", webhook, by);
  if ((await store.webhooks.create(webhook, webhooksAtMost, [event])) === "too-many")
    throw new ProblemError("too-many-webhooks", `There are ${webhooksAtMost} webhooks already: remove one first.`);
  bus.tell("webhooks");
  bus.tell("events");
  return webhook;
}

async function change(parts: WebhookParts, before: WebhookRecord, patch: ChangeWebhook, by: string) {
  const { url = before.url, types = before.types, description = before.description } = patch;
  expectReceiver(parts.receivers, url);
  const after = { url, types: types ?? [], description: description ?? "" };
  const { id, version } = before;
  const at = dateOf(parts.clock.now());
  const event = eventOf(parts, "webhook.changed", "changed", { ...before, ...after }, by);
  expectDone(id, await parts.store.webhooks.update({ id, version, ...after, at }, [event]));
  parts.bus.tell("webhooks");
  parts.bus.tell("events");
  return { ...before, ...after, version: version + 1, updatedAt: at };
}

async function rotate(parts: WebhookParts, before: WebhookRecord, by: string): Promise<WebhookRecord> {
  const { store, bus, clock } = parts;
  const at = dateOf(clock.now());
  const until = dateOf(clock.now() + formerSecretMs);
  const secret = newSecret();
  const event = eventOf(parts, "webhook.secret-rotated", "gave a new secret to", before, by);
  if (!(await store.webhooks.rotate({ id: before.id, secret, formerUntil: until, at }, [event])))
    throw new ProblemError("unknown-webhook", `There is no webhook ${before.id} any more.`);
  bus.tell("events");
  const former = { secret: before.secret, until };
  return { ...before, secret, former, version: before.version + 1, updatedAt: at };
}

async function changeable(store: Store, request: FastifyRequest, id: string): Promise<WebhookRecord> {
  const webhook = await findWebhook(store, id);
  expectIfMatch(request, webhook, `The webhook ${id}`);
  return webhook;
}

function expectReceiver(receivers: readonly string[], url: string): void {
  const refusal = refusalOfReceiver(receivers, url);
  if (refusal === undefined) return;
  const detail = `${refusal}: add it to webhooks.receivers there.`;
  throw new ProblemError("receiver-not-allowed", detail, { errors: [{ pointer: "/url", detail: refusal }] });
}

function expectDone(id: string, outcome: "updated" | "removed" | "stale" | "gone"): void {
  if (outcome === "stale") throw new ProblemError("precondition-failed", `${id} was changed at the same moment.`);
  if (outcome === "gone") throw new ProblemError("unknown-webhook", `There is no webhook ${id} any more.`);
}

/** Whoever may look reads events: of the address they have the origin alone, since its path may be a secret of the receiver's. */
function eventOf(
  { clock }: WebhookParts,
  type: string,
  verb: string,
  { id, url, types }: WebhookRecord,
  by: string,
): NewEvent {
  const { origin } = new URL(url);
  return {
    type,
    at: dateOf(clock.now()),
    sentence: `${by} ${verb} the webhook to ${origin}.`,
    data: { by, webhookId: id, receiver: origin, types },
  };
}

function createdView(webhook: WebhookRecord): CreatedWebhook {
  return { ...webhookView(webhook), secret: webhook.secret };
}

function webhookView(webhook: WebhookRecord): Webhook {
  const { id, url, types, description, version, createdAt, updatedAt, former } = webhook;
  return {
    id,
    url,
    types,
    description,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    formerSecretUntil: former?.until.toISOString(),
  };
}
