import type { Random } from "../random.ts";
import { type SimulatedGuest } from "./fleet.ts";

/** From one step to the next a link's rate differs by so much. */
const linkNoise = 0.04;
/** The fixed part of a downtime differs from what was expected by so much. */
const fixedNoise = 0.1;
/** The expected downtime is to stay below the limit by the rest. */
const readyBelow = 0.92;

/** One migration under way: what of its guest was never sent, and what is dirty again. A fluid, exact for pages written at random. */
export class Flow {
  readonly index: number;
  readonly guest: SimulatedGuest;
  readonly source: number;
  readonly destination: number;
  readonly startedAtSec: number;
  stage: "moving" | "switching" = "moving";
  /** What it is given now. */
  bytesPerSec = 0;
  /** What it would have in its switchover; 0: what it has now. */
  reservedBytesPerSec = 0;
  sentBytes = 0;
  /** How long its first pass took, once that is over. */
  firstPassSec: number | undefined;
  /** Of a switchover: when it is over, and how long the guest is away. */
  endsAtSec = Infinity;
  downtimeMs = 0;

  readonly #dirtiedShares: readonly number[];
  readonly #neverSent: number[];
  readonly #dirty: number[];
  #neverSentBytes: number;
  #dirtyBytes = 0;

  constructor(index: number, guest: SimulatedGuest, destination: number, atSec: number, stepSec: number) {
    this.index = index;
    this.guest = guest;
    this.source = guest.source;
    this.destination = destination;
    this.startedAtSec = atSec;
    this.#dirtiedShares = guest.regions.map(({ writesPerSec }) => -Math.expm1(-writesPerSec * stepSec));
    const written = guest.regions.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#neverSent = [...guest.regions.map(({ bytes }) => bytes), Math.max(0, guest.ramBytes - written)];
    this.#dirty = guest.regions.map(() => 0);
    this.#neverSentBytes = this.#neverSent.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** To be sent again, of what was sent once. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  get leftBytes(): number {
    return this.#neverSentBytes + this.#dirtyBytes + this.guest.stopcopyBytes;
  }

  /** The guest writes, then the link carries: what was never sent first. */
  step(atSec: number, stepSec: number, random: Random): void {
    this.#write();
    let left = this.bytesPerSec * Math.exp(linkNoise * random.normal()) * stepSec;
    if (this.#neverSentBytes > 0) {
      const sent = Math.min(this.#neverSentBytes, left);
      take(this.#neverSent, sent / this.#neverSentBytes);
      this.#neverSentBytes = sent === this.#neverSentBytes ? 0 : this.#neverSentBytes - sent;
      this.sentBytes += sent;
      left -= sent;
      if (this.#neverSentBytes === 0) this.firstPassSec = atSec + stepSec - this.startedAtSec;
    }
    if (left > 0 && this.#dirtyBytes > 0) {
      const sent = Math.min(this.#dirtyBytes, left);
      take(this.#dirty, sent / this.#dirtyBytes);
      this.#dirtyBytes -= sent;
      this.sentBytes += sent;
    }
  }

  /** Whether it would be within its limit at what it has, or at what it would have in its switchover. */
  isReady(bytesPerSec: number): boolean {
    if (this.#neverSentBytes > 0) return false;
    return this.downtimeAt(bytesPerSec, this.#dirtyBytes) <= readyBelow * this.guest.limitMs;
  }

  downtimeAt(bytesPerSec: number, dirtyBytes: number): number {
    return this.guest.fixedMs + ((dirtyBytes + this.guest.stopcopyBytes) / Math.max(1, bytesPerSec)) * 1000;
  }

  /** Stops the guest: it is over after what truly comes of it. */
  switchOver(atSec: number, bytesPerSec: number, random: Random): void {
    const bytes = this.#dirtyBytes + this.guest.stopcopyBytes;
    const fixedMs = this.guest.fixedMs * (1 + fixedNoise * random.normal());
    this.downtimeMs = fixedMs + (bytes / (bytesPerSec * Math.exp(linkNoise * random.normal()))) * 1000;
    this.stage = "switching";
    this.sentBytes += bytes;
    this.endsAtSec = atSec + this.downtimeMs / 1000;
  }

  #write(): void {
    let dirtyBytes = 0;
    for (let region = 0; region < this.#dirty.length; region += 1) {
      const [dirty = 0, neverSent = 0] = [this.#dirty[region], this.#neverSent[region]];
      const clean = (this.guest.regions[region]?.bytes ?? 0) - neverSent - dirty;
      const now = dirty + Math.max(0, clean) * (this.#dirtiedShares[region] ?? 0);
      this.#dirty[region] = now;
      dirtyBytes += now;
    }
    this.#dirtyBytes = dirtyBytes;
  }
}

/** That share of each. */
function take(parts: number[], share: number): void {
  for (let part = 0; part < parts.length; part += 1) parts[part] = (parts[part] ?? 0) * (1 - share);
}
