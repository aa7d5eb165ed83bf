import { type DrainEffect, type DrainEvent, type DrainNotice } from "../events.ts";
import { look } from "../look.ts";
import type { DrainedGuest, DrainHost, DrainMigration, DrainPicture, DrainSurvey } from "../picture.ts";
import { begun, type Drain, type DrainFacts, phaseOf } from "../state.ts";
import { type DrainRejection, stepDrain } from "../step.ts";

/** Hosts, guests and migrations that do what a drain asks of them, and time that passes when it is told to. */
export class DrainWorld {
  now = 1_000_000;
  drain: Drain;
  hosts: DrainHost[];
  guests: DrainedGuest[];
  migrations: DrainMigration[] = [];
  surveys: DrainSurvey[] = [];
  downtimeLimitMs = 300;
  notices: DrainNotice[] = [];
  /** What a look at a guest's way to a host finds; by default that it takes a second. */
  find: (guestId: string, destinationId: string) => DrainSurvey["found"] = (guestId) => ({
    sizeBytes: this.guest(guestId).sizeBytes,
    durationMs: { lowMs: 1_000, highMs: 2_000 },
    downtimeMs: { lowMs: 20, highMs: 40 },
    probability: 1,
  });
  /** How a migration ends, by its guest. */
  fails: (guestId: string, destinationId: string) => string | undefined = () => undefined;
  /** What is under way has got so far that a cancel comes too late. */
  refusesCancels = false;
  /** The process ends before it carries out the next effect of this kind. */
  crashesAt: DrainEffect["type"] | undefined;
  /** Facts of every survey. */
  facts = "";
  begun: { guestId: string; destinationId: string }[] = [];
  #ids = 0;

  constructor(hosts: DrainHost[], guests: DrainedGuest[], facts: Partial<DrainFacts> = {}) {
    this.hosts = hosts;
    this.guests = guests;
    const host = { id: "a", name: "alpha" };
    this.drain = begun({
      id: "the drain",
      host,
      by: "ann",
      createdAt: this.now,
      order: "busiestFirst",
      placement: "spread",
      ...facts,
    });
  }

  get phase(): string {
    return phaseOf(this.drain);
  }

  guest(id: string): DrainedGuest {
    const found = this.guests.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no guest ${id}`);
    return found;
  }

  host(id: string): DrainHost {
    const found = this.hosts.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no host ${id}`);
    return found;
  }

  /** "web queued, db moved": in the order of the drain. */
  get standings(): string {
    return this.drain.guests.map(({ guest, stands }) => `${guest.name} ${stands.at}`).join(", ");
  }

  standing(id: string): Drain["guests"][number]["stands"] {
    const found = this.drain.guests.find(({ guest }) => guest.id === id);
    if (found === undefined) throw new Error(`${id} is not in the drain`);
    return found.stands;
  }

  picture(): DrainPicture {
    const { guests, migrations, surveys, downtimeLimitMs } = this;
    const hosts = this.hosts.map((host) => {
      const coming = migrations.filter(({ stage, destination }) => isUnderWay(stage) && destination.id === host.id);
      const bringing = coming.map(({ guestId }) => this.guest(guestId));
      const bytes = bringing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const there = [...bringing, ...guests.filter(({ hostId }) => hostId === host.id)];
      const keepsApart = there.flatMap(({ keepApart }) => keepApart ?? []);
      return { ...host, freeBytes: host.freeBytes - bytes, keepsApart };
    });
    return { hosts, guests, migrations, surveys, downtimeLimitMs };
  }

  /** Looks, and does what is to be done, until nothing is but to wait. */
  look(): void {
    let before = "";
    for (let round = 0; round < 100; round += 1) {
      const { drain, effects, notices } = look(this.drain, this.picture(), this.now, () => `m${(this.#ids += 1)}`);
      this.drain = drain;
      this.notices.push(...notices);
      for (const effect of effects) {
        if (effect.type === this.crashesAt) {
          this.crashesAt = undefined;
          return;
        }
        this.#perform(effect);
      }
      // What it goes on asking for, and does not get, is waited for.
      const decided = JSON.stringify({ drain, effects });
      if (effects.length === 0 || decided === before) return;
      before = decided;
    }
    throw new Error(`the drain never rests: ${this.standings}`);
  }

  say(event: DrainEvent): DrainRejection | undefined {
    const step = stepDrain(this.drain, event, this.now);
    if ("code" in step) return step;
    this.drain = step.drain;
    this.notices.push(...step.notices);
    for (const effect of step.effects) this.#perform(effect);
    this.look();
    return undefined;
  }

  /** All that are queued start: slots and links are the planner's. */
  startMigrations(): void {
    for (const migration of this.migrations) {
      if (migration.stage !== "queued") continue;
      migration.stage = "underWay";
      migration.startedAt = this.now;
    }
  }

  /** All that are under way end. */
  endMigrations(): void {
    for (const migration of this.migrations) {
      if (migration.stage !== "underWay") continue;
      const code = this.fails(migration.guestId, migration.destination.id);
      if (code === undefined) this.#complete(migration);
      else this.#end(migration, code);
    }
  }

  /** Passes time, with a look at each end of it. */
  pass(ms: number): void {
    this.look();
    this.now += ms;
    this.look();
  }

  /** Starts and ends migrations, a second at a time, until the drain has ended or nothing goes on by itself. */
  run(seconds = 200): void {
    for (let second = 0; second < seconds && this.drain.end === undefined; second += 1) {
      this.look();
      this.startMigrations();
      this.now += 1_000;
      this.endMigrations();
    }
    this.look();
  }

  #perform(effect: DrainEffect): void {
    const { type } = effect;
    switch (effect.type) {
      case "cordon":
      case "uncordon":
        Object.assign(this.host("a"), { cordoned: type === "cordon", cordonedByIt: type === "cordon" });
        return;
      case "survey": {
        const { guestId, destinationId } = effect;
        const before = this.surveys.find((each) => each.guestId === guestId && each.destinationId === destinationId);
        const found = this.find(guestId, destinationId);
        const times = "code" in found ? (before?.times ?? 0) + 1 : 0;
        const { facts, now: at } = this;
        this.surveys = this.surveys.filter((each) => each !== before);
        this.surveys.push({ guestId, destinationId, at, times, facts, outdated: false, found });
        return;
      }
      case "begin":
        this.#begin(effect);
        return;
      case "cancel": {
        const migration = this.migrations.find(({ id }) => id === effect.migrationId);
        const isTooLate = migration?.stage === "underWay" && this.refusesCancels;
        if (migration !== undefined && isUnderWay(migration.stage) && !isTooLate) this.#end(migration, "CANCELLED");
      }
    }
  }

  #begin({ migrationId: id, guestId, destinationId }: DrainEffect & { type: "begin" }): void {
    if (this.migrations.some((each) => each.id === id)) return;
    this.begun.push({ guestId, destinationId });
    const destination = { id: destinationId, name: this.host(destinationId).name };
    const unset = { startedAt: undefined, endedAt: undefined, downtimeMs: undefined, code: "", sentence: "" };
    this.migrations.push({ id, guestId, destination, stage: "queued", ...unset });
  }

  #complete(migration: DrainMigration): void {
    const guest = this.guest(migration.guestId);
    this.host(guest.hostId).freeBytes += guest.sizeBytes;
    guest.hostId = migration.destination.id;
    this.host(guest.hostId).freeBytes -= guest.sizeBytes;
    Object.assign(migration, { stage: "completed", endedAt: this.now, downtimeMs: 30, code: "COMPLETED" });
  }

  #end(migration: DrainMigration, code: string): void {
    Object.assign(migration, { stage: "notCompleted", endedAt: this.now, code, sentence: `It ended as ${code}.` });
  }
}

function isUnderWay(stage: DrainMigration["stage"]): boolean {
  return stage === "queued" || stage === "underWay";
}

export function hostOf(id: string, over: Partial<DrainHost> = {}): DrainHost {
  const names: Record<string, string> = { a: "alpha", b: "beta", c: "gamma", d: "delta" };
  return {
    id,
    name: names[id] ?? id,
    connected: true,
    away: false,
    cordoned: false,
    cordonedByIt: false,
    paused: false,
    outgoingSlots: 2,
    incomingSlots: 2,
    freeBytes: 1_000,
    outBytesPerSec: undefined,
    inBytesPerSec: undefined,
    keepsApart: [],
    ...over,
  };
}

export function guestOf(id: string, over: Partial<DrainedGuest> = {}): DrainedGuest {
  return { id, name: id, hostId: "a", state: "running", sizeBytes: 100, keepApart: undefined, busy: false, ...over };
}
