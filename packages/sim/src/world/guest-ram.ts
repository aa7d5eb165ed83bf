import type { Region, Scenario } from "../scenario.ts";
import { type Wire, carry } from "./wire.ts";

/**
 * A region's bytes are in one of four states: never sent, known dirty, hidden dirty, and clean, which is all the rest. Writes move
 * clean bytes to hidden, an exact query moves hidden to known, sending moves never sent or known to clean (a page's log is cleared as
 * it is sent, as QEMU does with KVM's manual dirty log).
 */
export interface RegionState extends Readonly<Region> {
  /** The first pass has not reached them. */
  neverSentBytes: number;
  /** In the sender's bitmap. */
  knownBytes: number;
  /** Written, but only in the hypervisor's log. */
  hiddenBytes: number;
  /** The share of its clean bytes that one slice of time dirties, 1 - exp(-r h): kept while r and h stay the same. */
  dirtiedShare: number;
}

/** Below it a step's time, in seconds, is used up. */
const leastSec = 1e-9;
/** What a zero page costs on the wire, over its size. */
const zeroPageCost = 0.0025;

/** What can be seen of the RAM from outside. Only `knownBytes` and `sentBytes` are for rules; the rest is the truth. */
export type SeenRam = Readonly<
  Pick<GuestRam, "knownBytes" | "sentBytes" | "hiddenBytes" | "neverSentBytes" | "regions">
>;

/** The guest's RAM as a fluid: regions, exact for pages written at Poisson times, and zero pages that are only scanned. */
export class GuestRam {
  /** The truth; no rule may look at it. */
  readonly regions: readonly RegionState[];
  /** Bytes, zero pages included, that are pending no more because they were sent or scanned; cumulative. */
  sentBytes = 0;

  readonly #usedBytes: number;
  readonly #scanBytesPerSec: number;
  #zeroLeftBytes: number;
  #zeroAfterShare: number;
  #firstPassSentBytes = 0;
  #writesFor = { activity: -1, sec: -1 };

  constructor({ hidden }: Scenario) {
    this.regions = hidden.regions.map(({ bytes, writesPerSec }) => ({
      bytes,
      writesPerSec,
      neverSentBytes: bytes,
      knownBytes: 0,
      hiddenBytes: 0,
      dirtiedShare: 0,
    }));
    this.#usedBytes = hidden.regions.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#scanBytesPerSec = hidden.scanBytesPerSec;
    this.#zeroLeftBytes = hidden.zeroBytes;
    this.#zeroAfterShare = hidden.zeroAfterShare;
  }

  /** What the sender knows that it has to send, zero pages included: never sent, and dirty as far as it is known. */
  get knownBytes(): number {
    let sum = this.#zeroLeftBytes;
    for (const region of this.regions) sum += region.neverSentBytes + region.knownBytes;
    return sum;
  }

  /** The truth: dirty, and not known yet. */
  get hiddenBytes(): number {
    let sum = 0;
    for (const region of this.regions) sum += region.hiddenBytes;
    return sum;
  }

  /** The truth: what the first pass has left, zero pages included. */
  get neverSentBytes(): number {
    return this.#zeroLeftBytes + this.#firstPassBytes();
  }

  /** The guest writes for `sec` seconds: a region's hidden bytes grow by clean (1 - exp(-writesPerSec activity sec)). */
  write(activity: number, sec: number): void {
    if (activity !== this.#writesFor.activity || sec !== this.#writesFor.sec) this.#prepareWrites(activity, sec);
    for (const region of this.regions) {
      const cleanBytes = region.bytes - region.neverSentBytes - region.knownBytes - region.hiddenBytes;
      if (cleanBytes > 0) region.hiddenBytes += cleanBytes * region.dirtiedShare;
    }
  }

  /** An exact query ends: what was hidden is known. */
  discover(): void {
    for (const region of this.regions) {
      region.knownBytes += region.hiddenBytes;
      region.hiddenBytes = 0;
    }
  }

  /**
   * Sends for at most `sec` seconds: the first pass, then what is known to be dirty, each from all regions in proportion. Zero pages
   * come at one stretch within the first pass, and the wire is all but idle while they are scanned.
   */
  send(sec: number, bytesPerSec: number, wire: Wire): void {
    let leftSec = sec;
    let pendingBytes = this.knownBytes;
    while (leftSec > leastSec && pendingBytes > 0) {
      if (this.#zeroLeftBytes > 0 && this.#firstPassSentBytes >= this.#zeroAfterShare * this.#usedBytes) {
        leftSec -= this.#scanZeroPages(leftSec, wire);
        pendingBytes = this.knownBytes;
        continue;
      }
      const firstPassBytes = this.#firstPassBytes();
      const dirtyBytes = firstPassBytes > 0 ? 0 : this.#dirtyBytes();
      if (firstPassBytes <= 0 && dirtyBytes <= 0) {
        if (this.#zeroLeftBytes <= 0) break;
        this.#zeroAfterShare = 0;
        continue;
      }
      const roomBytes = bytesPerSec * leftSec;
      const sent =
        firstPassBytes > 0 ? this.#sendFirst(firstPassBytes, roomBytes) : this.#sendDirty(dirtyBytes, roomBytes);
      this.sentBytes += sent;
      leftSec -= carry(wire, sent, bytesPerSec);
      pendingBytes -= sent;
    }
  }

  #prepareWrites(activity: number, sec: number): void {
    this.#writesFor.activity = activity;
    this.#writesFor.sec = sec;
    for (const region of this.regions) region.dirtiedShare = 1 - Math.exp(-(region.writesPerSec * activity * sec));
  }

  #firstPassBytes(): number {
    let sum = 0;
    for (const region of this.regions) sum += region.neverSentBytes;
    return sum;
  }

  #dirtyBytes(): number {
    let sum = 0;
    for (const region of this.regions) sum += region.knownBytes;
    return sum;
  }

  #scanZeroPages(sec: number, wire: Wire): number {
    const bytes = Math.min(this.#zeroLeftBytes, this.#scanBytesPerSec * sec);
    this.#zeroLeftBytes -= bytes;
    this.sentBytes += bytes;
    wire.bytes += bytes * zeroPageCost;
    return bytes / this.#scanBytesPerSec;
  }

  #sendFirst(firstPassBytes: number, roomBytes: number): number {
    const untilZeroBytes = Math.max(1, this.#zeroAfterShare * this.#usedBytes - this.#firstPassSentBytes);
    const mostBytes = this.#zeroLeftBytes > 0 ? Math.min(firstPassBytes, untilZeroBytes) : firstPassBytes;
    const bytes = Math.min(mostBytes, roomBytes);
    const share = bytes / firstPassBytes;
    // What would be less than a byte is done with, or a pass would never end.
    const isDone = firstPassBytes - bytes < 1;
    for (const region of this.regions)
      region.neverSentBytes -= isDone ? region.neverSentBytes : region.neverSentBytes * share;
    this.#firstPassSentBytes += bytes;
    return bytes;
  }

  #sendDirty(dirtyBytes: number, roomBytes: number): number {
    const bytes = Math.min(dirtyBytes, roomBytes);
    const share = bytes / dirtyBytes;
    const isDone = dirtyBytes - bytes < 1;
    for (const region of this.regions) region.knownBytes -= isDone ? region.knownBytes : region.knownBytes * share;
    return bytes;
  }
}
