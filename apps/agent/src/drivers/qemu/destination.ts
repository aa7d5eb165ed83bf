import type { Destination, StateDigest } from "@godwit/backend";
import { endNow, goOn, type IncomingMigration, isRunning, type Qemu } from "@godwit/qemu";
import { deviceError } from "../device-error.ts";
import { Loss } from "../loss.ts";
import { lostBehind } from "./lost-behind.ts";
import { digestsOf, type StreamDigest, valueOf } from "./stream-digest.ts";

/** From the end of the stream; a device with much state takes its time. */
const loadLimitMs = 120_000;

export interface DestinationParts {
  qemu: Qemu;
  migration: IncomingMigration;
  /** How many streams there are besides the one. */
  beside: number;
  /** One that nobody serves any more: without it the guest could not go on. */
  lostShare: () => Promise<string | undefined>;
  end: () => Promise<void>;
}

/** A QEMU that waits for a guest on the host that it goes to. What has come stands still until it is told to go on. */
export class QemuDestination implements Destination {
  readonly #parts: DestinationParts;
  readonly streams: number;
  readonly #digests: StreamDigest[];
  readonly #loss: Loss;
  #loaded = false;
  #started = false;

  constructor(parts: DestinationParts) {
    this.#parts = parts;
    this.streams = 1 + parts.beside;
    this.#digests = digestsOf(this.streams);
    this.#loss = new Loss(parts.qemu.lost);
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#loss.orElse(this.#take(0, chunks, phase));
    if (phase === "precopy") return;
    await this.#loss.orElse(this.#parts.migration.completed(loadLimitMs)).catch(async (error: unknown) => {
      // Of a share's end QEMU says no more than that it could not load.
      await this.#expectServed();
      throw error;
    });
    this.#loaded = true;
  }

  async loadBeside(stream: number, chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#loss.orElse(this.#take(stream, chunks, phase));
    if (phase === "final") await this.#parts.migration.endStream(stream);
  }

  async verify(): Promise<StateDigest> {
    this.#loss.expectNone();
    if (!this.#loaded) throw deviceError("incomplete", "QEMU has not loaded the whole guest");
    if (!this.#started && (await isRunning(this.#parts.qemu.qmp)))
      throw deviceError("running", "QEMU runs the guest, which nobody has allowed it to");
    return { digest: valueOf(this.#digests) };
  }

  async start(): Promise<void> {
    // While it stands still its source has the same guest; once it has run, only this host has.
    await this.#expectServed();
    await goOn(this.#parts.qemu.qmp).catch(async (error: unknown) => {
      const lost = await lostBehind(this.#loss, error);
      throw lost === undefined ? error : deviceError("gone", lost);
    });
    this.#started = true;
    this.#parts.migration.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { migration, qemu } = this.#parts;
    migration.close();
    // It would neither answer nor quit.
    if (!this.#started && migration.isHalfBegun) await endNow(qemu.process);
    if (!this.#started) await this.#parts.end();
  }

  async #expectServed(): Promise<void> {
    const share = await this.#parts.lostShare();
    if (share !== undefined) throw deviceError("gone", `the virtiofsd for its share ${share} has ended`);
  }

  async #take(stream: number, chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    const digest = this.#digests[stream];
    for await (const chunk of chunks) {
      if (phase === "precopy") digest?.passed(chunk);
      else digest?.last(chunk);
      await this.#parts.migration.write(chunk, stream);
    }
  }
}
