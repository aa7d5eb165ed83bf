import { z } from "zod";
import { EventType } from "./event.ts";
import { ListQuery, listOf } from "./list.ts";
import { Id, Timestamp } from "./primitives.ts";

/** No name and password, since addresses are shown; no fragment, since none is sent. */
const WebhookUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .regex(
    /^https?:\/\/[^\s/?#@\\]+(?:[/?][^\s#\\]*)?$/i,
    "an http or https address without a name, a password or a fragment",
  )
  .meta({ description: "one whose origin is on the orchestrator's list of receivers" });

const WebhookTypes = z
  .array(EventType)
  .max(EventType.options.length)
  .refine((types) => new Set(types).size === types.length, "each type once")
  .meta({ description: "of the events that are told; all of them where there is none" });

const Description = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, "no control characters");

/** Who is told of events, by Standard Webhooks. The `ETag` is its version. */
export const Webhook = z
  .object({
    id: Id,
    url: z.string(),
    types: z.array(z.string()).meta({ description: "all where there is none" }),
    description: z.string(),
    version: z.int(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    formerSecretUntil: Timestamp.optional().meta({ description: "until then the secret before this one signs too" }),
  })
  .meta({ id: "Webhook" });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookList = listOf(Webhook, "WebhookList");

export const CreateWebhook = z
  .strictObject({ url: WebhookUrl, types: WebhookTypes.default([]), description: Description.default("") })
  .meta({ id: "CreateWebhook" });
export type CreateWebhook = z.infer<typeof CreateWebhook>;

export const CreatedWebhook = Webhook.extend({
  secret: z.string().meta({ description: "what signatures are verified with, told this once: whsec_ and base64" }),
}).meta({ id: "CreatedWebhook" });
export type CreatedWebhook = z.infer<typeof CreatedWebhook>;

/** A merge patch (RFC 7396). */
export const ChangeWebhook = z
  .strictObject({
    url: WebhookUrl.optional(),
    types: WebhookTypes.nullable().optional(),
    description: Description.nullable().optional(),
  })
  .meta({ id: "ChangeWebhook" });
export type ChangeWebhook = z.infer<typeof ChangeWebhook>;

export const DeliveryState = z.enum(["pending", "delivered", "abandoned"]);

/** One event on its way to one webhook. */
export const WebhookDelivery = z
  .object({
    id: Id.meta({ description: "the header webhook-id, the same at every attempt" }),
    webhookId: Id,
    type: z.string().meta({ description: 'the event\'s, or "webhook.ping"' }),
    state: DeliveryState,
    attempts: z.int().nonnegative(),
    createdAt: Timestamp,
    firstAttemptAt: Timestamp.optional(),
    nextAttemptAt: Timestamp.optional(),
    lastAttempt: z
      .object({
        at: Timestamp,
        status: z.int().optional().meta({ description: "of the receiver's answer, where there was one" }),
        failure: z.string().optional(),
      })
      .optional(),
    endedAt: Timestamp.optional(),
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const DeliveryList = listOf(WebhookDelivery, "WebhookDeliveryList");

export const DeliveryQuery = ListQuery.extend({ state: DeliveryState.optional() });

/** What a receiver is sent. `data` of an event is the event without what stands beside it. */
export const WebhookMessage = z
  .object({ type: z.string(), timestamp: Timestamp, data: z.record(z.string(), z.unknown()) })
  .meta({ id: "WebhookMessage" });
export type WebhookMessage = z.infer<typeof WebhookMessage>;
