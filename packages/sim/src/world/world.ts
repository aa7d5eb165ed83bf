import type { Scenario } from "../scenario.ts";
import { valueAt } from "../series.ts";
import { type DeviceState, type SeenDevice, ask, deviceStateOf, dirty, discover, sendDevices } from "./device-state.ts";
import { downtimeMs } from "./downtime.ts";
import { GuestRam, type SeenRam } from "./guest-ram.ts";
import { Link } from "./link.ts";
import type { Wire } from "./wire.ts";

/** The last exact query that has ended. */
export interface ExactReport {
  /** 1 for the first. */
  sequence: number;
  atMs: number;
  /** How long it took. */
  syncMs: number;
}

/**
 * One migration under way: the guest writes, its devices and its RAM share one link, time goes by in steps. A rule may look at what is
 * known; what is called hidden or true is for oracles and judges.
 */
export class World {
  readonly scenario: Scenario;
  readonly ram: SeenRam;
  readonly devices: readonly SeenDevice[];
  /** The share of the time, 0 to 1, in which the sender may use the link; 0 holds it. */
  duty = 1;
  /** The share of its time, 0 to 0.99, that is taken from the guest: it writes that much less. */
  throttle = 0;
  /** Cap while the guest runs, in bytes/s. */
  capBytesPerSec: number | undefined;
  lastExact: ExactReport | undefined;
  /** Exact queries that were begun. */
  exactQueries = 0;
  /** Time since the start in which an exact query ran, and so nothing was sent. */
  syncedMs = 0;

  readonly #ram: GuestRam;
  readonly #link: Link;
  readonly #devices: readonly DeviceState[];
  readonly #wire: Wire = { bytes: 0, busySec: 0 };
  #atSec = 0;
  #syncMs = 0;
  #syncLeftSec = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.capBytesPerSec = scenario.capBytesPerSec;
    this.#ram = new GuestRam(scenario);
    this.ram = this.#ram;
    this.#devices = scenario.devices.map(deviceStateOf);
    this.devices = this.#devices;
    this.#link = new Link(scenario.hidden.link);
  }

  /** Time since the start. */
  get atMs(): number {
    return this.#atSec * 1000;
  }

  /** The same in seconds: the clock that is stepped, free of the rounding that comes with another unit. */
  get atSec(): number {
    return this.#atSec;
  }

  /** Bytes on the wire; cumulative. */
  get wireBytes(): number {
    return this.#wire.bytes;
  }

  /** Time in which data was being sent; cumulative. Scanning of zero pages, exact queries and idling are not in it. */
  get busyMs(): number {
    return this.#wire.busySec * 1000;
  }

  /** What the devices know to be pending. */
  get devicesKnownBytes(): number {
    let sum = 0;
    for (const device of this.#devices) sum += device.knownBytes;
    return sum;
  }

  /** An exact query is under way. */
  get inSync(): boolean {
    return this.#syncLeftSec > 0;
  }

  /**
   * Begins an exact query of the RAM and all devices, unless one is under way. It takes about `syncMs`, in which nothing is sent;
   * then what was hidden is known, and `lastExact` is a new one.
   */
  requestExact(): void {
    if (this.inSync) return;
    // Costs differ from query to query, but the same way in every run: the golden angle spreads them evenly.
    this.#syncMs = this.scenario.syncMs * (1 + 0.1 * Math.sin(this.exactQueries * 2.399963));
    this.#syncLeftSec = this.#syncMs / 1000 + leastSec;
    this.exactQueries += 1;
  }

  /** Lets `ms` go by, in slices of at most 50 ms: in each the guest writes first, then is sent what was known. */
  step(ms: number): void {
    let leftSec = ms / 1000;
    while (leftSec > 1e-12) {
      const syncing = this.#syncLeftSec > 0;
      const sec = Math.min(leftSec, sliceSec, syncing ? this.#syncLeftSec : Infinity);
      this.#write(sec);
      if (!syncing) this.#send(sec);
      this.#atSec += sec;
      if (syncing) this.#sync(sec);
      leftSec -= sec;
    }
  }

  /** The truth: what the guest would see if it were stopped now. Looking changes nothing. */
  trueDowntimeMs(): number {
    return downtimeMs(this.scenario, this.#ram, this.#devices, this.#link, this.#atSec);
  }

  /**
   * Asks every device for its size as an exact query does, at no cost and without an answer. It matters to devices that learn, which
   * begin when they are asked; an oracle that looks at every moment asks at every moment.
   */
  askDevices(): void {
    for (const device of this.#devices) ask(device, this.#atSec);
  }

  /**
   * A probe before the start: distinct bytes that the guest writes in a window at its present activity, Σ W (1 - exp(-r window)),
   * with an error of up to 5 % (QEMU: calc-dirty-rate).
   */
  uniqueDirtyBytes(windowMs: number): number {
    const windowSec = windowMs / 1000;
    const activity = valueAt(this.scenario.hidden.activity, this.#atSec);
    let bytes = 0;
    for (const region of this.ram.regions)
      bytes += region.bytes * (1 - Math.exp(-region.writesPerSec * activity * windowSec));
    return bytes * (1 + 0.05 * Math.sin(windowSec * 1e4 + this.scenario.seed));
  }

  #write(sec: number): void {
    const activity = valueAt(this.scenario.hidden.activity, this.#atSec) * (1 - this.throttle);
    this.#ram.write(activity, sec);
    for (const device of this.#devices) dirty(device, activity, sec);
  }

  #send(sec: number): void {
    const bytesPerSec = Math.min(this.#link.at(this.#atSec), this.capBytesPerSec ?? Infinity);
    if (bytesPerSec <= 0) return;
    const allowedSec = sec * this.duty;
    const usedSec =
      this.#devices.length > 0
        ? sendDevices(this.#devices, allowedSec, bytesPerSec, this.#ram.knownBytes > 0, this.#wire)
        : 0;
    this.#ram.send(allowedSec - usedSec, bytesPerSec, this.#wire);
  }

  #sync(sec: number): void {
    this.syncedMs += sec * 1000;
    this.#syncLeftSec -= sec;
    if (this.#syncLeftSec > leastSec) return;
    this.#syncLeftSec = 0;
    this.#ram.discover();
    for (const device of this.#devices) discover(device, this.#atSec, this.exactQueries);
    this.lastExact = { sequence: (this.lastExact?.sequence ?? 0) + 1, atMs: this.atMs, syncMs: this.#syncMs };
  }
}

const sliceSec = 0.05;
/** Below it an exact query is over, in seconds. */
const leastSec = 1e-9;
