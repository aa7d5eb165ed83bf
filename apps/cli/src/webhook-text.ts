import type { Webhook, WebhookDelivery } from "@godwit/contract";
import { table, utc } from "./format.ts";

export function webhookTable(webhooks: Webhook[]): string {
  const rows = webhooks.map(({ id, url, types, description }) => [
    id,
    url,
    types.length === 0 ? "all" : types.join(", "),
    description,
  ]);
  return table(["ID", "URL", "TYPES", "DESCRIPTION"], rows);
}

export function deliveryTable(deliveries: WebhookDelivery[]): string {
  const rows = deliveries.map(({ id, type, state, attempts, createdAt, lastAttempt, nextAttemptAt }) => [
    id,
    type,
    utc(createdAt),
    state,
    String(attempts),
    lastAttempt === undefined ? "-" : [lastAttempt.status ?? [], lastAttempt.failure ?? []].flat().join(": "),
    nextAttemptAt === undefined ? "-" : utc(nextAttemptAt),
  ]);
  return table(["ID", "TYPE", "MADE", "STATE", "ATTEMPTS", "LAST ANSWER", "NEXT"], rows);
}
