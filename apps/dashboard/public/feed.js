// @ts-check
import { get, UnreachableError } from "./api.js";
import { isSignedOut } from "./session.js";

/** @import { Event, EventType, Migration } from "@godwit/contract" */
/** @import { World } from "./world.js" */

/** After so long without news the orchestrator is asked whether it is still there, and has so long to answer. */
const silenceMs = 1_200;
const answerMs = 1_200;
const lookEveryMs = 200;
const retryMs = 1_000;
/** A stream with nothing to tell may keep its head back until its first event: after so long it is taken to be open. */
const headMs = 300;
/** What an event says has changed is read anew at most this often. */
const readEveryMs = 150;

/** @type {EventType[]} */
const keptTypes = [
  "host.connected",
  "host.disconnected",
  "host.fenced",
  "host.unfenced",
  "guest.created",
  "guest.removed",
  "guest.lost",
  "guest.claim-refused",
  "migration.created",
  "migration.phase",
  "migration.verdict",
  "migration.decision",
  "migration.changed",
  "migration.message-refused",
];

/** What these tell of has changed nothing on any host. @type {Set<EventType>} */
const ofOneMigration = new Set([
  "migration.verdict",
  "migration.decision",
  "migration.changed",
  "migration.message-refused",
]);

/**
 * Keeps the world in step with the orchestrator. The stream is opened first and everything is read then, so that nothing falls between
 * the two; whatever cuts it, all is read anew. Its heartbeat does not reach scripts, hence the question when it is silent.
 */
export class Feed {
  #world;
  #changed;
  #signedOut;
  /** @type {EventSource | undefined} */
  #source;
  #live = false;
  #heardAt = performance.now();
  #newsAt = Date.now();
  #asking = false;
  #places = false;
  /** @type {Set<string>} */
  #migrations = new Set();
  #reading = false;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watching;

  /**
   * @param {World} world
   * @param {{ changed: () => void, signedOut: () => void }} told
   */
  constructor(world, { changed, signedOut }) {
    this.#world = world;
    this.#changed = changed;
    this.#signedOut = signedOut;
  }

  start() {
    this.#watching = setInterval(() => void this.#watch(), lookEveryMs);
    this.#open();
  }

  /** False from the moment in which the stream is known to be cut until everything has been read anew. */
  get live() {
    return this.#live;
  }

  /** When something was last heard, in milliseconds since the epoch by this machine's clock. */
  get newsAt() {
    return this.#newsAt;
  }

  get silentMs() {
    return performance.now() - this.#heardAt;
  }

  #open() {
    const source = new EventSource("/v1/events");
    this.#source = source;
    source.addEventListener("open", () => void this.#readAll(source));
    setTimeout(() => source === this.#source && !this.#live && void this.#readAll(source), headMs);
    source.addEventListener("reset", () => void this.#readAll(source));
    source.addEventListener("error", () => this.#cut(source));
    source.addEventListener("migration.progress", ({ data }) => this.#progress(JSON.parse(data)));
    for (const type of keptTypes) source.addEventListener(type, ({ data }) => this.#event(JSON.parse(data)));
  }

  /**
   * Of a stream that opens late everything is read once more: what happened before it did is not told by it.
   *
   * @param {EventSource} source
   */
  async #readAll(source) {
    try {
      await this.#world.readAll();
    } catch (error) {
      return isSignedOut(error) ? this.#end() : this.#cut(source);
    }
    if (source !== this.#source) return;
    this.#live = true;
    this.#heard();
    void this.#readChanged();
  }

  /** @param {Migration} migration */
  #progress(migration) {
    this.#world.put(migration);
    this.#heard();
  }

  /**
   * A kept event says what happened and to whom, but not how everything is now.
   *
   * @param {Event} event
   */
  #event(event) {
    this.#world.note(event);
    if (event.migrationId !== undefined) this.#migrations.add(event.migrationId);
    if (!ofOneMigration.has(event.type)) this.#places = true;
    this.#heard();
    void this.#readChanged();
  }

  #heard() {
    this.#heardAt = performance.now();
    this.#newsAt = Date.now();
    this.#changed();
  }

  /** While one reading is under way, further events are gathered for the next. */
  async #readChanged() {
    if (this.#reading || !this.#live) return;
    this.#reading = true;
    while (this.#live && (this.#places || this.#migrations.size > 0)) {
      const [places, migrations] = [this.#places, [...this.#migrations]];
      this.#places = false;
      this.#migrations.clear();
      const readings = migrations.map((id) => this.#world.readMigration(id));
      if (places) readings.push(this.#world.readPlaces());
      const settled = await Promise.allSettled(readings);
      this.#judge(settled.flatMap((each) => (each.status === "rejected" ? [each.reason] : [])));
      await new Promise((resolve) => setTimeout(resolve, readEveryMs));
    }
    this.#reading = false;
  }

  /**
   * Something that has been removed in the meantime is no fault of the stream's.
   *
   * @param {unknown[]} failures
   */
  #judge(failures) {
    if (failures.some(isSignedOut)) this.#end();
    else if (this.#source !== undefined && failures.some((each) => each instanceof UnreachableError))
      this.#cut(this.#source);
    else this.#heard();
  }

  async #watch() {
    if (this.#asking || document.hidden || !this.#live || this.silentMs < silenceMs) return;
    this.#asking = true;
    try {
      await get("/v1/version", { limitMs: answerMs });
      this.#heard();
    } catch (error) {
      if (isSignedOut(error)) this.#end();
      else if (this.#source !== undefined) this.#cut(this.#source);
    }
    this.#asking = false;
  }

  /** @param {EventSource} source */
  #cut(source) {
    source.close();
    if (source !== this.#source) return;
    this.#source = undefined;
    this.#live = false;
    this.#changed();
    setTimeout(() => void this.#retry(), retryMs);
  }

  /** A stream that is refused does not say why; a plain request does. */
  async #retry() {
    try {
      await get("/v1/version", { limitMs: answerMs });
      this.#open();
    } catch (error) {
      if (isSignedOut(error)) this.#end();
      else setTimeout(() => void this.#retry(), retryMs);
    }
  }

  #end() {
    clearInterval(this.#watching);
    this.#source?.close();
    this.#source = undefined;
    this.#live = false;
    this.#signedOut();
  }
}
