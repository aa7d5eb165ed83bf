import type { CreateDrain, LimitsInput } from "@godwit/contract";
import {
  begun,
  destinationsOf,
  type Drain,
  type DrainEvent,
  type DrainFacts,
  type DrainPicture,
  lookAtDrain,
  type MsRange,
  phaseOfDrain,
  stepDrain,
  timeLeft,
} from "@godwit/core";
import type { DrainRecord, NewEvent } from "@godwit/store";
import type { Logger } from "pino";
import { v7 as uuidv7 } from "uuid";
import { dateOf } from "../clock.ts";
import { limitsBy } from "../policies.ts";
import { ProblemError } from "../problem.ts";
import type { MigrationParts } from "../runs/under-way.ts";
import { findHost } from "../survey.ts";
import { Draining, type DrainingParts } from "./draining.ts";
import { Absences, takePicture } from "./picture.ts";
import { type StoredDrain, storedIn, toStored } from "./stored.ts";
import { Surveys } from "./surveys.ts";

export interface DrainsParts extends MigrationParts {
  log: Logger;
}

/** A drain as it is, with what is left of it where it is under way. */
export type KnownDrain = StoredDrain & { left: MsRange | undefined };

/** Every guest on a host is looked at against every host, at the most; so many rounds would do for more of them than there are. */
const roundsAtMost = 1_000;

/** All drains under way in this process. */
export class Drains implements AsyncDisposable {
  readonly #parts: DrainsParts;
  readonly #absences = new Absences();
  readonly #underWay = new Map<string, Draining>();
  #off: () => void = () => undefined;

  constructor(parts: DrainsParts) {
    this.#parts = parts;
  }

  /** Takes up every drain that the store says has not ended; whatever may help any of them wakes them all. */
  async start(): Promise<void> {
    for (const record of await this.#parts.store.drains.active()) {
      if (!this.#underWay.has(record.id)) this.#takeUp(storedIn(record), record.version);
    }
    this.#off = this.#parts.bus.on("schedule", () => {
      for (const draining of this.#underWay.values()) draining.wake();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#off();
    await Promise.all([...this.#underWay.values()].map((draining) => draining.stop()));
  }

  /** @throws {ProblemError} for what cannot be meant. Nothing is changed. */
  async plan(host: string, wanted: CreateDrain, by: string): Promise<KnownDrain> {
    const stored = await this.#wanted(host, wanted, by);
    const surveys = new Surveys(this.#parts);
    let drain: Drain = { ...stored.drain, paused: true };
    for (let round = 0; round < roundsAtMost; round += 1) {
      const picture = await this.#picture(drain, surveys, stored);
      const now = this.#parts.clock.now();
      const step = lookAtDrain(drain, picture, now, uuidv7);
      drain = step.drain;
      const asked = step.effects.filter((effect) => effect.type === "survey");
      if (asked.length === 0 || drain.looked) {
        return { ...stored, drain: { ...drain, paused: false }, left: timeLeft(drain, picture, now) };
      }
      await surveys.look(asked, stored.limits);
    }
    throw new Error(`The plan of a drain of ${host} came to no end`);
  }

  /** @throws {ProblemError} for what cannot be meant, and where the host is being drained. */
  async create(host: string, wanted: CreateDrain, by: string): Promise<KnownDrain> {
    const { store, bus } = this.#parts;
    const stored = await this.#wanted(host, wanted, by);
    const { facts } = stored.drain;
    const record = recordOf(stored);
    const event: NewEvent = {
      type: "drain.created",
      at: record.createdAt,
      hostId: facts.host.id,
      sentence: `${by} drains ${facts.host.name}.`,
      data: { drainId: facts.id, host: facts.host.name, by, policy: stored.policy },
    };
    if ((await store.drains.create(record, [event])) === "under-way") throw underWay(facts.host.name);
    bus.tell("events");
    return this.#takeUp(stored, record.version).now;
  }

  /** @throws {ProblemError} where there is no such drain, or it does not take that. */
  async tell(id: string, event: DrainEvent): Promise<KnownDrain> {
    const draining = this.#underWay.get(id);
    if (draining === undefined) return await this.#begunAgain(id, event);
    const rejection = await draining.post(event);
    if (rejection === "over") return await this.#begunAgain(id, event);
    if (rejection !== undefined) throw new ProblemError(rejection.code, rejection.detail);
    return draining.now;
  }

  /** @throws {ProblemError} where there is no such drain. */
  async find(id: string): Promise<KnownDrain> {
    const draining = this.#underWay.get(id);
    if (draining !== undefined) return draining.now;
    const record = await this.#parts.store.drains.find(id);
    if (record === undefined) throw new ProblemError("unknown-drain", `There is no drain ${id}.`);
    return { ...storedIn(record), left: undefined };
  }

  /** A drain of a page as it is now. */
  known(record: DrainRecord): KnownDrain {
    return this.#underWay.get(record.id)?.now ?? { ...storedIn(record), left: undefined };
  }

  /** What ends a drain and begins it anew: its guests come back. */
  async #begunAgain(id: string, event: DrainEvent): Promise<KnownDrain> {
    const { store, bus, clock } = this.#parts;
    const record = await store.drains.find(id);
    if (record === undefined) throw new ProblemError("unknown-drain", `There is no drain ${id}.`);
    const stored = storedIn(record);
    const step = stepDrain(stored.drain, event, clock.now());
    if ("code" in step) throw new ProblemError(step.code, step.detail);
    const next = { ...stored, drain: step.drain };
    const at = dateOf(clock.now());
    const { host } = stored.drain.facts;
    const events = step.notices.map(({ type, sentence, data }): NewEvent => ({
      type,
      at,
      hostId: host.id,
      sentence,
      data: { ...data, drainId: id, host: host.name },
    }));
    const { version } = record;
    const commit = { id, version, phase: phaseOfDrain(next.drain), state: toStored(next), events };
    const outcome = await store.drains.commit(commit);
    if (outcome === "under-way") throw underWay(host.name);
    if (outcome === "stale") return await this.tell(id, event);
    bus.tell("events");
    return this.#takeUp(next, version + 1).now;
  }

  #takeUp(stored: StoredDrain, version: number): Draining {
    const parts: DrainingParts = {
      ...this.#parts,
      absences: this.#absences,
      over: (ended) => {
        // By then it may have been begun anew.
        if (this.#underWay.get(ended.id) === ended) this.#underWay.delete(ended.id);
        this.#parts.bus.tell("drain", ended.id);
      },
    };
    const draining = new Draining(parts, stored, version);
    this.#underWay.set(draining.id, draining);
    draining.wake();
    return draining;
  }

  async #wanted(nameOrId: string, wanted: CreateDrain, by: string): Promise<StoredDrain> {
    const { store, agents, clock } = this.#parts;
    const host = await findHost(store, nameOrId);
    const now = clock.now();
    const { policy, limits } = await limitsBy(store, wanted.policy, wanted.limits);
    const facts: DrainFacts = {
      id: uuidv7(),
      host: { id: host.id, name: host.name },
      by,
      createdAt: now,
      order: wanted.order,
      placement: wanted.placement,
      destinations: wanted.destinations && (await this.#destinations(host.id, wanted.destinations)),
      deadlineAt: wanted.deadline === undefined ? undefined : Date.parse(wanted.deadline),
    };
    expectAhead(facts.deadlineAt, now);
    const active = await store.drains.active();
    if (active.some(({ hostId }) => hostId === host.id)) throw underWay(host.name);
    if (!agents.has(host.id))
      throw new ProblemError(
        "host-offline",
        `The agent of ${host.name} is not connected, so that no guest can leave it.`,
      );
    const drain = begun(facts);
    await this.#expectDestination(drain);
    return { drain, policy, wanted: plainLimits(wanted.limits), limits };
  }

  async #destinations(hostId: string, names: string[]): Promise<DrainFacts["destinations"]> {
    const found = await Promise.all(names.map((name) => findHost(this.#parts.store, name)));
    const itself = found.find(({ id }) => id === hostId);
    if (itself !== undefined)
      throw new ProblemError(
        "same-host",
        `${itself.name} is the host that is to be emptied, and no destination of it.`,
      );
    return found.map(({ id, name }) => ({ id, name }));
  }

  async #expectDestination(drain: Drain): Promise<void> {
    const parts = { ...this.#parts, absences: this.#absences };
    const { hosts, guests } = await takePicture(parts, drain, this.#parts.clock.now());
    if (guests.length === 0 || destinationsOf(drain, hosts).some(({ connected }) => connected)) return;
    const allowed = drain.facts.destinations === undefined ? "other host" : "host that is allowed";
    throw new ProblemError(
      "no-destination",
      `No ${allowed} is connected, uncordoned and not paused. Connect, uncordon or resume one.`,
    );
  }

  async #picture(drain: Drain, surveys: Surveys, { limits }: StoredDrain): Promise<DrainPicture> {
    const parts = { ...this.#parts, absences: this.#absences };
    const picture = await takePicture(parts, drain, this.#parts.clock.now());
    const sources = new Map(picture.guests.map(({ id, hostId }) => [id, hostId]));
    const made = await surveys.all(sources, limits);
    return { ...picture, surveys: made, downtimeLimitMs: limits.downtimeLimitMs };
  }
}

function recordOf(stored: StoredDrain): DrainRecord {
  const { facts } = stored.drain;
  return {
    id: facts.id,
    hostId: facts.host.id,
    phase: phaseOfDrain(stored.drain),
    version: 0,
    state: toStored(stored),
    createdAt: dateOf(facts.createdAt),
  };
}

function expectAhead(deadlineAt: number | undefined, now: number): void {
  if (deadlineAt === undefined || deadlineAt > now) return;
  throw new ProblemError("deadline-passed", "/deadline: it has passed already; name a later one.", {
    errors: [{ pointer: "/deadline", detail: "it has passed already" }],
  });
}

function underWay(name: string): ProblemError {
  return new ProblemError(
    "drain-under-way",
    `${name} is being drained already. Wait until that has ended, or abort it.`,
  );
}

function plainLimits(limits: LimitsInput): LimitsInput {
  return JSON.parse(JSON.stringify(limits));
}
