import type { Destination, StateDigest } from "@godwit/backend";
import { goOn, type IncomingMigration, isRunning, type Qemu } from "@godwit/qemu";
import { deviceError } from "../device-error.ts";
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
  #lost: string | undefined;
  #loaded = false;
  #started = false;

  constructor(parts: DestinationParts) {
    this.#parts = parts;
    void parts.qemu.lost.then((said) => (this.#lost = said));
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    const { migration, qemu } = this.#parts;
    const lost = qemu.lost.then((said) => Promise.reject(deviceError("gone", said)));
    const taken = (async () => {
      for await (const chunk of chunks) {
        if (phase === "precopy") this.#digest.passed(chunk);
        else this.#digest.last(chunk);
        await migration.write(chunk);
      }
    })();
    await Promise.race([taken, lost]);
    if (phase === "precopy") return;
    await Promise.race([migration.completed(loadLimitMs), lost]);
    this.#loaded = true;
  }

  async verify(): Promise<StateDigest> {
    if (this.#lost !== undefined) throw deviceError("gone", this.#lost);
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
}
