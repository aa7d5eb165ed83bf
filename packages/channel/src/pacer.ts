import type { RateLimit } from "./rate-limit.ts";

/** Passes one channel's bytes through its migration's limit and then the host link's. */
export class Pacer {
  readonly #migration: RateLimit | undefined;
  readonly #link: RateLimit;
  readonly #changed: () => void;
  /** Let through by the migration's limit, not yet by the link's. */
  #credit = 0;
  #waitsForMigration = false;

  /** `changed` is called when `waitsForMigration` has changed. */
  constructor(migration: RateLimit | undefined, link: RateLimit, changed: () => void) {
    this.#migration = migration;
    this.#link = link;
    this.#changed = changed;
  }

  get isLimited(): boolean {
    return this.#link.bytesPerSec !== undefined || this.#migration?.bytesPerSec !== undefined;
  }

  /** The most that is let through at once. */
  get pieceBytes(): number {
    return Math.min(this.#link.pieceBytes, this.#migration?.pieceBytes ?? Infinity);
  }

  /** It is the migration's own limit, and nothing else, that holds the channel up. */
  get waitsForMigration(): boolean {
    return this.#waitsForMigration;
  }

  /** Resolves, when it may be sent, with how much of `wanted` may be. */
  async take(wanted: number): Promise<number> {
    if (this.#credit === 0) this.#credit = await this.#takeFromMigration(wanted);
    const granted = await this.#link.take(Math.min(wanted, this.#credit));
    this.#credit -= granted;
    return granted;
  }

  async #takeFromMigration(wanted: number): Promise<number> {
    const granted = this.#migration?.take(wanted) ?? wanted;
    if (typeof granted === "number") return granted;
    this.#waitsForMigration = true;
    this.#changed();
    const late = await granted;
    this.#waitsForMigration = false;
    this.#changed();
    return late;
  }
}
