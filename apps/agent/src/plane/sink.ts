import type { BracingSink } from "@godwit/backend";
import type { OutgoingChannel } from "@godwit/channel";

/** A device's channels as its back end sees them in one round. */
export class SourceSink implements BracingSink {
  readonly signal: AbortSignal;
  /** One for each of the device's other streams. */
  readonly beside: readonly ChannelSink[];
  readonly #first: ChannelSink;
  readonly #budget: () => number;

  /** `budget` gives the bytes of the whole round, over all channels; it may shrink while the round is under way. */
  constructor(channels: readonly [OutgoingChannel, ...OutgoingChannel[]], signal: AbortSignal, budget: () => number) {
    const [first, ...others] = channels;
    this.#first = new ChannelSink(first, signal);
    this.beside = others.map((channel) => new ChannelSink(channel, signal));
    this.signal = signal;
    this.#budget = budget;
  }

  get sentBytes(): number {
    return this.beside.reduce((sum, { sentBytes }) => sum + sentBytes, this.#first.sentBytes);
  }

  get budget(): number {
    return Math.max(0, this.#budget() - this.sentBytes);
  }

  get queuedBytes(): number {
    return this.beside.reduce((sum, { queuedBytes }) => sum + queuedBytes, this.#first.queuedBytes);
  }

  allocate(size: number): Uint8Array {
    return this.#first.allocate(size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#first.write(chunk);
  }
}

class ChannelSink {
  readonly #channel: OutgoingChannel;
  readonly #signal: AbortSignal;
  #sentBytes = 0;

  constructor(channel: OutgoingChannel, signal: AbortSignal) {
    this.#channel = channel;
    this.#signal = signal;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get queuedBytes(): number {
    return this.#channel.stats().queuedBytes;
  }

  allocate(size: number): Uint8Array {
    return this.#channel.allocate(size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#signal.throwIfAborted();
    this.#sentBytes += chunk.byteLength;
    await this.#channel.write(chunk);
  }
}
