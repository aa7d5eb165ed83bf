import type { Socket } from "node:net";
import { AttachError, blockHeaderBytes, blockLimitBytes, roundAbandoned, roundEnd } from "../attach-protocol.ts";

/** Reads the rounds that arrive on a bulk connection in the process of the back end. */
export class BlockReader {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #header = Buffer.alloc(blockHeaderBytes);
  #held: Uint8Array = new Uint8Array(0);
  #blockLeft = 0;

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  /**
   * The bytes of one round, in whatever pieces they came. Whoever ends it early leaves the rest of the round to `drain`.
   * Throws `cancelled` where the sender gave up, and the signal's reason once that is aborted.
   */
  async *round(signal: AbortSignal, progress: { over: boolean }): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#blockLeft === 0) {
        const mark = await this.#readHeader();
        progress.over = mark !== "block";
        if (mark === "end") return;
        if (mark === "abandoned") throw new AttachError("cancelled", "the agent gave up sending");
      }
      await this.#fill();
      yield this.#take(this.#blockLeft);
    }
  }

  /** Reads on to the end of the round and drops what comes. */
  async drain(): Promise<void> {
    for (;;) {
      if (this.#blockLeft === 0 && (await this.#readHeader()) !== "block") return;
      await this.#fill();
      this.#take(this.#blockLeft);
    }
  }

  async #readHeader(): Promise<"block" | "end" | "abandoned"> {
    for (let filled = 0; filled < blockHeaderBytes;) {
      await this.#fill();
      const part = this.#held.subarray(0, blockHeaderBytes - filled);
      this.#header.set(part, filled);
      filled += part.length;
      this.#held = this.#held.subarray(part.length);
    }
    const length = this.#header.readUInt32LE();
    if (length === roundEnd) return "end";
    if (length === roundAbandoned) return "abandoned";
    if (length > blockLimitBytes) throw new AttachError("bad-message", `a block of ${length} bytes is too long`);
    this.#blockLeft = length;
    return "block";
  }

  #take(limit: number): Uint8Array {
    const bytes = this.#held.subarray(0, limit);
    this.#held = this.#held.subarray(bytes.length);
    this.#blockLeft -= bytes.length;
    return bytes;
  }

  async #fill(): Promise<void> {
    if (this.#held.length > 0) return;
    const next = await this.#chunks.next();
    if (next.done === true) throw new AttachError("connection-lost", "the bulk connection has closed");
    this.#held = next.value;
  }
}
