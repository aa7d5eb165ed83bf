import { createHash } from "node:crypto";

/**
 * What both sides of QEMU's stream compare: how long it was, and SHA-256 of what came after the stop. The channel has a running digest of
 * everything, and QEMU's own state has none.
 */
export class StreamDigest {
  readonly #hash = createHash("sha256");
  #passedBytes = 0;

  passed(chunk: Uint8Array): void {
    this.#passedBytes += chunk.length;
  }

  last(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  /** Of what has come so far; it may go on. */
  get value(): string {
    return this.#hash.copy().update(String(this.#passedBytes)).digest("hex");
  }
}
