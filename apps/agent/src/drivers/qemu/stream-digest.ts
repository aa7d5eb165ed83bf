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

export function digestsOf(streams: number): StreamDigest[] {
  return Array.from({ length: streams }, () => new StreamDigest());
}

/** Of streams side by side: which of them was how far ahead does not matter. */
export function valueOf(digests: readonly StreamDigest[]): string {
  const [first, ...others] = digests.map(({ value }) => value);
  if (first !== undefined && others.length === 0) return first;
  return createHash("sha256")
    .update([first, ...others].join(" "))
    .digest("hex");
}
