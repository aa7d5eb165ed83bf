import { DeliveryList, DeliveryQuery, Id, WebhookDelivery, type WebhookMessage } from "@godwit/contract";
import type { DeliveryRecord, NewDelivery } from "@godwit/store";
import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { v7 as uuidv7 } from "uuid";
import { dateOf } from "../clock.ts";
import { pageOf } from "../pages.ts";
import { ProblemError } from "../problem.ts";
import { nameOf } from "./auth.ts";
import { findWebhook, scope, WebhookParams, type WebhookParts } from "./webhooks.ts";

const DeliveryParams = WebhookParams.extend({ delivery: Id });
const tags = ["webhooks"];
const pingType = "webhook.ping";

/** What was and will be sent to a webhook, and what is sent because somebody asks for it. */
export function deliveryRoutes(fastify: FastifyInstance, parts: WebhookParts): void {
  const app = fastify.withTypeProvider<ZodTypeProvider>();
  const { store, bus, clock } = parts;

  app.get(
    "/v1/webhooks/:id/deliveries",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Deliveries to a webhook, newest first; those that have ended are kept for 30 days",
        params: WebhookParams,
        querystring: DeliveryQuery,
        response: { 200: DeliveryList },
      },
    },
    async (request, reply) => {
      const { id: webhookId } = await findWebhook(store, request.params.id);
      const { state } = request.query;
      return await pageOf(request, reply, (page) => store.deliveries.list(page, { webhookId, state }), deliveryView);
    },
  );

  app.post(
    "/v1/webhooks/:id/ping",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Send something harmless, to see whether it arrives",
        params: WebhookParams,
        response: { 202: WebhookDelivery },
      },
    },
    async (request, reply) => {
      const { id } = await findWebhook(store, request.params.id);
      const delivery = pingOf(id, dateOf(clock.now()), nameOf(request));
      if (!(await store.deliveries.add(delivery)))
        throw new ProblemError("unknown-webhook", `There is no webhook ${id} any more.`);
      bus.tell("webhooks");
      const pending = { ...delivery, state: "pending", attempts: 0, nextAttemptAt: delivery.createdAt } as const;
      return await reply.code(202).send(deliveryView(pending));
    },
  );

  app.post(
    "/v1/webhooks/:id/deliveries/:delivery/resend",
    {
      config: { scope },
      schema: {
        tags,
        summary: "Send a delivery at once, as if it had never been tried; its webhook-id stays",
        params: DeliveryParams,
        response: { 202: WebhookDelivery },
      },
    },
    async (request, reply) => {
      const { id, delivery } = request.params;
      await findWebhook(store, id);
      const again = await store.deliveries.resend(id, delivery, dateOf(clock.now()));
      if (again === undefined)
        throw new ProblemError("unknown-delivery", `There is no delivery ${delivery} to the webhook ${id}.`);
      bus.tell("webhooks");
      return await reply.code(202).send(deliveryView(again));
    },
  );
}

function pingOf(webhookId: string, at: Date, by: string): NewDelivery {
  const sentence = `${by} wants to know whether this arrives.`;
  const message: WebhookMessage = {
    type: pingType,
    timestamp: at.toISOString(),
    data: { sentence, data: { by, webhookId } },
  };
  return { id: uuidv7(), webhookId, type: pingType, body: JSON.stringify(message), createdAt: at };
}

function deliveryView(delivery: DeliveryRecord): WebhookDelivery {
  const { id, webhookId, type, state, attempts, lastAttempt } = delivery;
  return {
    id,
    webhookId,
    type,
    state,
    attempts,
    createdAt: delivery.createdAt.toISOString(),
    firstAttemptAt: delivery.firstAttemptAt?.toISOString(),
    nextAttemptAt: delivery.nextAttemptAt?.toISOString(),
    lastAttempt: lastAttempt && { ...lastAttempt, at: lastAttempt.at.toISOString() },
    endedAt: delivery.endedAt?.toISOString(),
  };
}
