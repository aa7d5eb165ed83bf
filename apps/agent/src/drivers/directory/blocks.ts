import { hash } from "node:crypto";

/** Content is compared and sent in blocks of this size. */
export const blockBytes = 128 * 1024;

/** SHA-256 cut to 128 bits: 128 KiB of hashes for each GiB of content. */
export const hashBytes = 16;

const zeros = Buffer.alloc(blockBytes);
const unknown = Buffer.alloc(hashBytes, 0xff);

/** The hash of one block; all zeros stand for a block of zeros, of whatever length. */
export function hashOf(block: Buffer): Buffer {
  if (isZero(block)) return zeros.subarray(0, hashBytes);
  return hash("sha256", block, "buffer").subarray(0, hashBytes);
}

export function isZero(block: Buffer): boolean {
  return zeros.compare(block, 0, block.length, 0, block.length) === 0;
}

/** The hashes of a file's blocks. Blocks after the last that was set are zeros and take no room. */
export class BlockHashes {
  #hashes: Buffer = zeros.subarray(0, 0);
  #length = 0;

  equals(index: number, hash: Buffer): boolean {
    return this.#at(index).equals(hash);
  }

  isZero(index: number): boolean {
    return this.equals(index, zeros.subarray(0, hashBytes));
  }

  set(index: number, hash: Buffer): void {
    const end = (index + 1) * hashBytes;
    if (end > this.#length) {
      if (hash.equals(zeros.subarray(0, hashBytes))) return;
      this.#reserve(end);
      this.#length = end;
    }
    hash.copy(this.#hashes, index * hashBytes);
  }

  /**
   * Follows a change of the file's size: what is cut off is forgotten, and a block of which a part stays, or which
   * grows, has no known hash until it is written again.
   */
  resize(from: number, to: number): void {
    const cut = Math.min(from, to);
    const blocks = Math.ceil(to / blockBytes);
    if (this.#length > blocks * hashBytes) {
      this.#hashes.fill(0, blocks * hashBytes, this.#length);
      this.#length = blocks * hashBytes;
    }
    const last = Math.floor(cut / blockBytes);
    if (from !== to && cut % blockBytes !== 0 && !this.isZero(last)) this.set(last, unknown);
  }

  /** A digest of the whole content, equal for equal content of equal size. Undefined while a block's hash is not known. */
  digest(): string | undefined {
    let end = this.#length;
    while (end > 0 && this.isZero(end / hashBytes - 1)) end -= hashBytes;
    const hashes = this.#hashes.subarray(0, end);
    for (let at = 0; at < end; at += hashBytes) {
      if (hashes.compare(unknown, 0, hashBytes, at, at + hashBytes) === 0) return undefined;
    }
    return hash("sha256", hashes, "hex");
  }

  #at(index: number): Buffer {
    const start = index * hashBytes;
    return start < this.#length ? this.#hashes.subarray(start, start + hashBytes) : zeros.subarray(0, hashBytes);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#hashes.length) return;
    // Most files are one block, and a large one is written from front to back.
    const grown = Buffer.alloc(bytes === hashBytes ? bytes : Math.max(bytes, this.#hashes.length * 2));
    this.#hashes.copy(grown, 0, 0, this.#length);
    this.#hashes = grown;
  }
}
