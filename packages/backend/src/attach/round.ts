import { blockLimitBytes } from "../attach-protocol.ts";
import type { Sink } from "../backend.ts";
import type { BlockReader } from "./block-reader.ts";
import type { BlockSender } from "./block-sender.ts";

const pooledBuffers = 4;

/** A round that the device sends. */
export class RoundOut {
  readonly #sender: BlockSender;
  readonly #pool: BufferPool;
  readonly #signal: AbortSignal;
  #budget: number;

  constructor(sender: BlockSender, pool: BufferPool, signal: AbortSignal, budget: number) {
    this.#sender = sender;
    this.#pool = pool;
    this.#signal = signal;
    this.#budget = budget;
  }

  /** The device ends its round with the chunk that it is at. */
  cut(): void {
    this.#budget = 0;
  }

  async send<T>(fill: (sink: Sink) => Promise<T>): Promise<T> {
    try {
      const result = await fill(this.#sink());
      this.#signal.throwIfAborted();
      this.#sender.end();
      return result;
    } catch (error) {
      this.#sender.abandon();
      throw error;
    }
  }

  #sink(): Sink {
    const budget = () => Math.max(0, this.#budget);
    return {
      get budget() {
        return budget();
      },
      signal: this.#signal,
      allocate: (size) => this.#pool.take(size),
      write: async (chunk) => {
        this.#budget -= chunk.length;
        await this.#sender.write(chunk, this.#signal);
        this.#pool.release(chunk);
      },
    };
  }
}

/** A round that the device loads. */
export class RoundIn {
  readonly #reader: BlockReader;
  readonly #signal: AbortSignal;

  constructor(reader: BlockReader, signal: AbortSignal) {
    this.#reader = reader;
    this.#signal = signal;
  }

  /** Resolves or rejects as `load` does, once the whole round has been read. */
  async receive(load: (chunks: AsyncIterable<Uint8Array>) => Promise<void>): Promise<void> {
    const progress = { over: false };
    try {
      await load(this.#reader.round(this.#signal, progress));
    } finally {
      if (!progress.over) await this.#reader.drain();
    }
    this.#signal.throwIfAborted();
  }
}

/** A few buffers of the size of a block, used again. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  take(size: number): Uint8Array {
    if (size > blockLimitBytes) return new Uint8Array(size);
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(blockLimitBytes), 0, size);
  }

  release({ buffer }: Uint8Array): void {
    const pooled = buffer instanceof ArrayBuffer && buffer.byteLength === blockLimitBytes;
    if (pooled && this.#free.length < pooledBuffers && !this.#free.includes(buffer)) this.#free.push(buffer);
  }
}
