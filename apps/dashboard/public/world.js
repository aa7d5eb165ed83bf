// @ts-check
import { get, getAll } from "./api.js";

/** @import { Event, Guest, Host, Migration, Phase } from "@godwit/contract" */

const itemsAtMost = 1000;
export const endedAtMost = 50;

/** A migration goes through these and never back. */
/** @type {Record<Phase, number>} */
const ranks = {
  queued: 0,
  preflight: 1,
  precopy: 2,
  switchover: 3,
  unknown: 3,
  completed: 4,
  aborted: 4,
  failed: 4,
  lost: 4,
};

/** What the page knows: hosts, guests and migrations as the API last showed them. */
export class World {
  /** @type {Map<string, Host>} */
  #hosts = new Map();
  /** @type {Map<string, Guest>} */
  #guests = new Map();
  /** @type {Map<string, Migration>} */
  #migrations = new Map();
  /** What was last said of a migration, for the times when it has neither verdict nor reason. @type {Map<string, string>} */
  #said = new Map();

  get hosts() {
    return byName([...this.#hosts.values()]);
  }

  get guests() {
    return byName([...this.#guests.values()]);
  }

  /** Newest first. */
  get underWay() {
    return newestFirst(
      [...this.#migrations.values()].filter((migration) => !isEnded(migration)),
      "createdAt",
    );
  }

  /** The last to end first, fifty at most. */
  get ended() {
    return newestFirst([...this.#migrations.values()].filter(isEnded), "endedAt").slice(0, endedAtMost);
  }

  /** @param {Migration} migration */
  sentenceOf({ id, phase, verdict, reason }) {
    const judged = phase === "precopy" || phase === "switchover" ? verdict : undefined;
    return reason?.sentence ?? judged?.sentence ?? this.#said.get(id) ?? "Nothing has been said of it yet.";
  }

  /** Reads everything anew. Migrations under way that are older than the newest page are read one by one: their guests name them. */
  async readAll() {
    const [migrations] = await Promise.all([get("/v1/migrations?limit=100"), this.readPlaces()]);
    this.#migrations = new Map(migrations.items.map((/** @type {Migration} */ each) => [each.id, each]));
    const older = this.guests.flatMap(({ migrationId: id }) =>
      id === undefined || this.#migrations.has(id) ? [] : [id],
    );
    for (const id of older) await this.readMigration(id);
  }

  /** Hosts and the guests on them. */
  async readPlaces() {
    const [hosts, guests] = await Promise.all([getAll("/v1/hosts", itemsAtMost), getAll("/v1/guests", itemsAtMost)]);
    this.#hosts = new Map(hosts.map((host) => [host.id, host]));
    this.#guests = new Map(guests.map((guest) => [guest.id, guest]));
  }

  /** @param {string} id */
  async readMigration(id) {
    this.put(await get(`/v1/migrations/${id}`));
  }

  /**
   * Answers and events may overtake each other: what shows an earlier phase is old news.
   *
   * @param {Migration} migration
   */
  put(migration) {
    const known = this.#migrations.get(migration.id);
    if (known !== undefined && ranks[migration.phase] < ranks[known.phase]) return;
    this.#migrations.set(migration.id, migration);
    this.#forget();
  }

  /** @param {Event} event */
  note({ migrationId, sentence }) {
    if (migrationId !== undefined) this.#said.set(migrationId, sentence);
  }

  #forget() {
    const shown = new Set([...this.ended, ...this.underWay].map(({ id }) => id));
    for (const id of this.#migrations.keys()) if (!shown.has(id)) this.#migrations.delete(id);
    if (this.#said.size <= 2 * itemsAtMost) return;
    for (const id of this.#said.keys()) if (!shown.has(id)) this.#said.delete(id);
  }
}

/** @param {Migration} migration */
export function isEnded({ phase }) {
  return ranks[phase] === ranks.completed;
}

/**
 * @template {{ name: string }} Item
 * @param {Item[]} items
 */
function byName(items) {
  return items.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/**
 * Ids are UUIDv7, so that they settle a tie.
 *
 * @param {Migration[]} migrations
 * @param {"createdAt" | "endedAt"} by
 */
function newestFirst(migrations, by) {
  return migrations.sort((a, b) => (b[by] ?? "").localeCompare(a[by] ?? "") || b.id.localeCompare(a.id));
}
