import type { Value } from "./key-value.ts";

/** Larger than any single reply. */
const bufferBytes = 64 * 1024;
const longestReplyBytes = 2048;
const space = 0x20;
const lineFeed = 0x0a;
const ok = Buffer.from("OK\n");
const none = Buffer.from("NONE\n");
const value = Buffer.from("VALUE ");

export type ErrorCode =
  | "unknown-command"
  | "bad-request"
  | "too-large"
  | "full"
  | "line-too-long"
  | "too-many-connections";

/** Gathers the replies to what came in one piece, so that they leave in one. Shared by all connections of a thread. */
export class Replies {
  readonly #buffer = Buffer.alloc(bufferBytes);
  #filled = 0;

  ok(send: (bytes: Buffer) => void): void {
    this.#reserve(send);
    this.#put(ok);
  }

  none(send: (bytes: Buffer) => void): void {
    this.#reserve(send);
    this.#put(none);
  }

  value({ segment, start, end }: Value, send: (bytes: Buffer) => void): void {
    this.#reserve(send);
    this.#put(value);
    for (let from = start; from < end; from += 1) this.#buffer[this.#filled + from - start] = segment[from] ?? space;
    this.#filled += end - start;
    this.#buffer[this.#filled] = lineFeed;
    this.#filled += 1;
  }

  line(text: string, send: (bytes: Buffer) => void): void {
    this.#reserve(send);
    this.#filled += this.#buffer.write(`${text.slice(0, longestReplyBytes / 4)}\n`, this.#filled);
  }

  error(code: ErrorCode, sentence: string, send: (bytes: Buffer) => void): void {
    this.line(`ERROR ${code} ${sentence}`, send);
  }

  /** Sends what there is. */
  flush(send: (bytes: Buffer) => void): void {
    if (this.#filled === 0) return;
    send(Buffer.from(this.#buffer.subarray(0, this.#filled)));
    this.#filled = 0;
  }

  #reserve(send: (bytes: Buffer) => void): void {
    if (this.#filled + longestReplyBytes > bufferBytes) this.flush(send);
  }

  #put(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 1) this.#buffer[this.#filled + at] = bytes[at] ?? space;
    this.#filled += bytes.length;
  }
}
