import { AttachError } from "../attach-protocol.ts";
import type { Accuracy, Pending, Sink, Source, StateDigest } from "../backend.ts";
import type { Link } from "./link.ts";
import { digestOf, pendingOf } from "./parameters.ts";

/** An attached device as a source. `owner` names the one source that migrates the device. */
export class AttachedSource implements Source {
  readonly throttle?: (share: number) => Promise<void>;
  readonly #link: Link;
  readonly #owner: { source: AttachedSource | undefined };
  #over = false;

  constructor(link: Link, owner: { source: AttachedSource | undefined }, canThrottle: boolean) {
    this.#link = link;
    this.#owner = owner;
    if (!canThrottle) return;
    this.throttle = async (share) => {
      this.#own();
      await link.call("throttle", { share });
    };
  }

  async pending(accuracy: Accuracy): Promise<Pending> {
    return pendingOf(await this.#link.call("pending", { accuracy }));
  }

  async precopy(out: Sink): Promise<void> {
    this.#own();
    await this.#link.receive("precopy", out);
  }

  async stop(): Promise<void> {
    this.#own();
    await this.#link.call("stop");
  }

  async final(out: Sink): Promise<StateDigest> {
    this.#own();
    return digestOf(await this.#link.receive("final", out));
  }

  async resume(): Promise<void> {
    this.#own();
    await this.#link.call("resume");
  }

  async commit(): Promise<void> {
    this.#own();
    try {
      await this.#link.call("commit");
    } catch (error) {
      // A commit is repeated until it is answered.
      if (!(error instanceof AttachError && error.code === "gone")) throw error;
    }
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    const owned = this.#owner.source === this;
    this.#end();
    if (!owned) return;
    try {
      await this.#link.call("abort");
    } catch (error) {
      // Without a process there is nothing to be undone.
      if (!(error instanceof AttachError && (error.code === "connection-lost" || error.code === "gone"))) throw error;
    }
  }

  #own(): void {
    if (this.#over) throw new AttachError("gone", "this migration is over");
    this.#owner.source ??= this;
    if (this.#owner.source !== this) throw new AttachError("busy", "another migration of the device is under way");
  }

  #end(): void {
    this.#over = true;
    if (this.#owner.source === this) this.#owner.source = undefined;
  }
}
