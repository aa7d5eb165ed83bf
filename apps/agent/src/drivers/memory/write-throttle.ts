/** The rate of writes is that of the last seconds, and no less than a tenth of the last minute's: who rests a moment is not stopped for it. */
const windowMs = 4000;
const watchedMs = 60_000;
const quietShare = 0.1;
const slotMs = 250;
const slotCount = watchedMs / slotMs + 1;
const slotsOfWindow = windowMs / slotMs + 1;
/** Less than this tells nothing of a rate. */
const tellingMs = 1000;
/** What may be saved up, as time at the rate: enough to make up for a timer that fires late. */
const burstMs = 20;
/** However idle the device was, one write is let through in every so many ms. */
const longestGapMs = 1000;

/**
 * Counts a device's writes, and while it is throttled lets through no more of them than a share of what they were before. Who is
 * held back is called, first come first served, as soon as there is room for a write.
 */
export class WriteThrottle {
  readonly #now: () => number;
  /** Writes in the present slot and those before it; a slot's place is its number modulo `slotCount`. */
  readonly #slots = new Float64Array(slotCount);
  #slot: number;
  #countedSinceMs: number;
  /** Writes per second before the device was throttled; what was last known of it, once it is not any more. */
  #usualPerSec: number | undefined;
  #share = 0;
  #perSec = Infinity;
  #tokens = 0;
  #filledAtMs = 0;
  readonly #waiting = new Set<() => void>();
  #serving = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#countedSinceMs = now();
    this.#slot = Math.floor(this.#countedSinceMs / slotMs);
  }

  /** Clients are served from now on: what was before says nothing of their rate. */
  begin(): void {
    this.#slots.fill(0);
    this.#countedSinceMs = this.#now();
    this.#slot = Math.floor(this.#countedSinceMs / slotMs);
  }

  /** Writes per second that are let through; `undefined` for all. */
  get limitPerSec(): number | undefined {
    return this.#share === 0 ? undefined : this.#perSec;
  }

  /** Keeps the count's time; to be called before writes that come together. */
  tick(): void {
    const slot = Math.floor(this.#now() / slotMs);
    if (slot === this.#slot) return;
    const passed = Math.min(slot - this.#slot, slotCount);
    for (let next = 1; next <= passed; next += 1) this.#slots[(this.#slot + next) % slotCount] = 0;
    this.#slot = slot;
  }

  /** Whether a write may be carried out now; if not, `wait` is for whoever is held back with it. */
  admit(): boolean {
    const at = this.#slot % slotCount;
    if (this.#share === 0) {
      this.#slots[at] = (this.#slots[at] ?? 0) + 1;
      return true;
    }
    if (this.#waiting.size > 0 && !this.#serving) return false;
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** `go` is called once, when there is room for a write again. */
  wait(go: () => void): void {
    this.#waiting.add(go);
    if (!this.#serving && this.#waiting.size === 1) this.#serve();
  }

  /** Who has gone is not called any more. */
  leave(go: () => void): void {
    this.#waiting.delete(go);
  }

  /** The share of the writes of the last seconds that are not to be let through any more; 0 lets all through again. */
  throttle(share: number): void {
    if (share === this.#share) return;
    if (this.#share === 0) this.#usualPerSec = this.#measure();
    if (share === 0) this.begin();
    else this.#fill();
    this.#share = share;
    this.#perSec = Math.max((1 - share) * (this.#usualPerSec ?? 0), 1000 / longestGapMs);
    this.#tokens = Math.min(this.#tokens, this.#burst);
    this.#serve();
  }

  /** Nothing is throttled and nobody waits any more; those who did are not called. */
  clear(): void {
    this.#waiting.clear();
    this.throttle(0);
  }

  get #burst(): number {
    return Math.max(1, (this.#perSec * burstMs) / 1000);
  }

  #measure(): number {
    this.tick();
    const now = this.#now();
    const overMs = now - this.#countedSinceMs;
    // One that was throttled until just now writes as it is used to, and shows nothing of it yet.
    if (overMs < tellingMs && this.#usualPerSec !== undefined) return this.#usualPerSec;
    const inSlotMs = now - this.#slot * slotMs;
    const perSec = (slots: number) => {
      const ms = Math.min((slots - 1) * slotMs + inSlotMs, overMs);
      return (this.#writesOf(slots) / Math.max(ms, slotMs)) * 1000;
    };
    return Math.max(perSec(slotsOfWindow), quietShare * perSec(slotCount));
  }

  /** In so many slots up to the present one. */
  #writesOf(slots: number): number {
    let writes = 0;
    for (let slot = this.#slot; slot > this.#slot - slots && slot >= 0; slot -= 1)
      writes += this.#slots[slot % slotCount] ?? 0;
    return writes;
  }

  #fill(): void {
    const now = this.#now();
    const sinceMs = now - this.#filledAtMs;
    this.#filledAtMs = now;
    if (this.#share === 0) this.#tokens = 0;
    else this.#tokens = Math.min(this.#burst, this.#tokens + (sinceMs / 1000) * this.#perSec);
  }

  #serve(): void {
    clearTimeout(this.#timer);
    this.#serving = true;
    // Who is called and must wait again goes to the end of the queue, and is come to again here.
    for (const go of this.#waiting) {
      if (!this.#hasRoom()) break;
      this.#waiting.delete(go);
      go();
    }
    this.#serving = false;
    if (this.#waiting.size === 0) return;
    this.#timer = setTimeout(() => this.#serve(), Math.ceil(((1 - this.#tokens) / this.#perSec) * 1000));
  }

  #hasRoom(): boolean {
    if (this.#share === 0) return true;
    this.#fill();
    return this.#tokens >= 1;
  }
}
