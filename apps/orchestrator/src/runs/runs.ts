import { type AgentHello, type AttemptStatus, DeviceDefinition } from "@godwit/contract";
import {
  isEnded,
  leftover,
  type Migration,
  mayRun,
  migrationStateVersion,
  regrantBeyond,
  type Role,
  rejectionOfWord,
  resume,
  type Send,
  upgraded,
} from "@godwit/core";
import type { Fence, MigrationRecord, Store } from "@godwit/store";
import type { Logger } from "pino";
import { z } from "zod";
import type { AgentConnection } from "../agents/connection.ts";
import type { ConnectedAgents } from "../agents/connected.ts";
import type { Bus } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { Metrics } from "../metrics.ts";
import { factsOf } from "../host-facts.ts";
import { allHosts } from "../pages.ts";
import { messageOf } from "./commands.ts";
import { eventOf, type News } from "./news.ts";
import type { Recorder } from "./recorder.ts";
import { Refusals } from "./refusals.ts";
import { Run } from "./run.ts";

export interface RunsParts {
  store: Store;
  agents: ConnectedAgents;
  bus: Bus;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  recorder: Recorder;
}

/** All migrations under way in this process, and those that have ended and still owe a host something. */
export class Runs {
  readonly #parts: RunsParts;
  readonly #runs = new Map<string, Run>();
  readonly refusals: Refusals;

  constructor(parts: RunsParts) {
    this.#parts = parts;
    this.refusals = new Refusals(parts);
  }

  /**
   * Takes up every migration that the store says has not ended: they are adopted, never aborted. Which hosts are fenced is said to them
   * again, since a fence is stored before they hear of it.
   */
  async adoptAll(): Promise<void> {
    for (const record of await this.#parts.store.migrations.active()) {
      if (this.#runs.has(record.id)) continue;
      this.#begin(resume(stateOf(record), this.#parts.clock.now()), record.version);
    }
    for (const { id, fenced } of await allHosts(this.#parts.store)) {
      if (fenced !== undefined) this.#tellFenced(id, fenced);
    }
  }

  /** Tells the migrations of a host that it is proven dead. Resolves with them when they have taken it in. */
  async fence(hostId: string, fence: Omit<Fence, "at">): Promise<Run[]> {
    const told = this.#tellFenced(hostId, fence);
    await Promise.all(told.map((run) => run.settled()));
    return told;
  }

  begin(state: Migration): void {
    this.#begin(state, 0);
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  all(): Run[] {
    return [...this.#runs.values()];
  }

  /** H8: no handover that is under way speaks against a host's running the guest that it owns. */
  mayRun(hostId: string, guestId: string): boolean {
    return this.all().every(({ state }) => {
      const { facts } = state;
      if (facts.guest.id !== guestId) return true;
      const role = roles.find((each) => facts[each].id === hostId);
      return role === undefined || mayRun(state, role);
    });
  }

  /** An agent's word counts only for the part that its host has in the migration, and at its epoch (H9). */
  hear(hostId: string, message: News): void {
    const run = this.#runs.get(message.migrationId);
    if (run === undefined) return;
    const { event, role } = eventOf(message);
    const rejection = rejectionOfWord({ ...message, role, hostId }, run.state.facts);
    if (rejection !== undefined) {
      // An agent that remembers nothing of a migration says of either part that it has none: the other host's is left as it is.
      if (message.type !== "aborted") this.refusals.word(hostId, { ...message, said: message.type, ...rejection });
      return;
    }
    if (message.type === "running") run.statuses = message.statuses;
    if (message.type === "report") this.#parts.recorder.note(run.state, message);
    run.post(event);
  }

  /**
   * Tells every migration of the host where its agent stands; parts of ended migrations are cleared away. Returns the parts that are of no
   * migration.
   */
  async greet(connection: AgentConnection): Promise<AttemptStatus[]> {
    const { hostId, hello } = connection;
    for (const run of this.#runs.values()) {
      for (const role of roles) {
        if (run.hostOf(role) === hostId)
          run.post({
            type: "connected",
            role,
            attempt: standingOf(hello, run.state, role),
            lost: lossIn(hello, run.state),
          });
      }
    }
    const strangers: AttemptStatus[] = [];
    for (const attempt of hello.attempts) {
      if (this.#runs.has(attempt.migrationId)) continue;
      const record = await this.#parts.store.migrations.find(attempt.migrationId);
      if (record === undefined) strangers.push(attempt);
      else this.#clearAway(connection, attempt, stateOf(record));
    }
    return strangers;
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((run) => run.stop()));
  }

  /** One that has ended need not ask the host any more to clear away what it has kept. Returns those that have not. */
  #tellFenced(hostId: string, { by, reason, acceptOlderCopy }: Omit<Fence, "at">): Run[] {
    const underWay: Run[] = [];
    for (const run of this.all()) {
      const role = roles.find((each) => run.hostOf(each) === hostId);
      if (role === undefined) continue;
      if (!isEnded(run.state)) underWay.push(run);
      run.post({ type: "fenced", role, by, reason, acceptOlderCopy });
    }
    return underWay;
  }

  #begin(state: Migration, version: number): void {
    const { store, clock, log, bus, metrics, recorder } = this.#parts;
    const run = new Run(
      {
        store,
        clock,
        log,
        decided: (before, after, notices) => {
          metrics.stepped(before, after, notices);
          if (before.phase === "precopy" && after.phase === "switchover") recorder.leave(after);
          if (isEnded(after) && !isEnded(before)) {
            recorder.end(after.facts.id);
            bus.tell("ended", after);
          }
          // Ends and switchovers change what the others on the same links may have.
          if (after.phase !== before.phase) bus.tell("schedule");
        },
        send: (current, effect) => this.#send(current, effect),
        changed: (changed, committed) => {
          bus.tell("migration", changed.id);
          if (committed) bus.tell("events");
        },
        settled: (run) => {
          this.#runs.delete(run.id);
          // Its own step is still under way: it stops once that is through.
          void run.stop();
        },
        superseded: (lost) => {
          log.error({ migration: lost.id }, "another process has decided on this migration; this one lets go of it");
          this.#runs.delete(lost.id);
          void lost.stop();
        },
      },
      state,
      version,
    );
    this.#runs.set(run.id, run);
  }

  async #send(state: Migration, { to, command }: Send): Promise<void> {
    const { facts } = state;
    const message = await messageOf(state, command, async () => {
      const guest = await this.#parts.store.guests.find(facts.guest.id);
      const source = await this.#parts.store.hosts.find(facts.source.id);
      if (guest === undefined || source === undefined)
        throw new Error(`The guest or the source of migration ${facts.id} is not known`);
      return {
        definitions: z.array(DeviceDefinition).parse(guest.definitions),
        sourceEndpoint: factsOf(source).peerEndpoint,
      };
    });
    this.#parts.agents.send(facts[to].id, message);
  }

  #clearAway(connection: AgentConnection, { migrationId, role, guestId }: AttemptStatus, state: Migration): void {
    if (!isEnded(state)) {
      this.#parts.log.error(
        { migration: migrationId, host: connection.hostId },
        "an agent has a part in a migration that is not known here; it is left alone",
      );
      return;
    }
    const command = leftover(state, role);
    if (command === undefined) return;
    connection.send(
      command.type === "abort" ? { ...command, migrationId, guestId } : { ...command, migrationId, guestId },
    );
  }
}

const roles = ["source", "destination"] as const satisfies Role[];

/** The stored state, whole; one of another version is not guessed at. */
export function stateOf(record: MigrationRecord): Migration {
  const { version } = Versioned.parse(record.state);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  if (version === 1) return upgraded(record.state as unknown as Parameters<typeof upgraded>[0]);
  if (version !== migrationStateVersion) {
    throw new Error(
      `Migration ${record.id} was stored in version ${version}; this program reads version ${migrationStateVersion}`,
    );
  }
  // What this program stored it may trust; its version says so.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return record.state as unknown as Migration;
}

const Versioned = z.object({ version: z.number() });

/** A destination that runs the guest has done its part and speaks of no attempt any more; that it has forgotten it does not follow. */
function standingOf(
  { attempts, guests }: AgentHello,
  { facts }: Migration,
  role: Role,
): AttemptStatus["at"] | undefined {
  const attempt = attempts.find((each) => each.migrationId === facts.id && each.role === role);
  const granted = facts.epoch + 1;
  const runs = guests.some(
    ({ guestId, epoch }) => guestId === facts.guest.id && (epoch === granted || epoch === granted + regrantBeyond),
  );
  return attempt?.at ?? (role === "destination" && runs ? "running" : undefined);
}

/** Why the guest, which the host owns, can run there no more. */
function lossIn({ guests }: AgentHello, { facts }: Migration): string | undefined {
  return guests.find(({ guestId }) => guestId === facts.guest.id)?.lost;
}
