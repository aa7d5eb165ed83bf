import { afterAttempt, type AttemptOutcome, type BackOff } from "@godwit/core";
import type { DeliveryAttempt, DeliveryRecord, NewEvent, Store, WebhookRecord } from "@godwit/store";
import type { Logger } from "pino";
import type { Bus } from "../bus.ts";
import { after, type Clock, dateOf } from "../clock.ts";
import type { WebhookSettings } from "../config.ts";
import { version } from "../version.ts";
import { fillOutbox } from "./outbox.ts";
import { refusalOfReceiver } from "./receivers.ts";
import { type Answered, sendOnce } from "./send.ts";
import { signatures } from "./signature.ts";

/** At once, over all webhooks; to each webhook one. */
const sendingAtMost = 8;
const longestPauseMs = 4 * 3_600_000;
/** News comes in bursts: one look is for all of it. */
const gatherMs = 50;
/** Loss of a wake-up never matters: as long as there are webhooks, the feed and what is due are also looked at this often. */
const lookAgainMs = 2_000;
const abandoned = "webhook.delivery-abandoned";

export interface DelivererParts {
  store: Pick<Store, "events" | "webhooks" | "deliveries">;
  bus: Bus;
  clock: Clock;
  log: Logger;
  settings: WebhookSettings;
  /** D12: this process still holds the lease. */
  maySend: () => boolean;
}

/**
 * Tells receivers what happens: again and again it makes deliveries of what the feed has gained, and attempts those that are due. All that
 * it knows is in the store, so that whoever comes after it goes on where it was.
 */
export class Deliverer implements AsyncDisposable {
  readonly #parts: DelivererParts;
  readonly #stopped = new AbortController();
  /** By the webhook's id. */
  readonly #sending = new Map<string, Promise<void>>();
  #looking: Promise<void> = Promise.resolve();
  #woken = false;
  #idle = true;
  #disarm: () => void = () => undefined;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
  }

  start(): void {
    const { bus } = this.#parts;
    const offs = [bus.on("webhooks", () => this.#wake()), bus.on("events", () => this.#hear())];
    this.#stopped.signal.addEventListener("abort", () => offs.forEach((off) => off()), { once: true });
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    this.#disarm();
    await this.#looking;
    await Promise.all(this.#sending.values());
  }

  /** Without a webhook events are of no interest; the first one is told of by its own topic. */
  #hear(): void {
    if (!this.#idle) this.#wake();
  }

  #wake(): void {
    if (this.#woken || this.#stopped.signal.aborted) return;
    this.#woken = true;
    this.#arm(gatherMs);
  }

  #arm(ms: number): void {
    this.#disarm();
    this.#disarm = after(this.#parts.clock, ms, () => {
      this.#woken = false;
      this.#looking = this.#looking.then(async () => await this.#look());
    });
  }

  async #look(): Promise<void> {
    const { store, log, maySend } = this.#parts;
    if (this.#stopped.signal.aborted || !maySend()) return;
    try {
      this.#idle = (await fillOutbox({ store, log, now: () => this.#now() })) === 0;
      if (this.#idle) return;
      await this.#sendDue();
      // While no more may be sent at once, the end of one of them is what there is to wait for, and it wakes this.
      const next = this.#isFull ? undefined : await store.deliveries.nextDueAt([...this.#sending.keys()]);
      this.#lookIn(next === undefined ? lookAgainMs : next.getTime() - this.#now().getTime());
    } catch (error) {
      log.error(error, "webhooks could not be served; they are looked at again");
      this.#lookIn(lookAgainMs);
    }
  }

  #lookIn(ms: number): void {
    if (!this.#woken && !this.#stopped.signal.aborted) this.#arm(Math.min(Math.max(ms, gatherMs), lookAgainMs));
  }

  get #isFull(): boolean {
    return this.#sending.size >= sendingAtMost;
  }

  async #sendDue(): Promise<void> {
    if (this.#isFull) return;
    const limit = sendingAtMost - this.#sending.size;
    const except = [...this.#sending.keys()];
    for (const delivery of await this.#parts.store.deliveries.due({ now: this.#now(), except, limit })) {
      const sending = this.#attempt(delivery)
        .catch((error: unknown) => this.#parts.log.error(error, "an attempt to deliver could not be written down"))
        .finally(() => {
          this.#sending.delete(delivery.webhookId);
          this.#wake();
        });
      this.#sending.set(delivery.webhookId, sending);
    }
  }

  async #attempt(delivery: DeliveryRecord): Promise<void> {
    const { store, bus, settings, maySend } = this.#parts;
    const webhook = await store.webhooks.find(delivery.webhookId);
    if (webhook === undefined || !maySend()) return;
    const at = this.#now();
    const answered = await this.#send(webhook, delivery, at);
    // Whoever comes next makes this attempt again: that it was cut off says nothing of the receiver.
    if (this.#stopped.signal.aborted && !("status" in answered)) return;
    const backOff = { firstMs: settings.firstRetryMs, mostMs: longestPauseMs, giveUpAfterMs: settings.giveUpAfterMs };
    const { attempt, events } = whatBecomesOf(delivery, webhook, answered, { at, now: this.#now(), backOff });
    await store.deliveries.attempted(attempt, events);
    if (events.length > 0) bus.tell("events");
  }

  async #send(webhook: WebhookRecord, { id, body }: DeliveryRecord, at: Date): Promise<Answered> {
    const { receivers, timeoutMs } = this.#parts.settings;
    const refusal = refusalOfReceiver(receivers, webhook.url);
    if (refusal !== undefined) return { failure: refusal };
    const timestamp = Math.floor(at.getTime() / 1000);
    const headers = {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "user-agent": `godwit/${version}`,
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signatures({ id, timestamp, body }, secretsOf(webhook, at)),
    };
    return await sendOnce({ url: webhook.url, headers, body }, { timeoutMs, signal: this.#stopped.signal });
  }

  #now(): Date {
    return dateOf(this.#parts.clock.now());
  }
}

function secretsOf({ secret, former }: WebhookRecord, at: Date): string[] {
  return former !== undefined && at < former.until ? [secret, former.secret] : [secret];
}

function outcomeOf(answered: Answered): AttemptOutcome {
  if (!("status" in answered)) return { kind: "failed" };
  if (answered.status >= 200 && answered.status < 300) return { kind: "accepted" };
  return answered.status === 410 ? { kind: "gone" } : { kind: "failed", retryAfterMs: answered.retryAfterMs };
}

function whatBecomesOf(
  delivery: DeliveryRecord,
  webhook: WebhookRecord,
  answered: Answered,
  { at, now, backOff }: { at: Date; now: Date; backOff: BackOff },
): { attempt: DeliveryAttempt; events: NewEvent[] } {
  const attempts = delivery.attempts + 1;
  const firstAttemptAt = delivery.firstAttemptAt ?? at;
  const becomes = afterAttempt({ attempts, firstAttemptAt: firstAttemptAt.getTime() }, outcomeOf(answered), {
    now: now.getTime(),
    random: Math.random(),
    backOff,
  });
  const { status, failure } = { status: undefined, failure: undefined, ...answered };
  const made = { id: delivery.id, attempts, firstAttemptAt, at, status, failure };
  if (becomes.state === "pending")
    return {
      attempt: { ...made, next: { state: "pending", nextAttemptAt: dateOf(becomes.nextAttemptAt) } },
      events: [],
    };
  const attempt: DeliveryAttempt = { ...made, next: { state: becomes.state, endedAt: now } };
  // News that such news was not accepted would breed more of its kind.
  if (becomes.state === "delivered" || delivery.type === abandoned) return { attempt, events: [] };
  const { origin } = new URL(webhook.url);
  const { code, sentence: because, inputs } = becomes.because;
  const sentence = `${origin} was not told of ${delivery.type}. ${because}`;
  const data = { webhookId: webhook.id, deliveryId: delivery.id, type: delivery.type, code, inputs };
  return { attempt, events: [{ type: abandoned, at: now, sentence, data }] };
}
