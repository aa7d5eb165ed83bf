import type { BracingSink } from "@godwit/backend";
import type { OutgoingChannel } from "@godwit/channel";

/** A channel as a back end sees it in one round. */
export class SourceSink implements BracingSink {
  readonly signal: AbortSignal;
  readonly #channel: OutgoingChannel;
  readonly #budget: () => number;
  #sentBytes = 0;

  /** `budget` gives the bytes of the whole round; it may shrink while the round is under way. */
  constructor(channel: OutgoingChannel, signal: AbortSignal, budget: () => number) {
    this.#channel = channel;
    this.signal = signal;
    this.#budget = budget;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get budget(): number {
    return Math.max(0, this.#budget() - this.#sentBytes);
  }

  get queuedBytes(): number {
    return this.#channel.stats().queuedBytes;
  }

  allocate(size: number): Uint8Array {
    return this.#channel.allocate(size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.signal.throwIfAborted();
    this.#sentBytes += chunk.byteLength;
    await this.#channel.write(chunk);
  }
}
