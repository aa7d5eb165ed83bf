import { pageBytes, type Pages } from "./pages.ts";

/** Slot: state (0 free, 1 used), key length, value length, nothing, hash (32 bits), key, value. */
const slotBytes = 256;
const slotsPerPage = pageBytes / slotBytes;
const slotHeaderBytes = 8;
const keyLengthAt = 1;
const valueLengthAt = 2;
const hashAt = 4;

export const keyAndValueLimitBytes = slotBytes - slotHeaderBytes;
export const keyLimitBytes = 128;

/** The first page describes the rest: a mark, the size in pages, and the number of slots in use. */
const mark = 0x474f_4457;
const formatVersion = 1;
const markAt = 0;
const versionAt = 4;
const pageCountAt = 8;
const usedAt = 12;

/** Above this share of slots in use, searches for what is not there become long. */
const fullShare = 0.9;

export type SetOutcome = "stored" | "full" | "too-large";

/** Where a value lies; the view is valid until the next write. */
export interface Value {
  segment: Buffer;
  start: number;
  end: number;
}

/**
 * A key-value store that lies wholly in pages: open addressing with linear probing, and deletion that moves later slots
 * up, so that no search meets the dead. Keys and values are bytes.
 */
export class KeyValueStore {
  readonly #pages: Pages;
  readonly #slotCount: number;
  readonly #usedLimit: number;
  #used = 0;
  /** Where the last search ended: the slot, and its place in memory. */
  #slot = 0;
  #segment: Buffer;
  #at = 0;

  /** Prepares empty memory. */
  static create(pages: Pages): KeyValueStore {
    const first = pages.segmentOf(0);
    first.writeUInt32LE(mark, markAt);
    first.writeUInt32LE(formatVersion, versionAt);
    first.writeUInt32LE(pages.pageCount, pageCountAt);
    pages.markWritten(0);
    return new KeyValueStore(pages);
  }

  /** Takes up memory as it is; throws where it is not such a store of that size. */
  constructor(pages: Pages) {
    const first = pages.segmentOf(0);
    if (first.readUInt32LE(markAt) !== mark) throw new Error("The memory holds no key-value store");
    const version = first.readUInt32LE(versionAt);
    if (version !== formatVersion) throw new Error(`The memory is of format ${version}, not ${formatVersion}`);
    const pageCount = first.readUInt32LE(pageCountAt);
    if (pageCount !== pages.pageCount) throw new Error(`The memory is of ${pageCount} pages, not ${pages.pageCount}`);
    this.#pages = pages;
    this.#segment = first;
    this.#slotCount = (pageCount - 1) * slotsPerPage;
    this.#usedLimit = Math.floor(this.#slotCount * fullShare);
    this.#used = first.readUInt32LE(usedAt);
  }

  get used(): number {
    return this.#used;
  }

  get usedLimit(): number {
    return this.#usedLimit;
  }

  /** Key and value are ranges of `source`. */
  set(source: Uint8Array, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): SetOutcome {
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    if (keyLength > keyLimitBytes || keyLength + valueLength > keyAndValueLimitBytes) return "too-large";
    const hash = hashOf(source, keyStart, keyEnd);
    const isNew = !this.#find(hash, source, keyStart, keyEnd);
    if (isNew && this.#used >= this.#usedLimit) return "full";
    const segment = this.#segment;
    let at = this.#at;
    segment[at + valueLengthAt] = valueLength;
    if (isNew) {
      segment[at] = 1;
      segment[at + keyLengthAt] = keyLength;
      segment.writeUInt32LE(hash, at + hashAt);
    }
    at += slotHeaderBytes;
    if (isNew) for (let from = keyStart; from < keyEnd; from += 1) segment[at + from - keyStart] = source[from] ?? 0;
    at += keyLength - valueStart;
    for (let from = valueStart; from < valueEnd; from += 1) segment[at + from] = source[from] ?? 0;
    this.#pages.markWritten(pageOf(this.#slot));
    if (isNew) this.#countUsed(1);
    return "stored";
  }

  get(source: Uint8Array, keyStart: number, keyEnd: number): Value | undefined {
    if (!this.#find(hashOf(source, keyStart, keyEnd), source, keyStart, keyEnd)) return undefined;
    const segment = this.#segment;
    const start = this.#at + slotHeaderBytes + (segment[this.#at + keyLengthAt] ?? 0);
    return { segment, start, end: start + (segment[this.#at + valueLengthAt] ?? 0) };
  }

  /** Whether there was such a key. */
  delete(source: Uint8Array, keyStart: number, keyEnd: number): boolean {
    if (!this.#find(hashOf(source, keyStart, keyEnd), source, keyStart, keyEnd)) return false;
    this.#closeGap(this.#slot);
    this.#countUsed(-1);
    return true;
  }

  /** Moves to the key's slot, or to the free one where it would go, and says whether it is there. */
  #find(hash: number, source: Uint8Array, keyStart: number, keyEnd: number): boolean {
    const keyLength = keyEnd - keyStart;
    this.#moveTo(this.#home(hash));
    for (;;) {
      const [segment, at] = [this.#segment, this.#at];
      if (segment[at] !== 1) return false;
      if (segment[at + keyLengthAt] === keyLength && segment.readUInt32LE(at + hashAt) === hash) {
        const keyAt = at + slotHeaderBytes - keyStart;
        let same = keyStart;
        while (same < keyEnd && segment[keyAt + same] === source[same]) same += 1;
        if (same === keyEnd) return true;
      }
      this.#moveTo(this.#next(this.#slot));
    }
  }

  /** Moves up into the gap each later slot whose search would otherwise end there, until one is free. */
  #closeGap(gap: number): void {
    for (let slot = this.#next(gap); ; slot = this.#next(slot)) {
      this.#moveTo(slot);
      const [segment, at] = [this.#segment, this.#at];
      if (segment[at] !== 1) break;
      const home = this.#home(segment.readUInt32LE(at + hashAt));
      // Its search begins after the gap and does not come past it.
      if (this.#distance(home, slot) < this.#distance(gap, slot)) continue;
      this.#moveTo(gap);
      segment.copy(this.#segment, this.#at, at, at + slotBytes);
      this.#pages.markWritten(pageOf(gap));
      gap = slot;
    }
    this.#moveTo(gap);
    this.#segment.fill(0, this.#at, this.#at + slotBytes);
    this.#pages.markWritten(pageOf(gap));
  }

  #countUsed(change: number): void {
    this.#used += change;
    this.#pages.segmentOf(0).writeUInt32LE(this.#used, usedAt);
    this.#pages.markWritten(0);
  }

  #moveTo(slot: number): void {
    const page = pageOf(slot);
    this.#slot = slot;
    this.#segment = this.#pages.segmentOf(page);
    this.#at = this.#pages.offsetOf(page) + (slot % slotsPerPage) * slotBytes;
  }

  /** The hash scaled to the number of slots, which is no power of two. */
  #home(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#slotCount);
  }

  #next(slot: number): number {
    return slot + 1 === this.#slotCount ? 0 : slot + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#slotCount;
  }
}

function pageOf(slot: number): number {
  return 1 + Math.floor(slot / slotsPerPage);
}

/** FNV-1a (draft-eastlake-fnv), and the finalizer of MurmurHash3, since slots are chosen by the upper bits. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ (source[at] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
