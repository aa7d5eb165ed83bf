import type { Event, EventType, Migration } from "@godwit/contract";
import { get, isSignedOut, UnreachableError } from "../api/api.ts";
import { note, put, readAll, readAllPlaces, readDrains, readMigration, readOverview, readPlans } from "./cache.ts";
import type { Everything } from "./everything.ts";

/** After so long without news the orchestrator is asked whether it is still there, and has so long to answer. */
const silenceMs = 1_200;
const answerMs = 1_200;
/** A stream goes on when the session behind it has ended: so often it is asked whether it still is one. */
const askEveryMs = 5_000;
const lookEveryMs = 200;
const retryMs = 1_000;
/** What an event says has changed is read anew at most this often. */
const readEveryMs = 150;
/** Plans ask agents, and each is kept in the audit. */
const planEveryMs = 5_000;

const keptTypes: EventType[] = [
  "host.connected",
  "host.disconnected",
  "host.fenced",
  "host.unfenced",
  "host.cordoned",
  "host.uncordoned",
  "host.paused",
  "host.resumed",
  "host.changed",
  "guest.created",
  "guest.removed",
  "guest.lost",
  "guest.saving",
  "guest.saved",
  "guest.save-failed",
  "guest.restoring",
  "guest.restored",
  "guest.restore-failed",
  "guest.claim-refused",
  "migration.created",
  "migration.phase",
  "migration.verdict",
  "migration.decision",
  "migration.changed",
  "migration.share",
  "migration.message-refused",
  "queue.paused",
  "queue.resumed",
  "drain.created",
  "drain.phase",
  "drain.guest",
  "drain.warning",
];

/** What these tell of has changed nothing on any host. */
const ofOneMigration = new Set<EventType>([
  "migration.verdict",
  "migration.decision",
  "migration.changed",
  "migration.share",
  "migration.message-refused",
]);

/** How fresh the news is. A new object at every change, so that it can be compared. */
export interface Freshness {
  /** Everything has been read once. */
  ready: boolean;
  /** False from the moment in which the stream is known to be cut until everything has been read anew. */
  live: boolean;
  signedOut: boolean;
  /** When something was last heard, by this machine's clock. */
  newsAt: number;
}

/**
 * Keeps the cache in step with the orchestrator: one stream a page. Everything is read as soon as the stream is open, so that nothing falls
 * between the two, and at the start also before, to be shown soon; whatever cuts it, all is read anew. Its heartbeat does not reach scripts,
 * hence the question when it is silent.
 */
export class Feed {
  #source: EventSource | undefined;
  #freshness: Freshness = { ready: false, live: false, signedOut: false, newsAt: Date.now() };
  #heardAt = performance.now();
  #asking = false;
  #askedAt = performance.now();
  #places = false;
  #drains = false;
  readonly #migrations = new Set<string>();
  #reading = false;
  /** Readings of everything that are under way for the stream that there is. */
  #takings = 0;
  #planning = false;
  #isToPlan = false;
  #watching: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();

  /** With what was asked for before the stream could be. */
  start(everything: Promise<Everything>): void {
    this.#watching = setInterval(() => void this.#watch(), lookEveryMs);
    void this.#take(this.#open(), everything);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly freshness = (): Freshness => this.#freshness;

  get #live(): boolean {
    return this.#freshness.live;
  }

  #set(change: Partial<Freshness>): void {
    this.#freshness = { ...this.#freshness, ...change };
    for (const listener of this.#listeners) listener();
  }

  #open(): EventSource {
    const source = new EventSource("/v1/events");
    this.#source = source;
    source.addEventListener("open", () => void this.#take(source));
    source.addEventListener("reset", () => void this.#take(source));
    source.addEventListener("error", () => this.#cut(source));
    source.addEventListener("migration.progress", ({ data }) => this.#progress(JSON.parse(data)));
    for (const type of keptTypes) source.addEventListener(type, ({ data }) => this.#event(JSON.parse(data)));
    return source;
  }

  /** What has been heard so far is in what is read from now on. */
  async #take(source: EventSource, everything?: Promise<Everything>): Promise<void> {
    this.#takings += 1;
    this.#places = false;
    this.#drains = false;
    this.#migrations.clear();
    try {
      await readAll(everything);
    } catch (error) {
      return isSignedOut(error) ? this.#end() : this.#cut(source);
    }
    if (source !== this.#source) return;
    this.#takings -= 1;
    this.#set({ ready: true, live: true });
    this.#heard();
    void this.#readChanged();
  }

  #progress(migration: Migration): void {
    put(migration);
    this.#heard();
  }

  /** A kept event says what happened and to whom, but not how everything is now. */
  #event(event: Event): void {
    note(event);
    if (event.migrationId !== undefined) this.#migrations.add(event.migrationId);
    if (event.type.startsWith("drain.")) this.#drains = true;
    else if (!ofOneMigration.has(event.type)) this.#places = true;
    this.#heard();
    void this.#readChanged();
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#set({ newsAt: Date.now() });
  }

  /** While one reading is under way, of everything or of what has changed, further events are gathered for the next. */
  async #readChanged(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#live && this.#takings === 0 && (this.#places || this.#drains || this.#migrations.size > 0)) {
      const [places, drains, migrations] = [this.#places, this.#drains, [...this.#migrations]];
      this.#places = false;
      this.#drains = false;
      this.#migrations.clear();
      const readings = migrations.map((id) => readMigration(id));
      readings.push(places ? readAllPlaces() : readOverview());
      if (drains) readings.push(readDrains());
      if (places || drains) void this.#plan();
      const settled = await Promise.allSettled(readings);
      this.#judge(settled.flatMap((each) => (each.status === "rejected" ? [each.reason] : [])));
      await new Promise((resolve) => setTimeout(resolve, readEveryMs));
    }
    this.#reading = false;
  }

  /** What happens while plans are made, or were made a moment ago, is gathered for the next ones. */
  async #plan(): Promise<void> {
    this.#isToPlan = true;
    if (this.#planning) return;
    this.#planning = true;
    while (this.#live && this.#isToPlan) {
      this.#isToPlan = false;
      await readPlans();
      await new Promise((resolve) => setTimeout(resolve, planEveryMs));
    }
    this.#planning = false;
  }

  /** Something that has been removed in the meantime is no fault of the stream's. */
  #judge(failures: unknown[]): void {
    if (failures.some(isSignedOut)) this.#end();
    else if (this.#source !== undefined && failures.some((each) => each instanceof UnreachableError))
      this.#cut(this.#source);
    else this.#heard();
  }

  async #watch(): Promise<void> {
    const now = performance.now();
    const isDue = now - this.#heardAt >= silenceMs || now - this.#askedAt >= askEveryMs;
    if (this.#asking || document.hidden || !this.#live || !isDue) return;
    this.#asking = true;
    this.#askedAt = now;
    try {
      await get("/v1/version", { limitMs: answerMs });
      this.#heard();
    } catch (error) {
      if (isSignedOut(error)) this.#end();
      else if (this.#source !== undefined) this.#cut(this.#source);
    }
    this.#asking = false;
  }

  #cut(source: EventSource): void {
    source.close();
    if (source !== this.#source) return;
    this.#source = undefined;
    this.#takings = 0;
    this.#set({ live: false });
    setTimeout(() => void this.#retry(), retryMs);
  }

  /** A stream that is refused does not say why; a plain request does. */
  async #retry(): Promise<void> {
    try {
      await get("/v1/version", { limitMs: answerMs });
      this.#open();
    } catch (error) {
      if (isSignedOut(error)) this.#end();
      else setTimeout(() => void this.#retry(), retryMs);
    }
  }

  #end(): void {
    clearInterval(this.#watching);
    this.#source?.close();
    this.#source = undefined;
    this.#set({ live: false, signedOut: true });
  }
}

export const feed = new Feed();
