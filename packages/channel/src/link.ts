/**
 * One TCP connection of a channel, seen from either end: whole frames out, silence noticed, one end for all reasons.
 */
import type { Socket } from "node:net";
import type { ChannelError } from "./errors.ts";
import { paddingOf } from "./frame.ts";
import { Gate } from "./gate.ts";
import { errorFrame } from "./messages.ts";

/**
 * So much waits in the process for the kernel to take it: more than one batch, so that the next one is ready when the
 * kernel has room again.
 */
const highWaterBytes = 2 * 1024 * 1024;
/** The time a connection has, after its last frame, to deliver it. */
const lingerMs = 1000;

export interface FrameParts {
  header: Uint8Array;
  payload: Uint8Array;
  /** What follows the payload; unless given, what a whole frame needs. */
  padding?: Uint8Array;
}

export class Link {
  readonly socket: Socket;
  /** Resolves once the connection has gone. */
  readonly ended: Promise<void>;
  #wireBytes = 0;
  #isOver = false;
  /** A frame has been written in part; no other may begin. */
  #midFrame = false;
  readonly #asides: FrameParts[] = [];
  readonly #written = new Gate();
  readonly #onWritten = (): void => this.#written.notify();
  #heardAt = performance.now();

  constructor(socket: Socket) {
    this.socket = socket;
    // An error is followed by `close`, and what it says (reset, broken pipe) makes no difference to the channel.
    socket.on("error", () => socket.destroy());
    this.ended = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isOver = true;
        this.#written.notify();
        resolve();
      });
    });
  }

  /** Nothing can be sent any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes handed to the socket. */
  get wireBytes(): number {
    return this.#wireBytes;
  }

  get isCongested(): boolean {
    return this.socket.writableLength >= highWaterBytes;
  }

  /** Resolves when there is room again, or the connection has gone. */
  async relieved(): Promise<void> {
    while (this.isCongested && !this.#isOver) await this.#written.wait();
  }

  /** Sends a frame, or a part of one if not `last`. */
  write(parts: FrameParts, last = true): void {
    if (this.#isOver) return;
    this.socket.cork();
    this.#put(parts);
    this.#midFrame = !last;
    for (const aside of last ? this.#asides.splice(0) : []) this.#put(aside);
    this.socket.uncork();
  }

  /** Passes on in one write what is written in the course of the call. */
  together(writes: () => void): void {
    this.socket.cork();
    writes();
    this.socket.uncork();
  }

  /** Sends a frame that is in no sequence, at the next border between frames. */
  aside(parts: FrameParts): void {
    if (this.#midFrame) this.#asides.push(parts);
    else this.write(parts);
  }

  /** The peer has said something. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** Says a last word, if there is one and the frame being sent leaves room for it, and lets the connection end. */
  async finish(last: FrameParts | ChannelError | undefined): Promise<void> {
    if (!this.#isOver && last !== undefined && !this.#midFrame) {
      this.write(last instanceof Error ? errorFrame(last) : last);
      this.#isOver = true;
      this.socket.end();
      this.socket.resume();
      const timer = setTimeout(() => this.socket.destroy(), lingerMs);
      await this.ended;
      clearTimeout(timer);
      return;
    }
    this.cut();
    await this.ended;
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#isOver = true;
    this.#written.notify();
    this.socket.destroy();
  }

  #put({ header, payload, padding }: FrameParts): void {
    const parts = [header, payload, padding ?? paddingOf(payload.length)].filter((part) => part.length > 0);
    for (const [index, part] of parts.entries()) {
      this.#wireBytes += part.length;
      if (index < parts.length - 1) this.socket.write(part);
      else this.socket.write(part, this.#onWritten);
    }
  }
}
