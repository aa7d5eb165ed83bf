import { setTimeout } from "node:timers/promises";
import type { Device } from "@godwit/backend";
import type { DirtyHistory } from "@godwit/contract";

const everyMs = 10_000;
/** When in a cycle it is looked how much has been written; with the last look the next cycle begins. */
const looksMs = [250, 500, 1_000, 2_000, 4_000, everyMs];
const keptCycles = 60;
/** A cycle that took longer, since the host or a device was held up, is no cycle. */
const longestCycleMs = 1.2 * everyMs;

export interface Clock {
  /** Monotonic, in ms. */
  now(): number;
  /** Resolves after so many ms; rejects when the signal is aborted before. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  wait: async (ms, signal) => await setTimeout(ms, undefined, { signal, ref: false }),
};

/** Watches how the guests that run here are written to, migration or not, by what their devices count. */
export class DirtyWatch {
  readonly #clock: Clock;
  readonly #guests = new Map<string, GuestWatch>();

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  /** The device runs here. What is known of its guest stays, unless the device is new to it. */
  add(guestId: string, name: string, device: Device): void {
    const guest = this.#guests.get(guestId) ?? new GuestWatch(this.#clock);
    this.#guests.set(guestId, guest);
    guest.add(name, device);
  }

  /** The guest stops; it may run again, and its devices are then added again. */
  pause(guestId: string): void {
    this.#guests.get(guestId)?.pause();
  }

  /** While a guest is throttled it shows nothing of how it is written to otherwise. */
  throttled(guestId: string, throttled: boolean): void {
    this.#guests.get(guestId)?.throttled(throttled);
  }

  forget(guestId: string): void {
    this.pause(guestId);
    this.#guests.delete(guestId);
  }

  /** `undefined` before the first whole cycle, and where a device does not count or failed to. */
  historyOf(guestId: string): DirtyHistory | undefined {
    return this.#guests.get(guestId)?.history;
  }

  close(): void {
    for (const guestId of this.#guests.keys()) this.forget(guestId);
  }
}

class GuestWatch {
  readonly #clock: Clock;
  readonly #devices = new Map<string, Device>();
  #running: AbortController | undefined;
  #bytesPerSec: number[] = [];
  #curve: DirtyHistory["curve"] = [];
  #isThrottled = false;
  /** The guest was throttled at some time of the cycle that is under way. */
  #wasThrottled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get history(): DirtyHistory | undefined {
    if (this.#bytesPerSec.length === 0) return undefined;
    return { everyMs, bytesPerSec: [...this.#bytesPerSec], curve: [...this.#curve] };
  }

  add(name: string, device: Device): void {
    const isNew = !this.#devices.has(name);
    this.#devices.set(name, device);
    if (isNew) {
      this.pause();
      this.#forget();
    }
    if (this.#running !== undefined || [...this.#devices.values()].some((each) => each.dirtied === undefined)) return;
    this.#running = new AbortController();
    void this.#watch(this.#running.signal);
  }

  pause(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#isThrottled = false;
  }

  throttled(throttled: boolean): void {
    this.#isThrottled = throttled;
    this.#wasThrottled ||= throttled;
  }

  /** What fails is begun anew a cycle later: without the figures from before, since nobody knows what was missed. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for (let fromMs = (await this.#look(true)).atMs; !signal.aborted;) fromMs = await this.#cycle(fromMs, signal);
      } catch {
        if (signal.aborted) return;
        this.#forget();
        await this.#clock.wait(everyMs, signal).catch(() => undefined);
      }
    }
  }

  /** Returns when the next cycle began. */
  async #cycle(fromMs: number, signal: AbortSignal): Promise<number> {
    this.#wasThrottled = this.#isThrottled;
    const curve: DirtyHistory["curve"] = [];
    for (const lookMs of looksMs) {
      await this.#clock.wait(Math.max(0, fromMs + lookMs - this.#clock.now()), signal);
      const { atMs, bytes } = await this.#look(lookMs === everyMs);
      signal.throwIfAborted();
      curve.push({ overMs: atMs - fromMs, bytes });
    }
    const { overMs, bytes } = curve.at(-1) ?? { overMs: everyMs, bytes: 0 };
    if (overMs <= longestCycleMs && !this.#wasThrottled) this.#keep(curve, (bytes / overMs) * 1000);
    return fromMs + overMs;
  }

  async #look(reset: boolean): Promise<{ atMs: number; bytes: number }> {
    const counts = await Promise.all([...this.#devices.values()].map(async (device) => await device.dirtied?.(reset)));
    return { atMs: this.#clock.now(), bytes: Math.round(counts.reduce<number>((sum, each = 0) => sum + each, 0)) };
  }

  #keep(curve: DirtyHistory["curve"], bytesPerSec: number): void {
    this.#curve = curve;
    this.#bytesPerSec.push(bytesPerSec);
    if (this.#bytesPerSec.length > keptCycles) this.#bytesPerSec.shift();
  }

  #forget(): void {
    this.#bytesPerSec = [];
    this.#curve = [];
  }
}
