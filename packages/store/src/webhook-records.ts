import type { NewEvent, Page, PageRequest } from "./store.ts";

/* Who is told of events, and what is on its way to them. */

// Webhooks

export interface WebhookRecord {
  id: string;
  url: string;
  /** Of the events that are told; all where there is none. */
  types: string[];
  description: string;
  /** Signing needs it as it is, so that no hash would do. */
  secret: string;
  /** The one before, which signs too until then. */
  former?: { secret: string; until: Date } | undefined;
  /** Grows by one with each change. */
  version: number;
  /** Up to here the feed of events has been turned into deliveries. */
  cursor: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface WebhookChange {
  id: string;
  version: number;
  url: string;
  types: string[];
  description: string;
  at: Date;
}

/** Events are written only when the change took place. */
export interface Webhooks {
  /** `too-many` where there are `most` already. */
  create(webhook: WebhookRecord, most: number, events: NewEvent[]): Promise<"created" | "too-many">;
  update(change: WebhookChange, events: NewEvent[]): Promise<"updated" | "stale" | "gone">;
  /** The secret that was becomes the former one, until then. False where there is no such webhook. */
  rotate(rotation: { id: string; secret: string; formerUntil: Date; at: Date }, events: NewEvent[]): Promise<boolean>;
  /** With all its deliveries. */
  remove(id: string, version: number, events: NewEvent[]): Promise<"removed" | "stale" | "gone">;
  find(id: string): Promise<WebhookRecord | undefined>;
  list(page: PageRequest): Promise<Page<WebhookRecord>>;
  all(): Promise<WebhookRecord[]>;
}

// Deliveries

export interface NewDelivery {
  /** The receiver knows it again by this, however often it is sent. */
  id: string;
  webhookId: string;
  type: string;
  /** What is sent, to the byte: it is signed. */
  body: string;
  createdAt: Date;
}

export interface DeliveryRecord extends NewDelivery {
  state: "pending" | "delivered" | "abandoned";
  /** Since it was made, or was last asked to be sent again. */
  attempts: number;
  firstAttemptAt?: Date | undefined;
  /** While it is pending. */
  nextAttemptAt?: Date | undefined;
  lastAttempt?: { at: Date; status?: number | undefined; failure?: string | undefined } | undefined;
  endedAt?: Date | undefined;
}

/** What an attempt has come to. `attempts` counts it in; one that is not the next after those that are stored changes nothing. */
export interface DeliveryAttempt {
  id: string;
  attempts: number;
  firstAttemptAt: Date;
  at: Date;
  status?: number | undefined;
  failure?: string | undefined;
  next: { state: "pending"; nextAttemptAt: Date } | { state: "delivered" | "abandoned"; endedAt: Date };
}

export interface Deliveries {
  /**
   * Moves the cursor of these webhooks from one place of the feed to a later one, and makes the deliveries that lie between. Of a webhook
   * whose cursor is another by now nothing is made: so no event is left out or taken twice, whoever else does this.
   */
  advance(step: { webhookIds: string[]; from: string; to: string; deliveries: NewDelivery[] }): Promise<void>;
  /** One that comes of no event. False where there is no such webhook. */
  add(delivery: NewDelivery): Promise<boolean>;
  /** How many are pending, by webhook; those that have none are left out. */
  countPending(): Promise<Map<string, number>>;
  /** Of each webhook but these the oldest delivery that is due, at most `limit`, those that have waited longest first. */
  due(options: { now: Date; except: string[]; limit: number }): Promise<DeliveryRecord[]>;
  /** When the next delivery is due, to any webhook but these. */
  nextDueAt(except: string[]): Promise<Date | undefined>;
  attempted(attempt: DeliveryAttempt, events: NewEvent[]): Promise<void>;
  /** As if it had never been tried: it is due at once. Undefined where there is none. */
  resend(webhookId: string, id: string, at: Date): Promise<DeliveryRecord | undefined>;
  list(
    page: PageRequest,
    filter: { webhookId: string; state?: DeliveryRecord["state"] | undefined },
  ): Promise<Page<DeliveryRecord>>;
  /** Of those that have ended removes what is older than `before`, and all but the newest `keep`; returns how many. */
  prune(options: { before: Date; keep: number }): Promise<number>;
}
