import type { Socket } from "node:net";
import { AttachError, blockHeaderBytes, blockLimitBytes, roundAbandoned, roundEnd } from "../attach-protocol.ts";

/** Writes blocks to a bulk connection, one at a time: a write resolves when the kernel has taken all of it. */
export class BlockSender {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects when the connection closes or the signal aborts; what was begun is then still sent whole. */
  async write(chunk: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < chunk.length; at += blockLimitBytes) {
      signal.throwIfAborted();
      await this.#send(chunk.subarray(at, at + blockLimitBytes), signal);
    }
  }

  end(): void {
    this.#mark(roundEnd);
  }

  abandon(): void {
    this.#mark(roundAbandoned);
  }

  async #send(block: Uint8Array, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const aborted = () => reject(signal.reason);
      signal.addEventListener("abort", aborted, { once: true });
      const flushed = (error?: Error | null) => {
        signal.removeEventListener("abort", aborted);
        if (error) reject(new AttachError("connection-lost", "the bulk connection has closed", { cause: error }));
        else resolve();
      };
      this.#socket.cork();
      this.#socket.write(header(block.length));
      this.#socket.write(block, flushed);
      this.#socket.uncork();
    });
  }

  #mark(mark: number): void {
    if (this.#socket.writable) this.#socket.write(header(mark));
  }
}

function header(length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(blockHeaderBytes);
  bytes.writeUInt32LE(length);
  return bytes;
}
