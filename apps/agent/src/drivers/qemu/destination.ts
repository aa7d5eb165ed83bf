import type { Destination, StateDigest } from "@godwit/backend";
import { goOn, type IncomingMigration, isRunning, type Qemu } from "@godwit/qemu";
import { deviceError } from "../device-error.ts";
import { Loss } from "../loss.ts";
import { StreamDigest } from "./stream-digest.ts";

/** From the end of the stream; a device with much state takes its time. */
const loadLimitMs = 120_000;

export interface DestinationParts {
  qemu: Qemu;
  migration: IncomingMigration;
  end: () => Promise<void>;
}

/** A QEMU that waits for a guest on the host that it goes to. What has come stands still until it is told to go on. */
export class QemuDestination implements Destination {
  readonly #parts: DestinationParts;
  readonly #digest = new StreamDigest();
  readonly #loss: Loss;
  #loaded = false;
  #started = false;

  constructor(parts: DestinationParts) {
    this.#parts = parts;
    this.#loss = new Loss(parts.qemu.lost);
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#loss.orElse(this.#take(chunks, phase));
    if (phase === "precopy") return;
    await this.#loss.orElse(this.#parts.migration.completed(loadLimitMs));
    this.#loaded = true;
  }

  async verify(): Promise<StateDigest> {
    this.#loss.expectNone();
    if (!this.#loaded) throw deviceError("incomplete", "QEMU has not loaded the whole guest");
    if (!this.#started && (await isRunning(this.#parts.qemu.qmp)))
      throw deviceError("running", "QEMU runs the guest, which nobody has allowed it to");
    return { digest: this.#digest.value };
  }

  async start(): Promise<void> {
    await goOn(this.#parts.qemu.qmp);
    this.#started = true;
    this.#parts.migration.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.migration.close();
    if (!this.#started) await this.#parts.end();
  }

  async #take(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    for await (const chunk of chunks) {
      if (phase === "precopy") this.#digest.passed(chunk);
      else this.#digest.last(chunk);
      await this.#parts.migration.write(chunk);
    }
  }
}
