import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { DirtyBitmap } from "@godwit/backend";

export const pageBytes = 4096;
/** A view of a buffer is at most 4 GiB long; this also keeps indexes into one small integers. */
const segmentBytes = 1024 ** 3;
const segmentShift = 18;
const segmentMask = 2 ** segmentShift - 1;
const digestEntries = 8192;
/** Copying less than this is over too soon to tell a rate. */
const tellingBytes = 64 * pageBytes;

/**
 * Flat memory in pages, with what a migration must know of each: whether it was ever written, whether it has changed
 * since it was last sent, and the checksum of what was sent or loaded last. A page never written is all zeros and takes
 * no memory.
 */
export class Pages {
  readonly sizeBytes: number;
  readonly pageCount: number;
  readonly written: DirtyBitmap;
  readonly dirty: DirtyBitmap;
  /** Written by clients since somebody who watches has last begun anew; no migration touches it. */
  readonly watched: DirtyBitmap;
  readonly #segments: Buffer[] = [];
  readonly #checksums: Uint32Array;
  #copiedBytesPerSec: number | undefined;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
    this.pageCount = sizeBytes / pageBytes;
    const memory = new ArrayBuffer(sizeBytes);
    for (let at = 0; at < sizeBytes; at += segmentBytes) {
      this.#segments.push(Buffer.from(memory, at, Math.min(segmentBytes, sizeBytes - at)));
    }
    this.written = new DirtyBitmap(this.pageCount);
    this.dirty = new DirtyBitmap(this.pageCount);
    this.watched = new DirtyBitmap(this.pageCount);
    this.#checksums = new Uint32Array(this.pageCount);
  }

  /** The buffer in which a page lies, from `offsetOf` on. A run of pages within one segment is contiguous. */
  segmentOf(page: number): Buffer {
    const segment = this.#segments[page >>> segmentShift];
    if (segment === undefined) throw new RangeError(`there is no page ${page}`);
    return segment;
  }

  offsetOf(page: number): number {
    return (page & segmentMask) * pageBytes;
  }

  /** Must be called after every write to a page. */
  markWritten(page: number): void {
    this.dirty.set(page);
    this.watched.set(page);
    this.written.set(page);
  }

  /** Copies a run of pages to where it is sent from, and remembers what that was. */
  takeForSending(start: number, end: number, target: Uint8Array, at: number): void {
    for (let page = start; page < end; page += 1, at += pageBytes) {
      const bytes = this.#bytesOf(page);
      target.set(bytes, at);
      this.#checksums[page] = crc32(bytes);
    }
    this.dirty.clearRange(start, end);
  }

  /** How fast pages are copied and checksummed for sending, whoever takes them; not known before some were. */
  get copiedBytesPerSec(): number | undefined {
    return this.#copiedBytesPerSec;
  }

  noteCopied(bytes: number, tookMs: number): void {
    if (bytes < tellingBytes || tookMs <= 0) return;
    const bytesPerSec = (bytes / tookMs) * 1000;
    this.#copiedBytesPerSec = (7 * (this.#copiedBytesPerSec ?? bytesPerSec) + bytesPerSec) / 8;
  }

  /** Stores a run of pages that has come, and remembers what lies in memory then. */
  store(start: number, end: number, source: Uint8Array, at: number): void {
    for (let page = start; page < end; page += 1, at += pageBytes) {
      const bytes = this.#bytesOf(page);
      bytes.set(source.subarray(at, at + pageBytes));
      this.#checksums[page] = crc32(bytes);
    }
    this.written.setRange(start, end);
  }

  /** Distinct bytes written since the last reset, in whole pages. */
  dirtied(reset: boolean): number {
    const bytes = this.watched.count * pageBytes;
    if (reset) this.watched.clearAll();
    return bytes;
  }

  /** Everything that was ever written counts as not sent. */
  forgetSent(): void {
    this.dirty.merge(this.written);
  }

  /**
   * SHA-256 over (page, CRC-32) of every page ever written, in order. Both sides have the same only where every page has
   * arrived in the version that was sent last.
   */
  digest(): string {
    const hash = createHash("sha256");
    const table = new Uint32Array(2 * digestEntries);
    let filled = 0;
    for (const { start, end } of this.written.runs()) {
      for (let page = start; page < end; page += 1) {
        table[filled] = page;
        table[filled + 1] = this.#checksums[page] ?? 0;
        filled += 2;
        if (filled < table.length) continue;
        hash.update(table);
        filled = 0;
      }
    }
    return hash.update(table.subarray(0, filled)).digest("hex");
  }

  #bytesOf(page: number): Uint8Array {
    const segment = this.segmentOf(page);
    return new Uint8Array(segment.buffer, segment.byteOffset + this.offsetOf(page), pageBytes);
  }
}
