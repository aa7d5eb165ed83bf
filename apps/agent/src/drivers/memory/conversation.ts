import { keyAndValueLimitBytes, keyLimitBytes, type KeyValueStore } from "./key-value.ts";
import type { Replies } from "./replies.ts";

/** Longest line with its line feed; over it the line is skipped and answered with an error. */
export const lineLimitBytes = 512;

const lineFeed = 0x0a;
const space = 0x20;
const [S, E, T, G, D, L, I, N, F, O] = [0x53, 0x45, 0x54, 0x47, 0x44, 0x4c, 0x49, 0x4e, 0x46, 0x4f];

/**
 * What one client says: `SET key value`, `GET key`, `DEL key` and `INFO`, a line each, pipelined at will. A key is 1 to
 * 128 bytes without spaces; the value is the rest of the line. Each line is answered, in order.
 */
export class Conversation {
  readonly #store: KeyValueStore;
  readonly #replies: Replies;
  readonly #info: () => object;
  readonly #send: (bytes: Buffer) => void;
  #rest: Buffer | undefined;
  #skipping = false;

  constructor(store: KeyValueStore, replies: Replies, info: () => object, send: (bytes: Buffer) => void) {
    this.#store = store;
    this.#replies = replies;
    this.#info = info;
    this.#send = send;
  }

  /** Carries out every whole line, sends the replies, and keeps what is left. */
  take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    let at = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, at)) {
      if (this.#skipping) this.#skipping = false;
      else if (end - at >= lineLimitBytes) this.#tooLong();
      else this.#command(bytes, at, end);
      at = end + 1;
    }
    this.#replies.flush(this.#send);
    if (this.#skipping || at === bytes.length) return;
    if (bytes.length - at < lineLimitBytes) {
      this.#rest = Buffer.from(bytes.subarray(at));
      return;
    }
    this.#tooLong();
    this.#replies.flush(this.#send);
    this.#skipping = true;
  }

  #command(bytes: Buffer, start: number, end: number): void {
    const [first, second, third, fourth] = [bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]];
    if (end - start > 4 && fourth === space) {
      if (first === S && second === E && third === T) return this.#set(bytes, start + 4, end);
      if (first === G && second === E && third === T) return this.#get(bytes, start + 4, end);
      if (first === D && second === E && third === L) return this.#delete(bytes, start + 4, end);
    }
    if (end - start === 4 && first === I && second === N && third === F && fourth === O) {
      return this.#replies.line(JSON.stringify(this.#info()), this.#send);
    }
    this.#replies.error("unknown-command", "The commands are SET, GET, DEL and INFO.", this.#send);
  }

  #set(bytes: Buffer, start: number, end: number): void {
    let keyEnd = start;
    while (keyEnd < end && bytes[keyEnd] !== space) keyEnd += 1;
    if (keyEnd === start || keyEnd === end) {
      return this.#replies.error("bad-request", "SET takes a key, a space and a value.", this.#send);
    }
    const outcome = this.#store.set(bytes, start, keyEnd, keyEnd + 1, end);
    if (outcome === "stored") return this.#replies.ok(this.#send);
    if (outcome === "full") {
      return this.#replies.error("full", `All ${this.#store.usedLimit} slots are in use.`, this.#send);
    }
    const limits = `A key is at most ${keyLimitBytes} bytes, key and value ${keyAndValueLimitBytes} together.`;
    this.#replies.error("too-large", limits, this.#send);
  }

  #get(bytes: Buffer, start: number, end: number): void {
    if (!this.#isKey(bytes, start, end)) return;
    const value = this.#store.get(bytes, start, end);
    if (value === undefined) this.#replies.none(this.#send);
    else this.#replies.value(value, this.#send);
  }

  #delete(bytes: Buffer, start: number, end: number): void {
    if (!this.#isKey(bytes, start, end)) return;
    if (this.#store.delete(bytes, start, end)) this.#replies.ok(this.#send);
    else this.#replies.none(this.#send);
  }

  #isKey(bytes: Buffer, start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) {
      if (bytes[at] !== space) continue;
      this.#replies.error("bad-request", "A key has no spaces.", this.#send);
      return false;
    }
    return true;
  }

  #tooLong(): void {
    this.#replies.error("line-too-long", `A line is shorter than ${lineLimitBytes} bytes.`, this.#send);
  }
}
