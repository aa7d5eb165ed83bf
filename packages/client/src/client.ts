import {
  Accuracy,
  type AccuracyQuery,
  type AskSwitchover,
  AuditList,
  type AuditQuery,
  type ChangeHost,
  type ChangeGuest,
  type ChangeMigration,
  type ChangePolicy,
  type ChangeWebhook,
  type CreateDrain,
  type CreateFromSave,
  type CreateGuest,
  type CreateMigration,
  type CreatePlan,
  type CreatePolicy,
  type CreateToken,
  CreatedToken,
  CreatedWebhook,
  type CreateWebhook,
  DeliveryList,
  type DeliveryQuery,
  Drain,
  DrainList,
  DrainPlan,
  Event,
  type FenceHost,
  FenceResult,
  Guest,
  GuestList,
  Host,
  History,
  HostList,
  Ledger,
  type MarkHost,
  Migration,
  MigrationList,
  MigrationPolicy,
  Overview,
  type PauseQueue,
  Plan,
  PlanSet,
  PolicyList,
  Queue,
  Report,
  type RestoreGuest,
  Sample,
  type SaveGuest,
  TokenList,
  Webhook,
  WebhookDelivery,
  WebhookList,
} from "@godwit/contract";
import { z } from "zod";
import { problemIn, UnreachableError } from "./problem.ts";
import { readServerSentEvents } from "./server-sent-events.ts";

export interface ClientOptions {
  /** "http://127.0.0.1:7140" */
  server: string;
  token: string;
  signal?: AbortSignal | undefined;
}

type Input<Schema extends z.ZodType> = z.input<Schema>;
interface Paging {
  limit?: number;
  cursor?: string;
}

const Samples = z.object({ items: z.array(Sample) });

/** A policy with the `ETag` of the version that was seen, which a change or a removal of it must name. */
export interface SeenPolicy {
  policy: MigrationPolicy;
  etag: string;
}

interface Sent {
  headers?: Record<string, string>;
  /** Sent as JSON; `undefined` sends no body. */
  body?: unknown;
}

/** What is told between two kept events: the figures of a migration under way. */
export type Told = { type: "event"; event: Event } | { type: "progress"; migration: Migration } | { type: "reset" };

/**
 * The API, typed by the contract. Every POST carries an idempotency key, so that a request whose answer was lost is sent again
 * without being carried out twice.
 *
 * @throws {ApiError} when the server refuses, {UnreachableError} when nobody answers.
 */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  readonly hosts = {
    list: (query: Paging = {}) => this.#get("/v1/hosts", HostList, query),
    get: (host: string) => this.#get(hostPath(host), Host),
    fence: (host: string, fence: Input<typeof FenceHost>) => this.#post(`${hostPath(host)}/fence`, FenceResult, fence),
    change: async (host: string, change: Input<typeof ChangeHost>) =>
      Host.parse(await (await this.#send("PATCH", hostPath(host), { body: change })).json()),
    /** Cordoned, nothing starts to it; paused, nothing starts from it either. */
    mark: (host: string, verb: "cordon" | "uncordon" | "pause" | "resume", mark: Input<typeof MarkHost> = {}) =>
      this.#post(`${hostPath(host)}/${verb}`, Host, mark),
  };

  readonly drains = {
    /** What a drain would do; nothing is done. */
    plan: (host: string, drain: Omit<Input<typeof CreateDrain>, "dryRun"> = {}) =>
      this.#post(`${hostPath(host)}/drain`, DrainPlan, { ...drain, dryRun: true }),
    create: (host: string, drain: Omit<Input<typeof CreateDrain>, "dryRun"> = {}) =>
      this.#post(`${hostPath(host)}/drain`, Drain, drain),
    list: (query: Paging & { host?: string } = {}) => this.#get("/v1/drains", DrainList, query),
    get: (id: string, query: { wait?: number; until?: string } = {}) => this.#get(drainPath(id), Drain, query),
    tell: (id: string, verb: "pause" | "resume" | "abort" | "bring-back") =>
      this.#post(`${drainPath(id)}/${verb}`, Drain, undefined),
    skip: (id: string, guest: string) =>
      this.#post(`${drainPath(id)}/guests/${encodeURIComponent(guest)}/skip`, Drain, undefined),
    /** Over as many long polls as it takes. */
    waitForEnd: async (id: string): Promise<Drain> => {
      for (;;) {
        const drain = await this.drains.get(id, { wait: 30, until: "terminal" });
        if (drain.endedAt !== undefined) return drain;
      }
    },
    /** Until it has ended or is blocked, so that it needs somebody; over as many long polls as it takes. */
    waitAtRest: async (id: string): Promise<Drain> => {
      for (;;) {
        const drain = await this.drains.get(id, { wait: 30, until: "blocked" });
        if (drain.endedAt !== undefined || drain.phase === "blocked") return drain;
      }
    },
  };

  readonly guests = {
    list: (query: Paging & { host?: string } = {}) => this.#get("/v1/guests", GuestList, query),
    get: (guest: string, query: { wait?: number } = {}) => this.#get(guestPath(guest), Guest, query),
    create: (guest: Input<typeof CreateGuest>) => this.#post("/v1/guests", Guest, guest),
    change: async (guest: string, change: Input<typeof ChangeGuest>) =>
      Guest.parse(await (await this.#send("PATCH", guestPath(guest), { body: change })).json()),
    remove: (guest: string) => this.#send("DELETE", guestPath(guest)),
    save: (guest: string, save: Input<typeof SaveGuest>) => this.#post(`${guestPath(guest)}/save`, Guest, save),
    restore: (guest: string, restore: Input<typeof RestoreGuest>) =>
      this.#post(`${guestPath(guest)}/restore`, Guest, restore),
    createFromSave: (guest: Input<typeof CreateFromSave>) => this.#post("/v1/guests/from-save", Guest, guest),
    /** Until nobody saves or restores it, over as many long polls as it takes. */
    waitAtRest: async (guest: string): Promise<Guest> => {
      for (;;) {
        const found = await this.guests.get(guest, { wait: 30 });
        if (found.save?.state !== "saving" && found.save?.state !== "restoring") return found;
      }
    },
  };

  readonly plans = {
    create: (plan: Omit<Input<typeof CreatePlan>, "guests" | "host">) => this.#post("/v1/plans", Plan, plan),
    /** Of several guests, or of all that are on a host. */
    createAll: (plan: Omit<Input<typeof CreatePlan>, "guest">) => this.#post("/v1/plans", PlanSet, plan),
    get: (id: string) => this.#get(`/v1/plans/${encodeURIComponent(id)}`, Plan),
  };

  readonly queue = {
    get: () => this.#get("/v1/queue", Queue),
    pause: (pause: Input<typeof PauseQueue> = {}) => this.#post("/v1/queue/pause", Queue, pause),
    resume: () => this.#post("/v1/queue/resume", Queue, undefined),
  };

  readonly policies = {
    list: (query: Paging = {}) => this.#get("/v1/policies", PolicyList, query),
    get: async (policy: string) => await seen(await this.#send("GET", policyPath(policy))),
    create: async (policy: Input<typeof CreatePolicy>) =>
      await seen(await this.#send("POST", "/v1/policies", { headers: newKey(), body: policy })),
    /** The `etag` is that of the version which is to change: one that somebody has changed since stays as it is. */
    change: async (policy: string, change: Input<typeof ChangePolicy>, etag: string) =>
      await seen(await this.#send("PATCH", policyPath(policy), { headers: { "if-match": etag }, body: change })),
    remove: async (policy: string, etag: string): Promise<void> => {
      await this.#send("DELETE", policyPath(policy), { headers: { "if-match": etag } });
    },
  };

  readonly tokens = {
    list: (query: Paging = {}) => this.#get("/v1/tokens", TokenList, query),
    /** The only answer that has the token itself. */
    create: (token: Input<typeof CreateToken>) => this.#post("/v1/tokens", CreatedToken, token),
    revoke: async (id: string): Promise<void> => {
      await this.#send("DELETE", `/v1/tokens/${encodeURIComponent(id)}`);
    },
  };

  readonly audit = {
    list: (query: Input<typeof AuditQuery> = {}) => this.#get("/v1/audit", AuditList, query),
  };

  readonly webhooks = {
    list: (query: Paging = {}) => this.#get("/v1/webhooks", WebhookList, query),
    /** With the `ETag` of the version that was seen. */
    get: async (id: string): Promise<{ webhook: Webhook; etag: string }> => {
      const response = await this.#send("GET", webhookPath(id));
      return { webhook: Webhook.parse(await response.json()), etag: etagIn(response) };
    },
    /** The only answer that has the secret, until another is asked for. */
    create: (webhook: Input<typeof CreateWebhook>) => this.#post("/v1/webhooks", CreatedWebhook, webhook),
    change: async (id: string, change: Input<typeof ChangeWebhook>, etag: string): Promise<Webhook> => {
      const sent = { headers: { "if-match": etag }, body: change };
      return Webhook.parse(await (await this.#send("PATCH", webhookPath(id), sent)).json());
    },
    remove: async (id: string, etag: string): Promise<void> => {
      await this.#send("DELETE", webhookPath(id), { headers: { "if-match": etag } });
    },
    rotate: (id: string) => this.#post(`${webhookPath(id)}/rotate`, CreatedWebhook, undefined),
    ping: (id: string) => this.#post(`${webhookPath(id)}/ping`, WebhookDelivery, undefined),
    deliveries: (id: string, query: Input<typeof DeliveryQuery> = {}) =>
      this.#get(`${webhookPath(id)}/deliveries`, DeliveryList, query),
    resend: (id: string, delivery: string) =>
      this.#post(`${webhookPath(id)}/deliveries/${encodeURIComponent(delivery)}/resend`, WebhookDelivery, undefined),
  };

  readonly predictions = {
    accuracy: (query: Input<typeof AccuracyQuery> = {}) => this.#get("/v1/predictions/accuracy", Accuracy, query),
  };

  readonly migrations = {
    create: (migration: Input<typeof CreateMigration>) => this.#post("/v1/migrations", Migration, migration),
    list: (query: Paging & { guest?: string; host?: string; phase?: string } = {}) =>
      this.#get("/v1/migrations", MigrationList, query),
    get: (id: string, query: { wait?: number; until?: string } = {}) => this.#get(migrationPath(id), Migration, query),
    change: async (id: string, change: Input<typeof ChangeMigration>) =>
      Migration.parse(await (await this.#send("PATCH", migrationPath(id), { body: change })).json()),
    hold: (id: string, hold = true) => this.#post(`${migrationPath(id)}/hold`, Migration, { hold }),
    acceptOlderCopy: (id: string) => this.#post(`${migrationPath(id)}/accept-older-copy`, Migration, {}),
    switchover: (id: string, at: AskSwitchover["at"] = "now") =>
      this.#post(`${migrationPath(id)}/switchover`, Migration, { at }),
    retry: (id: string) => this.#post(`${migrationPath(id)}/retry`, Migration, undefined),
    cancel: (id: string) => this.#post(`${migrationPath(id)}/cancel`, Migration, undefined),
    report: (id: string) => this.#get(`${migrationPath(id)}/report`, Report),
    samples: (id: string) => this.#get(`${migrationPath(id)}/samples`, Samples),
    /** What happened to it, the oldest first. */
    history: (id: string, query: { since?: string; limit?: number } = {}) =>
      this.#get(`${migrationPath(id)}/history`, History, query),
    /** JSON Lines, as they were recorded. */
    trace: async (id: string) => await (await this.#send("GET", `${migrationPath(id)}/trace`)).text(),
    events: (id: string, since?: string) => this.#events(`${migrationPath(id)}/events`, since),
  };

  async ledger(): Promise<Ledger> {
    return await this.#get("/v1/ledger", Ledger);
  }

  async overview(): Promise<Overview> {
    return await this.#get("/v1/overview", Overview);
  }

  events(since?: string): AsyncGenerator<Told> {
    return this.#events("/v1/events", since);
  }

  /** Waits for the end, over as many long polls as it takes. */
  async waitForEnd(id: string): Promise<Migration> {
    for (;;) {
      const migration = await this.migrations.get(id, { wait: 30, until: "terminal" });
      if (migration.endedAt !== undefined) return migration;
    }
  }

  async #get<Schema extends z.ZodType>(path: string, schema: Schema, query: object = {}): Promise<z.output<Schema>> {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
    const response = await this.#send("GET", search.size === 0 ? path : `${path}?${search.toString()}`);
    return schema.parse(await response.json());
  }

  async #post<Schema extends z.ZodType>(path: string, schema: Schema, body: unknown): Promise<z.output<Schema>> {
    const response = await this.#send("POST", path, { headers: newKey(), body });
    return schema.parse(await response.json());
  }

  async *#events(path: string, since: string | undefined): AsyncGenerator<Told> {
    const search = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
    const response = await this.#send("GET", `${path}${search}`, { headers: { accept: "text/event-stream" } });
    if (response.body === null) return;
    for await (const { event, data } of readServerSentEvents(response.body)) {
      if (event === "reset") yield { type: "reset" };
      else if (event === "migration.progress") yield { type: "progress", migration: Migration.parse(JSON.parse(data)) };
      else yield { type: "event", event: Event.parse(JSON.parse(data)) };
    }
  }

  async #send(method: string, path: string, { headers = {}, body }: Sent = {}): Promise<Response> {
    const { server, token, signal } = this.#options;
    const request = {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    const response = await fetch(new URL(path, server), request).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new UnreachableError(`${server} does not answer: ${causeOf(error)}`, { cause: error });
    });
    if (!response.ok) throw await problemIn(response);
    return response;
  }
}

function hostPath(host: string): string {
  return `/v1/hosts/${encodeURIComponent(host)}`;
}

function drainPath(id: string): string {
  return `/v1/drains/${encodeURIComponent(id)}`;
}

function guestPath(guest: string): string {
  return `/v1/guests/${encodeURIComponent(guest)}`;
}

function migrationPath(id: string): string {
  return `/v1/migrations/${encodeURIComponent(id)}`;
}

function policyPath(policy: string): string {
  return `/v1/policies/${encodeURIComponent(policy)}`;
}

function webhookPath(id: string): string {
  return `/v1/webhooks/${encodeURIComponent(id)}`;
}

function newKey(): Record<string, string> {
  return { "idempotency-key": crypto.randomUUID() };
}

async function seen(response: Response): Promise<SeenPolicy> {
  return { policy: MigrationPolicy.parse(await response.json()), etag: etagIn(response) };
}

function etagIn(response: Response): string {
  const etag = response.headers.get("etag");
  if (etag === null)
    throw new UnreachableError(`${response.url} answered without an ETag: something between has lost it`);
  return etag;
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
