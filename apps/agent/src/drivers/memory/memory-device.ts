import { type AttachedDevice, type BackendInfo, type Pending, type Sink, type StateDigest } from "@godwit/backend";
import { KeyValueServer, type Listen } from "./key-value-server.ts";
import { KeyValueStore } from "./key-value.ts";
import { loadPages, sendPages } from "./page-stream.ts";
import { pageBytes, Pages } from "./pages.ts";

export const memoryInfo: BackendInfo = {
  kind: "memory",
  version: "1.0.0",
  format: { writes: 1, reads: [1] },
  features: [],
  can: { precopy: true, throttle: true, toFile: true },
};

/** Measured: closing and opening the port with the calls around them, and the digest per page before it was ever taken. */
const switchMs = 8;
const firstDigestMsPerPage = 0.0004;

/** Key-value memory that serves its clients while it migrates. All its state lies in its pages. */
export class MemoryDevice implements AttachedDevice {
  readonly initialState: "running" | "empty";
  #pages: Pages;
  readonly #server: KeyValueServer;
  #store: KeyValueStore | undefined;
  /** Where the last round ended: the next one goes on there, so that a small budget starves no page. */
  #cursor = 0;
  #digestMsPerPage = firstDigestMsPerPage;

  constructor(sizeBytes: number, listen: Listen, initialState: "running" | "empty") {
    this.initialState = initialState;
    this.#pages = new Pages(sizeBytes);
    this.#server = new KeyValueServer(listen, () => this.#info());
  }

  /** Empty, to be loaded. */
  static empty(sizeBytes: number, listen: Listen): MemoryDevice {
    return new MemoryDevice(sizeBytes, listen, "empty");
  }

  /** Fresh, and serving. */
  static async fresh(sizeBytes: number, listen: Listen): Promise<MemoryDevice> {
    const device = new MemoryDevice(sizeBytes, listen, "running");
    device.#store = KeyValueStore.create(device.#pages);
    await device.resume();
    return device;
  }

  sizeBytes(): number {
    return this.#pages.written.count * pageBytes;
  }

  dirtied(reset: boolean): number {
    return this.#pages.dirtied(reset);
  }

  /** The count of changed pages is always at hand, so that an estimate is exact. */
  pending(): Pending {
    return {
      initialBytes: 0,
      precopyBytes: this.#pages.dirty.count * pageBytes,
      stopcopyBytes: 0,
      fixedMs: switchMs + 2 * this.#pages.written.count * this.#digestMsPerPage,
      ...(this.#pages.copiedBytesPerSec === undefined ? {} : { bytesPerSec: this.#pages.copiedBytesPerSec }),
    };
  }

  throttle(share: number): void {
    this.#server.throttle(share);
  }

  async precopy(out: Sink): Promise<void> {
    this.#cursor = await sendPages(this.#pages, out, this.#cursor);
  }

  stop(): void {
    this.#server.stop();
  }

  async final(out: Sink): Promise<StateDigest> {
    await sendPages(this.#pages, out, 0);
    if (this.#pages.dirty.count > 0) throw new Error(`${this.#pages.dirty.count} pages exceed the budget of the rest`);
    return this.#digest();
  }

  async resume(): Promise<void> {
    if (this.#store === undefined) throw new Error("The memory has not been loaded");
    await this.#server.start(this.#store);
  }

  forget(): void {
    this.#pages.forgetSent();
    this.#cursor = 0;
  }

  commit(): void {
    this.#replacePages(pageBytes);
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await loadPages(this.#pages, chunks);
    if (phase === "final") this.#store = new KeyValueStore(this.#pages);
  }

  verify(): StateDigest {
    return this.#digest();
  }

  async start(): Promise<void> {
    // Of what was loaded, a later migration will have to send everything.
    this.#pages.forgetSent();
    await this.resume();
  }

  discard(): void {
    this.#replacePages(this.#pages.sizeBytes);
  }

  /** New memory rather than old memory cleared: what was never touched costs nothing. */
  #replacePages(sizeBytes: number): void {
    this.#store = undefined;
    this.#cursor = 0;
    this.#pages = new Pages(sizeBytes);
  }

  #digest(): StateDigest {
    const from = performance.now();
    const digest = this.#pages.digest();
    this.#digestMsPerPage = (performance.now() - from) / Math.max(1, this.#pages.written.count);
    return { digest };
  }

  #info(): object {
    return {
      pid: process.pid,
      sizeBytes: this.#pages.sizeBytes,
      usedBytes: this.sizeBytes(),
      dirtyBytes: this.#pages.dirty.count * pageBytes,
      keys: this.#store?.used ?? 0,
      keyLimit: this.#store?.usedLimit ?? 0,
      connections: this.#server.connections,
      writesPerSecLimit: this.#server.limitPerSec,
    };
  }
}
