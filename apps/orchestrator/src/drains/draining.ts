import { isDeepStrictEqual } from "node:util";
import {
  type Drain,
  type DrainEffect,
  type DrainEvent,
  type DrainNotice,
  type DrainPicture,
  type DrainRejection,
  type DrainStep,
  lookAtDrain,
  type MsRange,
  phaseOfDrain,
  stepDrain,
  timeLeft,
} from "@godwit/core";
import { type DrainCommit, LeaseLostError, type NewEvent } from "@godwit/store";
import { v7 as uuidv7 } from "uuid";
import { after, dateOf, waited } from "../clock.ts";
import { cordon, uncordon } from "../hosts/settings.ts";
import { limitsBy } from "../policies.ts";
import { ProblemError } from "../problem.ts";
import { begin, type MigrationParts } from "../runs/under-way.ts";
import { findHost } from "../survey.ts";
import { type PictureParts, takePicture } from "./picture.ts";
import { type StoredDrain, toStored } from "./stored.ts";
import { Surveys } from "./surveys.ts";
import type { Logger } from "pino";

/** Guests appear, and times come, without anybody's saying so. */
const lookEveryMs = 2_000;
const retryMs = 1_000;

export interface DrainingParts extends MigrationParts, PictureParts {
  log: Logger;
  /** It has ended, or another process has it now. */
  over: (draining: Draining) => void;
}

type Begin = DrainEffect & { type: "begin" };

/**
 * One drain under way. Whatever wakes it, it takes a whole picture, asks the core, stores what was decided and only then carries it out.
 * What was stored and not carried out is decided again at the next look.
 */
export class Draining {
  readonly id: string;
  readonly #parts: DrainingParts;
  readonly #surveys: Surveys;
  readonly #stopped = new AbortController();
  /** What is being carried out beside the looks, by what it is. */
  readonly #doing = new Map<string, Promise<void>>();
  #stored: StoredDrain;
  #version: number;
  #left: MsRange | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isWoken = false;
  #isOver = false;
  #disarm: () => void = () => undefined;

  constructor(parts: DrainingParts, stored: StoredDrain, version: number) {
    this.id = stored.drain.facts.id;
    this.#parts = parts;
    this.#surveys = new Surveys(parts);
    this.#stored = stored;
    this.#version = version;
  }

  /** As it is now, with what is left of it in ms. */
  get now(): StoredDrain & { left: MsRange | undefined } {
    return { ...this.#stored, left: this.#left };
  }

  /** Takes it in before the next look, which follows at once. "over": it has ended by then, or another process has it. */
  async post(event: DrainEvent): Promise<DrainRejection | "over" | undefined> {
    return await this.#inTurn(async () => {
      if (this.#isOver) return "over";
      const step = stepDrain(this.#stored.drain, event, this.#parts.clock.now());
      if ("code" in step) return step;
      if (!(await this.#take(step, true))) return "over";
      this.wake();
      return undefined;
    });
  }

  wake(): void {
    if (this.#isWoken || this.#stopped.signal.aborted) return;
    this.#isWoken = true;
    this.#disarm();
    void this.#inTurn(async () => {
      this.#isWoken = false;
      await this.#look();
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#disarm();
    await this.#turn;
    await Promise.all(this.#doing.values());
  }

  async #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  async #look(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    try {
      await this.#refreshLimits();
      const picture = await this.#picture();
      const now = this.#parts.clock.now();
      const step = lookAtDrain(this.#stored.drain, picture, now, uuidv7);
      this.#left = timeLeft(step.drain, picture, now);
      await this.#take(step, false);
    } catch (error) {
      this.#parts.log.error(error, `the drain ${this.id} could not look; it tries again`);
    }
    if (this.#stored.drain.end !== undefined) return this.#letGo();
    if (!this.#stopped.signal.aborted) this.#disarm = after(this.#parts.clock, lookEveryMs, () => this.wake());
  }

  /** A change of the policy is one of the things that may help. */
  async #refreshLimits(): Promise<void> {
    const { policy, wanted, limits } = this.#stored;
    const fresh = await limitsBy(this.#parts.store, policy, wanted).catch((error: unknown) => {
      // The policy is gone: its last word stands.
      if (error instanceof ProblemError) return { limits };
      throw error;
    });
    this.#stored = { ...this.#stored, limits: fresh.limits };
  }

  async #picture(): Promise<DrainPicture> {
    const { drain, limits } = this.#stored;
    const picture = await takePicture(this.#parts, drain, this.#parts.clock.now());
    const sources = new Map(picture.guests.map(({ id, hostId }) => [id, hostId]));
    const surveys = await this.#surveys.all(sources, limits);
    return { ...picture, surveys, downtimeLimitMs: limits.downtimeLimitMs };
  }

  /** Stores it where anything was decided or said, then carries it out. False: another process has decided. */
  async #take({ drain, effects, notices }: DrainStep, isAsked: boolean): Promise<boolean> {
    const before = this.#stored;
    const isDecision = isAsked || notices.length > 0 || effects.some(({ type }) => type !== "survey");
    const next = { ...before, drain };
    if (isDecision && !(await this.#commit(next, notices))) {
      this.#superseded();
      return false;
    }
    this.#stored = next;
    if (!isDeepStrictEqual(before.drain, drain)) this.#parts.bus.tell("drain", this.id);
    if (notices.length > 0) this.#parts.bus.tell("events");
    await this.#perform(effects);
    return true;
  }

  async #commit(next: StoredDrain, notices: DrainNotice[]): Promise<boolean> {
    const { store, clock, log } = this.#parts;
    const { end, facts } = next.drain;
    const at = dateOf(clock.now());
    const commit: DrainCommit = {
      id: this.id,
      version: this.#version,
      phase: phaseOfDrain(next.drain),
      state: toStored(next),
      endedAt: end === undefined ? undefined : dateOf(end.at),
      events: notices.map((notice) => eventOf(notice, facts, at)),
    };
    for (let isRetry = false; ; isRetry = true) {
      try {
        const outcome = await store.drains.commit(commit);
        // One whose answer was lost may have been carried out all the same.
        const ours = outcome === "stale" && isRetry && (await this.#isStored(commit));
        if (outcome !== "committed" && !ours) return false;
        this.#version += 1;
        for (const { type, sentence } of notices) log.info({ drain: this.id, type }, sentence);
        return true;
      } catch (error) {
        if (this.#stopped.signal.aborted || error instanceof LeaseLostError) return false;
        log.error(error, "a decision on a drain could not be stored; it is tried again");
        await waited(clock, retryMs, this.#stopped.signal);
      }
    }
  }

  async #isStored({ id, version, state }: DrainCommit): Promise<boolean> {
    const found = await this.#parts.store.drains.find(id);
    return found?.version === version + 1 && isDeepStrictEqual(found.state, state);
  }

  #superseded(): void {
    this.#parts.log.error({ drain: this.id }, "another process has decided on this drain; this one lets go of it");
    this.#letGo();
  }

  #letGo(): void {
    this.#isOver = true;
    this.#stopped.abort();
    this.#disarm();
    this.#parts.over(this);
  }

  async #perform(effects: readonly DrainEffect[]): Promise<void> {
    const surveys = effects.filter((effect) => effect.type === "survey");
    const { limits, drain } = this.#stored;
    if (surveys.length > 0) this.#beside("surveys", async () => await this.#surveys.look(surveys, limits));
    for (const effect of effects) {
      if (effect.type === "begin") this.#beside(effect.migrationId, async () => await this.#begin(effect));
      if (effect.type === "cancel") this.#parts.runs.get(effect.migrationId)?.post({ type: "cancel" });
      if (effect.type === "cordon" || effect.type === "uncordon") await this.#setCordon(effect.type, drain);
    }
  }

  /** At most once at a time, and a look once it is done. What has failed is decided anew at the next look, not at once. */
  #beside(what: string, task: () => Promise<void>): void {
    if (this.#doing.has(what) || this.#stopped.signal.aborted) return;
    const done = task().then(
      () => this.#done(what),
      (error: unknown) => {
        this.#doing.delete(what);
        this.#parts.log.error(error, `the drain ${this.id} could not go on; it tries again`);
      },
    );
    this.#doing.set(what, done);
  }

  #done(what: string): void {
    this.#doing.delete(what);
    this.wake();
  }

  /** What speaks against it is taken in as its failure; anything else is tried again at the next look. */
  async #begin({ migrationId, guestId, destinationId, deadlineAt }: Begin): Promise<void> {
    const { store, runs } = this.#parts;
    if (runs.get(migrationId) !== undefined || (await store.migrations.find(migrationId)) !== undefined) return;
    const { drain, policy, limits } = this.#stored;
    const by = `the drain of ${drain.facts.host.name}`;
    try {
      await begin(this.#parts, {
        id: migrationId,
        returns: drain.leg === "back",
        guest: guestId,
        destination: destinationId,
        planned: { policy, limits },
        limits: {},
        schedule: { priority: "drain", drainId: drain.facts.id },
        times: { notBefore: undefined, deadlineAt, windows: [] },
        by,
      });
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      await this.post({ type: "refused", migrationId, code: error.code, sentence: error.message });
    }
  }

  async #setCordon(what: "cordon" | "uncordon", { facts }: Drain): Promise<void> {
    const host = await findHost(this.#parts.store, facts.host.id);
    const by = { by: facts.by, reason: `It is drained.`, drainId: facts.id };
    if (what === "cordon") await cordon(this.#parts, host, by);
    // A cordon that somebody else has set is left to them.
    else if (host.cordoned?.drainId === facts.id) await uncordon(this.#parts, host, { ...by, reason: undefined });
  }
}

function eventOf(
  { type, guestId, migrationId, sentence, data }: DrainNotice,
  facts: Drain["facts"],
  at: Date,
): NewEvent {
  const told = { ...data, drainId: facts.id, host: facts.host.name };
  return { type, at, guestId, migrationId, hostId: facts.host.id, sentence, data: told };
}
