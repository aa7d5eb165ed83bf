import type { Socket } from "node:net";
import { AttachError, lineLimitBytes } from "../attach-protocol.ts";

const lineFeed = 0x0a;

export function sendLine(socket: Socket, message: object): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  if (line.length > lineLimitBytes) throw new AttachError("bad-message", `a line of ${line.length} bytes is too long`);
  if (socket.writable) socket.write(line);
}

/** Calls `onLine` for each line that arrives. What it throws, or a line over the limit, destroys the socket. */
export function readLines(socket: Socket, onLine: (line: string) => void): void {
  const lines = new LineBuffer();
  socket.on("data", (chunk: Buffer) => {
    try {
      lines.take(chunk, (line) => !socket.destroyed && onLine(line));
    } catch (error) {
      socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

/** Bytes into lines. */
export class LineBuffer {
  #parts: Buffer[] = [];
  #heldBytes = 0;

  take(chunk: Buffer, onLine: (line: string) => void): void {
    let at = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, at)) {
      this.#hold(chunk.subarray(at, end));
      const line = Buffer.concat(this.#parts).toString("utf8");
      this.#parts = [];
      this.#heldBytes = 0;
      at = end + 1;
      onLine(line);
    }
    if (at < chunk.length) this.#hold(Buffer.from(chunk.subarray(at)));
  }

  #hold(part: Buffer): void {
    this.#heldBytes += part.length;
    if (this.#heldBytes >= lineLimitBytes) {
      throw new AttachError("bad-message", `a line is longer than ${lineLimitBytes} bytes`);
    }
    this.#parts.push(part);
  }
}
