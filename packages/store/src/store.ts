/**
 * All that the orchestrator remembers, behind one interface: embedded (PGlite) or in a PostgreSQL of 15 or newer. Times are
 * the caller's wall clock; pages are newest first by (createdAt, id).
 */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Store extends AsyncDisposable {
  readonly hosts: Hosts;
  readonly guests: Guests;
  readonly migrations: Migrations;
  readonly events: Events;
  readonly plans: Plans;
  readonly idempotency: Idempotency;
  readonly tokens: Tokens;
  /** Resolves when a trivial query was answered; rejects when the database is out of reach. */
  ping(): Promise<void>;
}

export interface PageRequest {
  /** 1 to 200. */
  limit: number;
  /** What an earlier page gave as `nextCursor`. A cursor that was not made by this store throws `BadCursorError`. */
  cursor?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

export class BadCursorError extends Error {
  override name = "BadCursorError";
}

// Hosts

export interface HostRecord {
  id: string;
  name: string;
  /** What the agent said of itself with its last hello. */
  facts: JsonObject;
  lastSeenAt: Date;
  createdAt: Date;
}

export interface Hosts {
  /** A host is known by its name: the first hello makes the record with `id`, later ones renew its facts. */
  seen(host: { id: string; name: string; facts: JsonObject; at: Date }): Promise<HostRecord>;
  touch(ids: string[], at: Date): Promise<void>;
  find(nameOrId: string): Promise<HostRecord | undefined>;
  list(page: PageRequest): Promise<Page<HostRecord>>;
}

// Guests

export interface GuestRecord {
  id: string;
  name: string;
  /** The host that owns the guest at `epoch`, as far as the orchestrator has heard. */
  hostId: string;
  epoch: number;
  state: "running" | "stopped";
  definitions: Json;
  devices: Json;
  createdAt: Date;
}

/** News of who owns a guest. */
export interface Placement {
  guestId: string;
  hostId: string;
  epoch: number;
  state: "running" | "stopped";
  /** What is known of its devices stays as it is where nothing new is said. */
  devices?: Json | undefined;
}

export interface Guests {
  create(guest: GuestRecord, events: NewEvent[]): Promise<"created" | "name-taken">;
  remove(id: string, events: NewEvent[]): Promise<void>;
  /** Takes the news unless a higher epoch is known already: then nothing changes and `false` is returned. */
  place(placement: Placement): Promise<boolean>;
  find(nameOrId: string): Promise<GuestRecord | undefined>;
  list(page: PageRequest, filter?: { hostId?: string | undefined }): Promise<Page<GuestRecord>>;
  countByHost(): Promise<Map<string, number>>;
}

// Migrations

export interface MigrationRecord {
  id: string;
  guestId: string;
  sourceId: string;
  destinationId: string;
  phase: string;
  /** Grows by one with each commit. */
  version: number;
  /** The state of the decision core, whole. */
  state: JsonObject;
  createdAt: Date;
  endedAt?: Date | undefined;
}

/** One decision: the state and all that it changes, in one transaction, guarded by the version it was made from. */
export interface MigrationCommit {
  id: string;
  /** The version that the decision rests on. */
  version: number;
  phase: string;
  state: JsonObject;
  endedAt?: Date | undefined;
  placement?: Placement | undefined;
  events: NewEvent[];
}

export interface SampleRecord {
  migrationId: string;
  at: Date;
  body: JsonObject;
}

export interface Migrations {
  /** A guest has at most one migration that has not ended: a second one is `guest-busy`, by a unique index. */
  create(migration: MigrationRecord, events: NewEvent[]): Promise<"created" | "guest-busy">;
  /** `stale` when the version has moved on: the caller is not the owner any more and must stop. Nothing changes then. */
  commit(commit: MigrationCommit): Promise<"committed" | "stale">;
  find(id: string): Promise<MigrationRecord | undefined>;
  list(page: PageRequest, filter?: MigrationFilter): Promise<Page<MigrationRecord>>;
  /** Every migration that has not ended, oldest first. */
  active(): Promise<MigrationRecord[]>;
  /** Many at once, as a single statement; called about once a second. */
  addSamples(samples: SampleRecord[]): Promise<void>;
  /** Oldest first, at most `limit`, later than `after`. */
  samples(migrationId: string, options: { after?: Date | undefined; limit: number }): Promise<SampleRecord[]>;
}

export interface MigrationFilter {
  guestId?: string | undefined;
  hostId?: string | undefined;
  phases?: string[] | undefined;
}

// Events

export interface NewEvent {
  type: string;
  at: Date;
  migrationId?: string | undefined;
  guestId?: string | undefined;
  hostId?: string | undefined;
  sentence: string;
  data: JsonObject;
}

export interface EventRecord extends NewEvent {
  /** Opaque and ordered by commit: no event can later appear before a cursor that was handed out. */
  cursor: string;
}

export interface Events {
  add(events: NewEvent[]): Promise<void>;
  /**
   * Events after the cursor (from the oldest kept one without it), in order, at most `limit`. `expired` when events after
   * the cursor have been pruned already.
   */
  after(options: {
    cursor?: string | undefined;
    migrationId?: string | undefined;
    limit: number;
  }): Promise<{ events: EventRecord[]; expired: boolean }>;
  /** The cursor of the newest event, from which a new reader goes on. */
  latest(): Promise<string>;
  /** Removes events older than `before` and all but the newest `keep`; returns how many were removed. */
  prune(options: { before: Date; keep: number }): Promise<number>;
}

// Plans

export interface PlanRecord {
  id: string;
  body: JsonObject;
  createdAt: Date;
  expiresAt: Date;
}

export interface Plans {
  /** Also removes what expired before `createdAt`. */
  save(plan: PlanRecord): Promise<void>;
  find(id: string): Promise<PlanRecord | undefined>;
}

// Idempotency

export interface StoredResponse {
  status: number;
  headers: JsonObject;
  body: Json;
}

export type Claim =
  | { kind: "fresh" }
  | { kind: "replay"; response: StoredResponse }
  | { kind: "in-progress" }
  | { kind: "other-body" };

export interface Idempotency {
  /** Claims (principal, route, key) for this request, or says what became of the first one. Kept for 24 h. */
  claim(request: { principal: string; route: string; key: string; bodyHash: string; at: Date }): Promise<Claim>;
  finish(request: { principal: string; route: string; key: string; response: StoredResponse }): Promise<void>;
  /** Gives the key back: the request did not reach an outcome worth keeping (a 5xx). */
  abandon(request: { principal: string; route: string; key: string }): Promise<void>;
  /** After a restart nothing is in progress any more. */
  abandonAll(): Promise<void>;
}

// Tokens

export interface TokenRecord {
  /** The 8 characters by which a token is looked up. */
  id: string;
  name: string;
  role: "admin" | "agent";
  /** SHA-256 of the secret, hexadecimal. */
  secretHash: string;
  createdAt: Date;
  lastUsedAt?: Date | undefined;
  revokedAt?: Date | undefined;
}

export interface Tokens {
  add(token: TokenRecord): Promise<void>;
  find(id: string): Promise<TokenRecord | undefined>;
  touch(id: string, at: Date): Promise<void>;
}
