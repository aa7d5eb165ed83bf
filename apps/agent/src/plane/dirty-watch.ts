import type { Device } from "@godwit/backend";
import type { DirtyHistory } from "@godwit/contract";
import { type Clock, systemClock } from "./clock.ts";
import { canBeWatched, count, type Cycle, cycleOf, everyMs } from "./dirty-cycle.ts";

const keptCycles = 60;

/** Watches how the guests that run here are written to, by what their devices count, or are seen to write while none migrates. */
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

  /** `undefined` before the first whole cycle, and where a device cannot tell or failed to. */
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
    if (this.#running !== undefined || !canBeWatched([...this.#devices.values()])) return;
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
    const devices = [...this.#devices.values()];
    while (!signal.aborted) {
      try {
        await count(devices, true);
        for (let fromMs = this.#clock.now(); !signal.aborted;) fromMs = await this.#cycle(devices, fromMs, signal);
      } catch {
        if (signal.aborted) return;
        this.#forget();
        await this.#clock.wait(everyMs, signal).catch(() => undefined);
      }
    }
  }

  /** Returns when the next cycle begins. */
  async #cycle(devices: readonly Device[], fromMs: number, signal: AbortSignal): Promise<number> {
    this.#wasThrottled = this.#isThrottled;
    const { seen, endsAtMs } = await cycleOf(devices, this.#clock, fromMs, signal);
    if (seen !== undefined && !this.#wasThrottled) this.#keep(seen);
    return endsAtMs;
  }

  #keep({ curve, bytesPerSec }: NonNullable<Cycle["seen"]>): void {
    this.#curve = curve;
    this.#bytesPerSec.push(bytesPerSec);
    if (this.#bytesPerSec.length > keptCycles) this.#bytesPerSec.shift();
  }

  #forget(): void {
    this.#bytesPerSec = [];
    this.#curve = [];
  }
}
