import { AttachError } from "../attach-protocol.ts";
import type { Destination, StateDigest } from "../backend.ts";
import type { Link } from "./link.ts";
import { digestOf } from "./parameters.ts";

/** An attached device as a destination. */
export class AttachedDestination implements Destination {
  readonly ready?: () => Promise<void>;
  readonly #link: Link;
  readonly #abort = new AbortController();
  #over = false;

  constructor(link: Link, acknowledges: boolean) {
    this.#link = link;
    if (acknowledges) this.ready = async () => void (await link.call("ready"));
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    await this.#link.send(phase, chunks, this.#abort.signal);
  }

  async verify(): Promise<StateDigest> {
    return digestOf(await this.#link.call("verify"));
  }

  async start(): Promise<void> {
    await this.#link.call("start");
    this.#over = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#abort.abort(new AttachError("cancelled", "the destination was disposed of"));
    try {
      await this.#link.call("discard");
    } catch (error) {
      // Without a process there is nothing to be dropped.
      if (!(error instanceof AttachError && error.code === "connection-lost")) throw error;
    }
  }
}
