import { keyAndValueLimitBytes, keyLimitBytes, type KeyValueStore } from "./key-value.ts";
import type { Replies } from "./replies.ts";
import { WriteThrottle } from "./write-throttle.ts";

/** Longest line with its line feed; over it the line is skipped and answered with an error. */
export const lineLimitBytes = 512;

const lineFeed = 0x0a;
const space = 0x20;
const [S, E, T, G, D, L, I, N, F, O] = [0x53, 0x45, 0x54, 0x47, 0x44, 0x4c, 0x49, 0x4e, 0x46, 0x4f];

/**
 * What one client says: `SET key value`, `GET key`, `DEL key` and `INFO`, a line each, pipelined at will. A key is 1 to
 * 128 bytes without spaces; the value is the rest of the line. Each line is answered, in order; a write that the throttle holds
 * back holds back what was said after it.
 */
export class Conversation {
  readonly #store: KeyValueStore;
  readonly #replies: Replies;
  readonly #info: () => object;
  readonly #send: (bytes: Buffer) => void;
  readonly #throttle: WriteThrottle;
  #rest: Buffer | undefined;
  #skipping = false;
  #heldBack = false;

  constructor(
    store: KeyValueStore,
    replies: Replies,
    info: () => object,
    send: (bytes: Buffer) => void,
    throttle = new WriteThrottle(),
  ) {
    this.#store = store;
    this.#replies = replies;
    this.#info = info;
    this.#send = send;
    this.#throttle = throttle;
  }

  /** A write waits for the throttle: `goOn` is due when there is room, and nothing more should be read from the client until then. */
  get heldBack(): boolean {
    return this.#heldBack;
  }

  /** Carries out what was held back, as far as the throttle lets it. */
  goOn(): void {
    const bytes = this.#rest;
    this.#rest = undefined;
    this.#heldBack = false;
    if (bytes !== undefined) this.#carryOut(bytes);
  }

  /** Carries out every whole line, sends the replies, and keeps what is left. */
  take(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = undefined;
    this.#carryOut(bytes);
  }

  #carryOut(bytes: Buffer): void {
    let at = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1 && !this.#heldBack; end = bytes.indexOf(lineFeed, at)) {
      if (this.#skipping) this.#skipping = false;
      else if (end - at >= lineLimitBytes) this.#tooLong();
      else this.#command(bytes, at, end);
      if (!this.#heldBack) at = end + 1;
    }
    this.#replies.flush(this.#send);
    if (this.#heldBack) {
      this.#rest = bytes.subarray(at);
      return;
    }
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
    if (!this.#admitted()) return;
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
    if (!this.#admitted() || !this.#isKey(bytes, start, end)) return;
    if (this.#store.delete(bytes, start, end)) this.#replies.ok(this.#send);
    else this.#replies.none(this.#send);
  }

  #admitted(): boolean {
    this.#heldBack = !this.#throttle.admit();
    return !this.#heldBack;
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
