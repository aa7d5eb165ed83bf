import type { Sink } from "@godwit/backend";
import { blockBytes } from "./blocks.ts";
import { type Change, headBytes, recordLimit, writeHead } from "./stream.ts";

const batchBytes = 1024 * 1024;

/**
 * Gathers records and hands them to the sink in chunks of up to 1 MiB. Adding a record is synchronous, so that a record
 * and the source's own note of it are never apart; `room` is awaited before.
 */
export class Batch {
  readonly #sink: Sink;
  readonly signal: AbortSignal;
  readonly #bytes: Buffer;
  #used = 0;
  #sentBytes = 0;

  /** Either signal, the sink's or the given one, ends the wait for a slow sink. */
  constructor(sink: Sink, signal: AbortSignal) {
    this.#sink = sink;
    this.signal = AbortSignal.any([sink.signal, signal]);
    this.#bytes = Buffer.allocUnsafeSlow(batchBytes);
  }

  /** Bytes of this round so far. */
  get sentBytes(): number {
    return this.#sentBytes + this.#used;
  }

  /**
   * Makes room for a record with so many bytes of payload. False when the budget has none for it; then the round is over.
   * A budget that is too small for any record still lets one of a single block through, so that there is progress.
   */
  async room(payloadBytes: number): Promise<boolean> {
    const bytes = headBytes + payloadBytes;
    if (this.#used + bytes > batchBytes) await this.flush();
    const left = this.#sink.budget - this.#used;
    return left >= bytes || (left > 0 && this.sentBytes === 0 && payloadBytes <= blockBytes);
  }

  /** Needs room. */
  add(change: Change, payload?: Uint8Array): void {
    const head = this.#bytes.subarray(this.#used, this.#used + recordLimit);
    const headEnd = writeHead(change, head, payload?.length ?? 0);
    if (payload !== undefined) head.set(payload, headEnd);
    this.#used += headEnd + (payload?.length ?? 0);
  }

  async flush(): Promise<void> {
    if (this.#used === 0) return;
    const chunk = this.#sink.allocate(this.#used);
    chunk.set(this.#bytes.subarray(0, this.#used));
    this.#sentBytes += this.#used;
    this.#used = 0;
    this.signal.throwIfAborted();
    await unlessAborted(this.#sink.write(chunk), this.signal);
  }
}

async function unlessAborted(written: Promise<void>, signal: AbortSignal): Promise<void> {
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([written, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
