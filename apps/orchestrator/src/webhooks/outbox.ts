import type { WebhookMessage } from "@godwit/contract";
import type { EventRecord, NewDelivery, Store, WebhookRecord } from "@godwit/store";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";

const batch = 500;
/** In one look, so that the bound on what is pending is not passed by much. */
const batchesAtOnce = 10;
/** Beyond that the feed itself keeps what is to come, until receivers have caught up. */
const pendingAtMost = 10_000;

export interface OutboxParts {
  store: Pick<Store, "events" | "webhooks" | "deliveries">;
  now: () => Date;
  log: Logger;
}

/** W2: turns what the feed has gained into deliveries. Returns how many webhooks there are. */
export async function fillOutbox(parts: OutboxParts): Promise<number> {
  const all = await parts.store.webhooks.all();
  if (all.length === 0) return 0;
  const pending = await parts.store.deliveries.countPending();
  const open = all.filter(({ id }) => (pending.get(id) ?? 0) < pendingAtMost);
  // Those that stand at the same place of the feed, as all do before long, read it once.
  for (const cursor of new Set(open.map((webhook) => webhook.cursor)))
    await advance(
      parts,
      cursor,
      open.filter((webhook) => webhook.cursor === cursor),
    );
  return all.length;
}

async function advance(parts: OutboxParts, from: string, webhooks: WebhookRecord[]): Promise<void> {
  const { store, log } = parts;
  const webhookIds = webhooks.map(({ id }) => id);
  let cursor = from;
  for (let batches = 0; batches < batchesAtOnce; batches += 1) {
    const events = await eventsAfter(parts, cursor, webhookIds);
    const to = events.at(-1)?.cursor;
    if (to === undefined) return;
    const deliveries = events.flatMap((event) => deliveriesOf(event, webhooks, parts.now()));
    await store.deliveries.advance({ webhookIds, from: cursor, to, deliveries });
    log.debug({ webhookIds, deliveries: deliveries.length }, "events are on their way to webhooks");
    if (events.length < batch) return;
    cursor = to;
  }
}

async function eventsAfter({ store, log }: OutboxParts, cursor: string, webhookIds: string[]): Promise<EventRecord[]> {
  const { events, expired } = await store.events.after({ cursor, limit: batch });
  if (!expired) return events;
  log.warn(
    { webhookIds },
    "events were pruned before these webhooks were told of them; they go on with the oldest that is kept",
  );
  return (await store.events.after({ limit: batch })).events;
}

function deliveriesOf(event: EventRecord, webhooks: WebhookRecord[], createdAt: Date): NewDelivery[] {
  const told = webhooks.filter(({ types }) => types.length === 0 || types.includes(event.type));
  const body = JSON.stringify(messageOf(event));
  return told.map(({ id }) => ({ id: uuidv7(), webhookId: id, type: event.type, body, createdAt }));
}

function messageOf({ type, at, ...data }: EventRecord): WebhookMessage {
  return { type, timestamp: at.toISOString(), data };
}
