import { isDeepStrictEqual } from "node:util";
import type { DeviceStatus } from "@godwit/contract";
import {
  deadlineOf,
  isEnded,
  type Migration,
  type MigrationEvent,
  type Notice,
  type Role,
  type Send,
  step,
} from "@godwit/core";
import {
  type JsonObject,
  LeaseLostError,
  type MigrationCommit,
  type MigrationRecord,
  type NewEvent,
  type Placement,
  type Store,
} from "@godwit/store";
import type { Logger } from "pino";
import { after, type Clock, dateOf, waited } from "../clock.ts";
import { outcomeRecordOf } from "./outcome.ts";

/** Waiting events beyond this are reports that are outdated already: the oldest report gives way. */
const queueLimit = 1_000;
const firstRetryMs = 200;
const lastRetryMs = 5_000;

export interface RunParts {
  store: Store;
  clock: Clock;
  log: Logger;
  send: (state: Migration, effect: Send) => Promise<void>;
  /** After every decision that was stored. */
  decided: (before: Migration, after: Migration, notices: readonly Notice[]) => void;
  /** After every step that changed what people see; `committed` when it was stored. */
  changed: (run: Run, committed: boolean) => void;
  /** It has ended, and no host has anything left of it that must be cleared away. */
  settled: (run: Run) => void;
  /** Another process has taken the migration over: this one stops. */
  superseded: (run: Run) => void;
}

/**
 * One migration under way: takes events one by one, asks the core, stores the decision, then performs it. Nothing is sent before
 * the decision that allows it is committed.
 */
export class Run {
  readonly id: string;
  readonly #parts: RunParts;
  #state: Migration;
  #version: number;
  #queue: MigrationEvent[] = [];
  #draining: Promise<void> | undefined;
  #disarm: () => void = () => undefined;
  #stopped = new AbortController();
  /** What the destination said of its devices when it had started them. */
  statuses: DeviceStatus[] = [];

  constructor(parts: RunParts, state: Migration, version: number) {
    this.id = state.facts.id;
    this.#parts = parts;
    this.#state = state;
    this.#version = version;
    this.#arm();
  }

  get state(): Migration {
    return this.#state;
  }

  hostOf(role: Role): string {
    return this.#state.facts[role].id;
  }

  post(event: MigrationEvent): void {
    if (this.#stopped.signal.aborted) return;
    if (this.#queue.length >= queueLimit) this.#dropOldestReport();
    this.#queue.push(event);
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined));
  }

  /** Resolves when everything posted so far has been dealt with. */
  async settled(): Promise<void> {
    await this.#draining;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#disarm();
    await this.#draining;
  }

  async #drain(): Promise<void> {
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      if (this.#stopped.signal.aborted) return;
      await this.#take(event);
    }
    this.#arm();
  }

  async #take(event: MigrationEvent): Promise<void> {
    const now = this.#parts.clock.now();
    const { state, effects, notices } = step(this.#state, event, now);
    const decided = effects.length > 0 || notices.length > 0;
    if (decided && (await this.#commit(state, notices, now)) === "stale") {
      this.#parts.superseded(this);
      return;
    }
    const before = this.#state;
    this.#state = state;
    if (decided) this.#parts.decided(before, state, notices);
    for (const effect of effects) await this.#perform(state, effect);
    if (decided || event.type === "report") this.#parts.changed(this, decided);
    if (isEnded(state) && state.owes.length === 0) this.#parts.settled(this);
  }

  /** A command that cannot be sent is like one that is lost: it is repeated until it is answered. */
  async #perform(state: Migration, effect: Send): Promise<void> {
    try {
      await this.#parts.send(state, effect);
    } catch (error) {
      this.#parts.log.error(error, `the command "${effect.command.type}" could not be sent`);
    }
  }

  /** A database that is away is waited for: no decision is taken on the quiet, and none is lost. */
  async #commit(state: Migration, notices: Notice[], now: number): Promise<"committed" | "stale"> {
    const commit: MigrationCommit = {
      id: this.id,
      version: this.#version,
      phase: state.phase,
      destinationId: state.facts.destination.id,
      state: plain(state),
      endedAt: isEnded(state) ? dateOf(state.endedAt) : undefined,
      placement: this.#placementAfter(state),
      // Measured late (the word that it runs can overtake that it was released), an outcome comes with the step that measures it.
      outcome: hasOutcome(this.#state) ? undefined : outcomeRecordOf(state),
      events: notices.map((notice) => eventOf(state, notice, dateOf(now))),
    };
    const outcome = await this.#store(commit);
    if (outcome === "stale") return outcome;
    this.#version += 1;
    for (const { type, sentence } of notices) this.#parts.log.info({ migration: this.id, type }, sentence);
    return outcome;
  }

  async #store(commit: MigrationCommit): Promise<"committed" | "stale"> {
    const { migrations } = this.#parts.store;
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(lastRetryMs, retryMs * 2)) {
      try {
        const outcome = await migrations.commit(commit);
        // A try whose answer was lost may have been carried out all the same: then the version has moved on by our own hand.
        const ours = outcome === "stale" && retryMs > firstRetryMs && isOurs(await migrations.find(this.id), commit);
        return ours ? "committed" : outcome;
      } catch (error) {
        if (this.#stopped.signal.aborted || error instanceof LeaseLostError) return "stale";
        this.#parts.log.error(error, "a decision could not be stored; it is tried again");
        await waited(this.#parts.clock, retryMs, this.#stopped.signal);
      }
    }
  }

  /** Who owns the guest is news in the moment in which the migration ends. */
  #placementAfter(state: Migration): Placement | undefined {
    if (!isEnded(state) || isEnded(this.#state)) return undefined;
    const { owner, facts } = state;
    if (state.phase === "lost")
      return { guestId: facts.guest.id, hostId: facts[owner.role].id, epoch: owner.epoch, state: "lost" };
    if (owner.role === "source" && owner.epoch === facts.epoch) return undefined;
    return {
      guestId: facts.guest.id,
      hostId: facts[owner.role].id,
      epoch: owner.epoch,
      state: "running",
      devices: owner.role === "destination" && this.statuses.length > 0 ? plain(this.statuses) : undefined,
    };
  }

  #dropOldestReport(): void {
    const oldest = this.#queue.findIndex((event) => event.type === "report");
    if (oldest >= 0) this.#queue.splice(oldest, 1);
  }

  #arm(): void {
    this.#disarm();
    const deadline = deadlineOf(this.#state);
    if (deadline === undefined || this.#stopped.signal.aborted) return;
    // The longest a timer can wait; it is armed again then.
    const waitMs = Math.min(Math.max(0, deadline - this.#parts.clock.now()), 2 ** 31 - 1);
    this.#disarm = after(this.#parts.clock, waitMs, () => this.post({ type: "tick" }));
  }
}

function hasOutcome(state: Migration): boolean {
  return outcomeRecordOf(state) !== undefined;
}

function isOurs(stored: MigrationRecord | undefined, commit: MigrationCommit): boolean {
  return stored?.version === commit.version + 1 && isDeepStrictEqual(stored.state, commit.state);
}

/** States and statuses are plain data by rule; serialising drops what is undefined. */
function plain(value: Migration): JsonObject;
function plain(value: DeviceStatus[]): JsonObject[];
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function eventOf({ facts }: Migration, notice: Notice, at: Date): NewEvent {
  return {
    type: notice.type,
    at,
    migrationId: facts.id,
    guestId: facts.guest.id,
    sentence: notice.sentence,
    data: { ...notice.data, guest: facts.guest.name, source: facts.source.name, destination: facts.destination.name },
  };
}
