import type { Server, Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { RateLimit } from "@godwit/channel";
import { listening, PeerProxy } from "./peer-proxy.ts";

/**
 * A proxy in front of a source's port that is a link of so many bytes a second, in each direction and for all connections
 * together. Both may change at any time, and it may be dead: nothing passes then, and no connection ends. What does not pass is
 * not read, so that whoever sends it sees it waiting.
 */
export class SlowLink extends PeerProxy {
  /** From the source, since the start. */
  passedBytes = 0;
  readonly #fromSource: RateLimit;
  readonly #toSource: RateLimit;
  #alive = Promise.resolve();
  #revive: (() => void) | undefined;

  private constructor(server: Server, bytesPerSec: number | undefined) {
    super(server);
    this.#fromSource = new RateLimit(bytesPerSec);
    this.#toSource = new RateLimit(bytesPerSec);
  }

  static async start(bytesPerSec?: number): Promise<SlowLink> {
    return new SlowLink(await listening(), bytesPerSec);
  }

  /** `undefined` is no limit. */
  get bytesPerSec(): number | undefined {
    return this.#fromSource.bytesPerSec;
  }

  set bytesPerSec(bytesPerSec: number | undefined) {
    this.#fromSource.bytesPerSec = bytesPerSec;
    this.#toSource.bytesPerSec = bytesPerSec;
  }

  get dead(): boolean {
    return this.#revive !== undefined;
  }

  set dead(dead: boolean) {
    if (dead === this.dead) return;
    if (dead) this.#alive = new Promise((resolve) => (this.#revive = resolve));
    else {
      this.#revive?.();
      this.#revive = undefined;
    }
  }

  /** Resolves when it is alive again. */
  async dieFor(ms: number): Promise<void> {
    this.dead = true;
    await setTimeout(ms);
    this.dead = false;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.dead = false;
    this.bytesPerSec = undefined;
    await super[Symbol.asyncDispose]();
  }

  protected carry(source: Socket, destination: Socket): void {
    void this.#carry(source, destination, this.#fromSource, (bytes) => (this.passedBytes += bytes));
    void this.#carry(destination, source, this.#toSource, () => undefined);
  }

  /** A socket that is iterated over is read one piece ahead; the rest waits in the kernel, and then at its sender. */
  async #carry(from: Socket, to: Socket, limit: RateLimit, passed: (bytes: number) => void): Promise<void> {
    try {
      for await (const data of from) {
        const bytes: Buffer = data;
        for (let at = 0; at < bytes.length;) {
          const granted = await limit.take(bytes.length - at);
          // A link that has died meanwhile dies with what is on it.
          while (this.dead) await this.#alive;
          if (to.destroyed) return;
          if (!to.write(bytes.subarray(at, at + granted))) await drainOf(to);
          passed(granted);
          at += granted;
        }
      }
      to.end();
    } catch {
      // A connection that breaks takes its other half with it.
      to.destroy();
    }
  }
}

/** Resolves when there is room to write again, or never will be. */
async function drainOf(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
