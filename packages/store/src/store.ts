/**
 * All that the orchestrator remembers, behind one interface: embedded (PGlite) or in a PostgreSQL of 15 or newer. Times are
 * the caller's wall clock; pages are newest first by (createdAt, id).
 */

import type { Idempotency, Tokens } from "./access.ts";
import type { Audit } from "./audit-record.ts";
import type { Drains } from "./drain-records.ts";
import type { Hosts } from "./host-records.ts";
import type { Queue } from "./queue.ts";
import type { SaveCommit } from "./save-commit.ts";
import type { Deliveries, Webhooks } from "./webhook-records.ts";

export * from "./access.ts";
export * from "./audit-record.ts";
export * from "./drain-records.ts";
export * from "./host-records.ts";
export type { Queue, QueuePause } from "./queue.ts";
export * from "./save-commit.ts";
export * from "./webhook-records.ts";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Store extends AsyncDisposable {
  readonly hosts: Hosts;
  readonly guests: Guests;
  readonly migrations: Migrations;
  readonly drains: Drains;
  readonly events: Events;
  readonly queue: Queue;
  readonly policies: Policies;
  readonly outcomes: Outcomes;
  readonly traces: Traces;
  readonly plans: Plans;
  readonly idempotency: Idempotency;
  readonly tokens: Tokens;
  readonly audit: Audit;
  readonly webhooks: Webhooks;
  readonly deliveries: Deliveries;
  readonly lease: Lease;
  /** Resolves when a trivial query was answered; rejects when the database is out of reach. */
  ping(): Promise<void>;
}

// The lease

/**
 * Who may decide: one process at a time, until the lease runs out by the database's clock. Once a store has taken it, what it writes
 * of hosts, guests and migrations is written only while its epoch is the current one, and throws `LeaseLostError` after that.
 */
export interface Lease {
  /** Takes it where nobody holds it; each taking has a higher epoch. Else says who holds it and for how long. */
  take(wanted: { holder: string; forMs: number }): Promise<{ epoch: number } | { heldBy: string; expiresInMs: number }>;
  /** False when it has been taken by another, or was never held. Rejects after `limitMs` without an answer. */
  renew(wanted: { forMs: number; limitMs: number }): Promise<boolean>;
  /** Lets the next one take it at once. One that is not held any more stays with whoever has it. */
  giveBack(): Promise<void>;
}

/** Another process has taken the lease, and decides from now on: this one stops. Nothing was written. */
export class LeaseLostError extends Error {
  override name = "LeaseLostError";

  constructor() {
    super("another orchestrator has taken the lease on this database; this one stops");
  }
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

// Guests

export interface GuestRecord {
  id: string;
  name: string;
  /** The host that owns the guest at `epoch`, as far as the orchestrator has heard. */
  hostId: string;
  epoch: number;
  /**
   * Lost: its host was fenced, and no host that is known to be able to run it has a whole copy. Saved: it was released into a folder of
   * `hostId`, and runs nowhere.
   */
  state: "running" | "stopped" | "lost" | "saved";
  definitions: Json;
  devices: Json;
  createdAt: Date;
  /** Guests of one label are kept on different hosts by whatever places them. */
  keepApart?: string | undefined;
  /** Its way into a folder or out of one, whole, where it is on such a way. */
  save?: JsonObject | undefined;
}

/** News of who owns a guest. */
export interface Placement {
  guestId: string;
  hostId: string;
  epoch: number;
  state: GuestRecord["state"];
  /** What is known of its devices stays as it is where nothing new is said. */
  devices?: Json | undefined;
}

export interface Guests {
  /** Gives it a label, or takes it away. */
  keepApart(id: string, label: string | undefined, events: NewEvent[]): Promise<void>;
  /** The labels of the guests on each host, by its id. */
  labelsByHost(): Promise<Map<string, string[]>>;
  create(guest: GuestRecord, events: NewEvent[]): Promise<"created" | "name-taken">;
  remove(id: string, events: NewEvent[]): Promise<void>;
  /** Takes the news unless a higher epoch is known already: then nothing changes and `false` is returned. */
  place(placement: Placement): Promise<boolean>;
  /**
   * The guests of a host that are in no migration that has not ended are lost; returns the names of those that were not so before.
   * Each is told as an event, of which the sentence is the guest's name and `says`.
   */
  loseAllOn(hostId: string, event: { type: string; at: Date; says: string }): Promise<string[]>;
  /**
   * Writes the decision with its events. The placement is taken unless a higher epoch is known. False where there is no such guest or, at
   * the beginning of a way, it is not as it was seen or a migration of it has not ended: then nothing changes.
   */
  commitSave(commit: SaveCommit, events: NewEvent[]): Promise<boolean>;
  /** Every guest that is on its way into a folder or out of one, or in one. */
  withSave(): Promise<GuestRecord[]>;
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
  /** The planner may have taken another one. */
  destinationId?: string | undefined;
  state: JsonObject;
  endedAt?: Date | undefined;
  placement?: Placement | undefined;
  /** What the migration has shown. An outcome that is kept for it already stays as it is. */
  outcome?: OutcomeRecord | undefined;
  events: NewEvent[];
}

export interface SampleRecord {
  migrationId: string;
  at: Date;
  body: JsonObject;
}

export interface Migrations {
  /**
   * A guest has at most one migration that has not ended: a second one is `guest-busy`, by a unique index. So is one of a guest that is
   * in a folder, or on its way into one or out of one.
   */
  create(migration: MigrationRecord, events: NewEvent[]): Promise<"created" | "guest-busy">;
  /** `stale` when the version has moved on: the caller is not the owner any more and must stop. Nothing changes then. */
  commit(commit: MigrationCommit): Promise<"committed" | "stale">;
  find(id: string): Promise<MigrationRecord | undefined>;
  list(page: PageRequest, filter?: MigrationFilter): Promise<Page<MigrationRecord>>;
  /** Every migration that has not ended, oldest first. */
  active(): Promise<MigrationRecord[]>;
  /** How many there are by phase: of those that have not ended, and of those that have since then. */
  countByPhase(endedSince: Date): Promise<Map<string, number>>;
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

// Policies

export interface PolicyRecord {
  id: string;
  name: string;
  builtIn: boolean;
  /** Grows by one with each change. */
  version: number;
  settings: JsonObject;
  createdAt: Date;
  updatedAt: Date;
}

/** Names are unique. Events are written only when the change took place. */
export interface Policies {
  /**
   * Makes sure that the built-in policies are there with these settings: makes what is missing, brings what differs up to date.
   * A built-in policy is known by its name, or by its id where no stored policy has the name. A stored policy of the same name
   * that is not built in keeps its name and stays.
   */
  ensureBuiltIn(policies: { id: string; name: string; settings: JsonObject; at: Date }[]): Promise<void>;
  create(policy: PolicyRecord, events: NewEvent[]): Promise<"created" | "name-taken">;
  /**
   * `stale` when the version has moved on, `gone` when there is none. Built-in policies are not to be changed: the caller looks,
   * before an update as before a removal.
   */
  update(
    change: { id: string; version: number; name: string; settings: JsonObject; at: Date },
    events: NewEvent[],
  ): Promise<"updated" | "stale" | "gone" | "name-taken">;
  remove(id: string, version: number, events: NewEvent[]): Promise<"removed" | "stale" | "gone">;
  find(nameOrId: string): Promise<PolicyRecord | undefined>;
  list(page: PageRequest): Promise<Page<PolicyRecord>>;
}

// Outcomes

/** What one completed migration has shown. All that is learnt is derived from these records. */
export interface OutcomeRecord {
  migrationId: string;
  sourceId: string;
  destinationId: string;
  at: Date;
  /** Undefined where nothing was predicted. */
  predictedMs?: number | undefined;
  lowMs?: number | undefined;
  highMs?: number | undefined;
  actualMs: number;
  limitMs: number;
  /** Measured over the run. */
  bandwidthBytesPerSec?: number | undefined;
  /** Of the downtime, what neither moving bytes nor a device's own time explains. */
  handoverMs?: number | undefined;
  devices: OutcomeDevice[];
}

export interface OutcomeDevice {
  name: string;
  kind: string;
  version: string;
  /** What the back end declared as its own time. */
  declaredMs: number;
  /** What it took. */
  actualMs: number;
}

/** How good predictions were, over the outcomes that had one: `count` of them. What rests on nothing is undefined. */
export interface Accuracy {
  count: number;
  /** Errors are |predicted - actual| / actual. */
  errorP50?: number | undefined;
  errorP90?: number | undefined;
  /** The mean of actual minus predicted: above zero where downtimes were longer than predicted. */
  biasMs?: number | undefined;
  /** The share, 0 to 1, of those that were predicted with a band and fell into it. */
  withinBand?: number | undefined;
  /** The share, 0 to 1, of those that kept their limit. */
  withinLimit?: number | undefined;
}

/** Outcomes are written with the commit that ends their migration. */
export interface Outcomes {
  /** Of one pair of hosts, in this direction, newest first. */
  ofPair(sourceId: string, destinationId: string, limit: number): Promise<OutcomeRecord[]>;
  /** Of the devices of one kind and version, newest first. */
  ofBackEnd(
    kind: string,
    version: string,
    limit: number,
  ): Promise<{ declaredMs: number; actualMs: number; at: Date }[]>;
  accuracy(filter?: AccuracyFilter): Promise<Accuracy>;
  /** Removes those older than `before`; returns how many. */
  prune(before: Date): Promise<number>;
}

export interface AccuracyFilter {
  since?: Date | undefined;
  sourceId?: string | undefined;
  destinationId?: string | undefined;
  /** Only migrations that moved a device of this kind. */
  kind?: string | undefined;
}

// Traces

/** A part of a migration's inputs as they were recorded. */
export interface TraceChunk {
  migrationId: string;
  /** From 0, without gaps. */
  sequence: number;
  at: Date;
  /** Whole lines, each ended by a line feed. */
  text: string;
}

export interface Traces {
  /** Many at once, as a single statement; the same chunk sent twice changes nothing. */
  append(chunks: TraceChunk[]): Promise<void>;
  /** In order of sequence, from `from` on, at most `limit`. */
  read(migrationId: string, options: { from: number; limit: number }): Promise<TraceChunk[]>;
  /** The number that the next chunk has: 0 where there is none. */
  next(migrationId: string): Promise<number>;
  /** Removes, each as a whole, the traces of which no chunk is as new as `before`; returns how many chunks. */
  prune(before: Date): Promise<number>;
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
