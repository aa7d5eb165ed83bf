import type { Loaded, OpenOptions, OutgoingChannel, OutgoingStats } from "./api.ts";
import { Arena } from "./arena.ts";
import { BusyClock } from "./busy-clock.ts";
import { ChannelError } from "./errors.ts";
import type { Frame } from "./frame-reader.ts";
import { chunkPayloadLimit, headerBytes, paddingOf } from "./frame.ts";
import { Gate } from "./gate.ts";
import type { FrameParts, Link } from "./link.ts";
import { controlFrame, parseError, parseLoaded, requireShort } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { Pacer } from "./pacer.ts";
import type { RateLimit } from "./rate-limit.ts";
import { RoundTrip } from "./round-trip.ts";

const pooledChunkBytes = 1024 * 1024;
/** A write waits while more than this has not even been cut into frames: what waits in here goes stale. */
const waitingLimitBytes = 1024 * 1024;
/** Written at once: a write of this size moves half as much again per second as four of a quarter. */
const batchBytes = 1024 * 1024;
const none = new Uint8Array(0);

export class Outgoing implements OutgoingChannel {
  readonly loaded: Promise<Loaded>;
  readonly closed: Promise<ChannelError | undefined>;
  readonly ticket: string;
  readonly #options: OpenOptions;
  readonly #forget: () => void;
  readonly #arena: Arena;
  readonly #outbox: Outbox;
  readonly #pacer: Pacer;
  readonly #windowBytes: number;
  readonly #giveUpAfterMs: number;
  readonly #busy = new BusyClock();
  readonly #roundTrip = new RoundTrip();
  /** Opens when there may be something to send, or nothing to send it on. */
  readonly #work = new Gate();
  /** Opens when there may be room for more, or all may be acknowledged, or the channel is over. */
  readonly #room = new Gate();
  #resolveLoaded!: (loaded: Loaded) => void;
  #rejectLoaded!: (error: ChannelError) => void;
  #resolveClosed!: (error: ChannelError | undefined) => void;
  #phase: "stream" | "ended" | "over" = "stream";
  #endSequenceIsAcked = false;
  #grantedEpoch: number | undefined;
  #error: ChannelError | undefined;
  /** What a peer is told that dials when the channel is over. */
  #farewell: ChannelError | undefined;
  #link: Link | undefined;
  #finishing: Promise<void> | undefined;
  #formerWireBytes = 0;
  #connections = 0;
  #giveUpTimer: NodeJS.Timeout | undefined;

  constructor(options: OpenOptions, link: RateLimit, forget: () => void) {
    this.#options = options;
    this.#forget = forget;
    this.ticket = options.ticket;
    this.#windowBytes = options.windowBytes ?? 16 * 1024 * 1024;
    this.#giveUpAfterMs = options.giveUpAfterMs ?? 30_000;
    this.#arena = new Arena(pooledChunkBytes, Math.ceil(this.#windowBytes / pooledChunkBytes) + 2);
    this.#outbox = new Outbox(this.#arena);
    this.#pacer = new Pacer(options.limit, link, () => this.#touch());
    this.loaded = new Promise((resolve, reject) => {
      this.#resolveLoaded = resolve;
      this.#rejectLoaded = reject;
    });
    // Whoever does not wait for `loaded` learns of the end elsewhere.
    this.loaded.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#armGiveUp();
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    if (options.signal?.aborted) this.#abort();
  }

  allocate(size: number): Uint8Array {
    return (size <= pooledChunkBytes ? this.#arena.take(size) : undefined) ?? new Uint8Array(size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requirePhase("stream");
    this.#arena.passOn(chunk);
    if (chunk.length === 0) this.#arena.release(chunk);
    else this.#outbox.pushChunk(chunk);
    this.#work.notify();
    while (this.#outbox.waitingBytes > waitingLimitBytes || this.#outbox.queuedBytes >= this.#windowBytes) {
      this.#requireOpen();
      this.#touch();
      await this.#room.wait();
    }
    this.#requireOpen();
  }

  endRound(round: number): void {
    this.#requirePhase("stream");
    this.#push("round-end", { round });
  }

  noticeSwitchover(): void {
    this.#requirePhase("stream");
    this.#push("switchover");
  }

  end(stream: { digest: string }): void {
    this.#requirePhase("stream");
    requireShort(stream.digest);
    this.#phase = "ended";
    this.#push("end", { digest: stream.digest });
  }

  grant(epoch: number): void {
    this.#requirePhase("ended");
    if (this.#grantedEpoch === epoch) return;
    this.#grantedEpoch = epoch;
    this.#push("grant", { epoch });
  }

  async acknowledged(): Promise<void> {
    while (this.#outbox.isUnderWay || this.#outbox.hasNext) {
      this.#requireOpen();
      await this.#room.wait();
    }
  }

  fail(code: string, detail: string): void {
    const local = new ChannelError("closed", `this side gave the channel up: ${code}: ${detail}`, { reason: code });
    this.#conclude(local, new ChannelError("peer-failed", detail, { reason: code }));
  }

  stats(): OutgoingStats {
    return {
      wireBytes: this.#formerWireBytes + (this.#link?.wireBytes ?? 0),
      payloadBytes: this.#outbox.sentBytes,
      ackedBytes: this.#outbox.ackedBytes,
      busyMs: this.#busy.totalMs(performance.now()),
      ackedSequence: this.#outbox.ackedSequence,
      rttMs: this.#roundTrip.figures,
      queuedBytes: this.#outbox.queuedBytes,
      connections: this.#connections,
    };
  }

  async close(): Promise<void> {
    this.#forget();
    this.#conclude(undefined, controlFrame("close"));
    await this.#finishing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Continues on a connection whose hello was accepted; an older one is dropped. */
  attach(link: Link, resumeFrom: number): void {
    if (this.#phase === "over") {
      void link.finish(this.#farewell);
      return;
    }
    this.#outbox.rewind(resumeFrom);
    const former = this.#link;
    if (former !== undefined) this.#detach(former);
    this.#link = link;
    this.#connections += 1;
    clearTimeout(this.#giveUpTimer);
    link.write(controlFrame("welcome"));
    this.#keepAlive(link);
    this.#options.onLink?.("connected");
    void link.ended.then(() => this.#detach(link));
    void this.#send(link);
  }

  /** What came on a connection that was attached. Throws what is wrong with it. */
  receive(link: Link, { header, payload }: Frame): void {
    if (link !== this.#link) return;
    switch (header.type) {
      case "ack":
        this.#outbox.acknowledge(header.sequence);
        this.#endSequenceIsAcked = this.#phase === "ended" && !this.#outbox.isUnderWay && !this.#outbox.hasNext;
        this.#room.notify();
        this.#touch();
        return;
      case "pong":
        this.#roundTrip.answered(header.sequence, performance.now());
        return;
      case "loaded":
        this.#resolveLoaded(parseLoaded(payload));
        return;
      case "error":
        this.#conclude(parseError(payload), undefined);
        return;
      case "close":
        this.#conclude(this.#endSequenceIsAcked ? undefined : peerClosed(), undefined);
        return;
      default:
        throw new ChannelError("unexpected-frame", `a ${header.type} frame came from the side that takes the stream`);
    }
  }

  /** The channel cannot go on: something is wrong with what came. */
  refuse(error: ChannelError): void {
    this.#conclude(error, error);
  }

  async #send(link: Link): Promise<void> {
    while (!link.isOver) {
      if (!this.#outbox.hasNext) await this.#work.wait();
      else if (this.#pacer.isLimited) await this.#sendPaced(link);
      else link.together(() => this.#sendBatch(link));
      this.#touch();
      this.#room.notify();
      if (link.isCongested) await link.relieved();
    }
  }

  /** Frames enough for one large write. */
  #sendBatch(link: Link): void {
    for (let bytes = 0; bytes < batchBytes;) {
      const frame = this.#outbox.next(headerBytes + chunkPayloadLimit);
      if (frame === undefined) return;
      link.write(frame);
      bytes += frame.payload.length;
    }
  }

  async #sendPaced(link: Link): Promise<void> {
    const frame = this.#outbox.next(this.#pacer.pieceBytes);
    if (frame === undefined) return;
    this.#touch();
    const { header, payload } = frame;
    const padding = paddingOf(payload.length);
    const total = headerBytes + payload.length + padding.length;
    for (let at = 0; at < total;) {
      const granted = await this.#pacer.take(total - at);
      if (link.isOver) return;
      // The header goes out whole, however little was granted, and the padding with what is last.
      const isLast = at + granted === total;
      const piece = payload.subarray(Math.max(0, at - headerBytes), Math.max(0, at + granted - headerBytes));
      link.write({ header: at === 0 ? header : none, payload: piece, padding: isLast ? padding : none }, isLast);
      at += granted;
    }
  }

  #keepAlive(link: Link): void {
    const { silenceLimitMs = 10_000, keepaliveMs = 1000 } = this.#options;
    const timer = setInterval(
      () => {
        if (link.silentMs() > silenceLimitMs) link.cut();
        else if (!this.#roundTrip.isOpen) link.aside(controlFrame("ping", this.#roundTrip.begin(performance.now())));
      },
      Math.min(keepaliveMs, silenceLimitMs / 2),
    );
    void link.ended.then(() => clearInterval(timer));
    link.aside(controlFrame("ping", this.#roundTrip.begin(performance.now())));
  }

  #detach(link: Link): void {
    if (link !== this.#link) return;
    this.#formerWireBytes += link.wireBytes;
    this.#link = undefined;
    link.cut();
    this.#work.notify();
    this.#touch();
    if (this.#phase !== "over") this.#armGiveUp();
    this.#options.onLink?.("disconnected");
  }

  #armGiveUp(): void {
    this.#giveUpTimer = setTimeout(() => {
      const error = new ChannelError("link-lost", `nobody dialled within ${this.#giveUpAfterMs} ms`);
      this.#conclude(error, error);
    }, this.#giveUpAfterMs);
  }

  readonly #abort = (): void => {
    const { signal } = this.#options;
    const error = new ChannelError("aborted", "the source's side was aborted", { cause: signal?.reason });
    this.#conclude(error, error);
  };

  #conclude(error: ChannelError | undefined, lastWord: ChannelError | FrameParts | undefined): void {
    if (this.#phase === "over") return;
    this.#phase = "over";
    this.#error = error ?? new ChannelError("closed", "the channel has been closed");
    this.#farewell = lastWord instanceof ChannelError ? lastWord : peerClosed();
    clearTimeout(this.#giveUpTimer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#finishing = this.#link?.finish(lastWord);
    this.#work.notify();
    this.#room.notify();
    this.#touch();
    this.#rejectLoaded(this.#error);
    this.#resolveClosed(error);
  }

  #push(type: "round-end" | "switchover" | "end" | "grant", message?: object): void {
    this.#outbox.pushControl(type, message);
    this.#work.notify();
  }

  /** Keeps the busy clock right; to be called whenever one of the things it depends on may have changed. */
  #touch(): void {
    const hasWork = this.#outbox.isUnderWay || (this.#outbox.hasNext && !this.#pacer.waitsForMigration);
    this.#busy.set(this.#link !== undefined && this.#phase !== "over" && hasWork, performance.now());
  }

  #requirePhase(phase: "stream" | "ended"): void {
    this.#requireOpen();
    if (this.#phase !== phase) throw new Error(`the stream has ${phase === "stream" ? "" : "not "}ended`);
  }

  #requireOpen(): void {
    if (this.#phase === "over" && this.#error !== undefined) throw this.#error;
  }
}

function peerClosed(): ChannelError {
  return new ChannelError("peer-closed", "the other side has closed the channel before the stream's end");
}
