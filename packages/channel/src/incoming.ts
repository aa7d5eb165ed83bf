import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DialOptions, IncomingChannel, IncomingStats, Item } from "./api.ts";
import { Arena } from "./arena.ts";
import { ChannelError } from "./errors.ts";
import { type Frame, FrameReader, receiveSlotBytes } from "./frame-reader.ts";
import { type Header, preamble } from "./frame.ts";
import { Inbox } from "./inbox.ts";
import { type FrameParts, Link } from "./link.ts";
import { controlFrame, parseEnd, parseError, parseNumber, requireShort } from "./messages.ts";
import { dialledSocket, requireLoopback } from "./socket.ts";

/** One is being filled, one is the consumer's, the others wait. */
const receiveSlots = 4;
const firstDelayMs = 50;
const longestDelayMs = 2000;

/**
 * Dials the source and dials again, from where it was, whenever the connection breaks. Throws `tls-required`; all else
 * that goes wrong is the iteration's to throw.
 */
export function dial(options: DialOptions): IncomingChannel {
  requireLoopback(options.host);
  // Names too long for a hello are the caller's mistake, and are better thrown here than in the loop that dials.
  helloFrame(options, Number.MAX_SAFE_INTEGER);
  return new Incoming(options);
}

class Incoming implements IncomingChannel {
  readonly closed: Promise<ChannelError | undefined>;
  readonly #options: DialOptions;
  readonly #arena = new Arena(receiveSlotBytes, receiveSlots);
  readonly #inbox: Inbox;
  readonly #stop = new AbortController();
  readonly #digest = createHash("sha256");
  readonly #running: Promise<void>;
  #resolveClosed!: (error: ChannelError | undefined) => void;
  #loaded: { epoch: number; digest: string } | undefined;
  #link: Link | undefined;
  #isWelcome = false;
  #isPaused = false;
  #isOver = false;
  #finishing: Promise<void> | undefined;
  #receivedSequence = 0;
  #endReceived = false;
  #wireBytes = 0;
  #payloadBytes = 0;
  #connections = 0;

  constructor(options: DialOptions) {
    this.#options = options;
    this.#inbox = new Inbox({
      release: (slot) => this.#release(slot),
      acknowledge: (sequence) => this.#link?.aside(controlFrame("ack", sequence)),
    });
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    if (options.signal?.aborted) this.#abort();
    this.#running = this.#run();
  }

  loaded(epoch: number, digest: string): void {
    this.#requireOpen();
    requireShort(digest);
    this.#loaded = { epoch, digest };
    if (this.#isWelcome) this.#link?.aside(controlFrame("loaded", 0, this.#loaded));
  }

  fail(code: string, detail: string): void {
    const local = new ChannelError("closed", `this side gave the channel up: ${code}: ${detail}`, { reason: code });
    this.#conclude(local, new ChannelError("peer-failed", detail, { reason: code }));
  }

  stats(): IncomingStats {
    return {
      wireBytes: this.#wireBytes,
      payloadBytes: this.#payloadBytes,
      receivedSequence: this.#receivedSequence,
      ackedSequence: this.#inbox.ackedSequence,
      connections: this.#connections,
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<Item, undefined> {
    return {
      next: () => this.#inbox.next(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  async close(): Promise<void> {
    this.#conclude(undefined, controlFrame("close"));
    await this.#finishing;
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Dials until the channel is over. */
  async #run(): Promise<void> {
    const { giveUpAfterMs = 30_000 } = this.#options;
    let delayMs = firstDelayMs;
    let lostAt = performance.now();
    while (!this.#isOver) {
      await this.#connection(Math.max(0, lostAt + giveUpAfterMs - performance.now()));
      if (this.#isWelcome) {
        delayMs = firstDelayMs;
        lostAt = performance.now();
        this.#isWelcome = false;
        this.#options.onLink?.("disconnected");
      }
      if (performance.now() + delayMs - lostAt >= giveUpAfterMs) {
        const detail = `no connection to ${this.#options.host}:${this.#options.port} within ${giveUpAfterMs} ms`;
        this.#conclude(new ChannelError("link-lost", detail), undefined);
      }
      await sleep(delayMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      delayMs = Math.min(delayMs * 2, longestDelayMs);
    }
  }

  /** One connection from its dialling to its end; it has `welcomeLimitMs` to be welcomed. */
  async #connection(welcomeLimitMs: number): Promise<void> {
    const reader = new FrameReader({ arena: this.#arena, onFrame: (frame) => this.#receive(link, frame) });
    // What comes after the end of everything is read, so that the peer is not cut off, and goes nowhere.
    const socket = dialledSocket(this.#options.host, this.#options.port, {
      target: () => (this.#isOver ? Buffer.allocUnsafe(4096) : reader.target),
      filled: (count) => this.#read(link, reader, count),
    });
    const link = new Link(socket);
    this.#link = link;
    this.#isPaused = false;
    socket.write(preamble);
    link.write(helloFrame(this.#options, this.#receivedSequence + 1));
    const timers = [this.#keepAlive(link), setTimeout(() => this.#isWelcome || link.cut(), welcomeLimitMs)];
    await link.ended;
    for (const timer of timers) clearTimeout(timer);
    reader.discard();
    this.#link = undefined;
  }

  /** Returns whether to read on. */
  #read(link: Link, reader: FrameReader, count: number): boolean {
    if (link.isOver || link !== this.#link) return true;
    this.#wireBytes += count;
    link.heard();
    try {
      reader.filled(count);
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      this.#conclude(error, error);
      return true;
    }
    // The slot being filled is not free, and another must be for the frame after it.
    this.#isPaused = this.#arena.freeSlots === 0;
    return !this.#isPaused;
  }

  #release(slot: Uint8Array): void {
    this.#arena.release(slot);
    if (!this.#isPaused || this.#isOver) return;
    this.#isPaused = false;
    this.#link?.heard();
    this.#link?.socket.resume();
  }

  #receive(link: Link, { header, headerBytes, payload }: Frame): void {
    switch (header.type) {
      case "welcome":
        this.#isWelcome = true;
        this.#connections += 1;
        this.#options.onLink?.("connected");
        if (this.#loaded !== undefined) link.aside(controlFrame("loaded", 0, this.#loaded));
        return;
      case "ping":
        link.aside(controlFrame("pong", header.sequence));
        return;
      case "error":
        this.#receiveError(parseError(payload), link);
        return;
      case "close":
        this.#conclude(this.#endReceived ? undefined : peerClosed(), undefined, "drain");
        return;
      case "chunk":
        this.#requireNext(header);
        this.#digest.update(headerBytes);
        this.#payloadBytes += payload.length;
        this.#take(header.sequence, { type: "chunk", bytes: payload });
        return;
      case "round-end":
        this.#requireNext(header);
        this.#take(header.sequence, { type: "round-end", round: parseNumber("round-end", "round", payload) });
        return;
      case "switchover":
        this.#requireNext(header);
        this.#take(header.sequence, { type: "switchover" });
        return;
      case "end":
        this.#requireNext(header);
        this.#receiveEnd(header.sequence, payload);
        return;
      case "grant":
        this.#requireNext(header);
        this.#take(header.sequence, { type: "grant", epoch: parseNumber("grant", "epoch", payload) });
        return;
      default:
        throw new ChannelError("unexpected-frame", `a ${header.type} frame came from the side that sends the stream`);
    }
  }

  #receiveEnd(sequence: number, payload: Uint8Array): void {
    const { digest, stream } = parseEnd(payload);
    if (stream !== this.#digest.digest("hex")) {
      throw new ChannelError("digest-mismatch", "the stream that arrived is not the stream that was sent");
    }
    this.#endReceived = true;
    this.#take(sequence, { type: "end", digest });
  }

  /** To be asked before anything is done with a frame of the stream: only grants follow its end. */
  #requireNext({ type, sequence }: Header): void {
    if (sequence === this.#receivedSequence + 1 && (!this.#endReceived || type === "grant")) return;
    throw new ChannelError("bad-sequence", `${type} frame ${sequence} came after frame ${this.#receivedSequence}`);
  }

  #take(sequence: number, item: Item): void {
    this.#receivedSequence = sequence;
    this.#inbox.put(sequence, item);
  }

  /** Only a listener that is too busy is asked again. */
  #receiveError(error: ChannelError, link: Link): void {
    if (error.code === "too-many-connections") link.cut();
    else this.#conclude(error, undefined);
  }

  #keepAlive(link: Link): NodeJS.Timeout {
    const { silenceLimitMs = 10_000, keepaliveMs = 1000 } = this.#options;
    return setInterval(
      () => {
        // Whoever does not read cannot know whether the other side is silent.
        if (!this.#isPaused && link.silentMs() > silenceLimitMs) link.cut();
        else if (this.#isWelcome) link.aside(controlFrame("ack", this.#inbox.ackedSequence));
      },
      Math.min(keepaliveMs, silenceLimitMs / 2),
    );
  }

  readonly #abort = (): void => {
    const { signal } = this.#options;
    const error = new ChannelError("aborted", "the destination's side was aborted", { cause: signal?.reason });
    this.#conclude(error, error);
  };

  /** With `drain` the consumer still gets what came before. */
  #conclude(error: ChannelError | undefined, lastWord: ChannelError | FrameParts | undefined, mode?: "drain"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop.abort();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#finishing = this.#link?.finish(lastWord);
    const isPeers = error !== undefined || mode === "drain";
    this.#inbox.finish(isPeers ? error : new ChannelError("closed", "the channel has been closed"), mode);
    this.#resolveClosed(error);
  }

  #requireOpen(): void {
    if (this.#isOver) throw new ChannelError("closed", "the channel is over");
  }
}

function helloFrame({ migration, device, stream, ticket }: DialOptions, resumeFrom: number): FrameParts {
  return controlFrame("hello", 0, { migration, device, stream, ticket, resumeFrom });
}

function peerClosed(): ChannelError {
  return new ChannelError("peer-closed", "the other side has closed the channel before the stream's end");
}
