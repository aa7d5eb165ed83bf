import type { Socket } from "node:net";
import { listening, PeerProxy } from "./peer-proxy.ts";

/** What is done to the stream from the source, once so many bytes of it have passed. */
export type Damage = "none" | "flip" | "truncate" | "cut";

/** A proxy in front of a source's port, which flips a bit, ends the stream for good, or cuts the connection once. */
export class DamagingProxy extends PeerProxy {
  damage: Damage = "none";
  afterBytes = 0;
  /** How often damage was done. */
  done = 0;
  #passed = 0;

  static async start(): Promise<DamagingProxy> {
    return new DamagingProxy(await listening());
  }

  arm(damage: Damage, afterBytes: number): void {
    this.damage = damage;
    this.afterBytes = afterBytes;
    this.#passed = 0;
    this.done = 0;
  }

  protected carry(source: Socket, destination: Socket): void {
    destination.on("data", (data: Buffer) => source.write(data));
    source.on("data", (data: Buffer) => {
      if (!destination.write(this.#treated(data, source))) source.pause();
    });
    destination.on("drain", () => source.resume());
  }

  #treated(data: Buffer, source: Socket): Buffer {
    const before = this.#passed;
    this.#passed += data.length;
    if (this.damage === "none" || this.#passed <= this.afterBytes) return data;
    const at = Math.max(0, this.afterBytes - before);
    if (this.damage === "truncate") {
      this.done += 1;
      source.destroy();
      return data.subarray(0, at);
    }
    if (this.done > 0) return data;
    this.done += 1;
    if (this.damage === "cut") {
      source.destroy();
      return data.subarray(0, at);
    }
    const damaged = Buffer.from(data);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    return damaged;
  }
}
