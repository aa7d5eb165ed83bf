import { LeaseLostError, type Store } from "@godwit/store";
import type { Logger } from "pino";
import { after, type Clock, waited } from "../clock.ts";

/** In parts of the time for which it is taken: how often it is renewed, and how soon again where that failed. */
const renewedEvery = 0.3;
const triedAgainEvery = 0.1;

export interface LeaseParts {
  store: Store;
  clock: Clock;
  log: Logger;
  /** How long it is taken for each time. */
  leaseMs: number;
  /** Once, with the reason: nothing may be sent from then on. */
  onLost: (error: Error) => void;
}

/** It could not be renewed in time: another may have taken it, or may take it at any moment. */
export class LeaseRanOutError extends Error {
  override name = "LeaseRanOutError";

  constructor() {
    super("the lease on the database ran out before it could be renewed; this orchestrator stops");
  }
}

/** The lease that makes this process the one that decides, renewed until it is given back or lost. */
export class HeldLease implements AsyncDisposable {
  readonly #parts: LeaseParts;
  readonly #stopped = new AbortController();
  readonly #renewing: Promise<void>;
  #runsOutAt = 0;
  #disarm: () => void = () => undefined;

  private constructor(parts: LeaseParts, takenAt: number) {
    this.#parts = parts;
    this.#runFrom(takenAt);
    this.#renewing = this.#keepRenewing();
  }

  static async take(
    parts: LeaseParts,
    holder: string,
  ): Promise<{ lease: HeldLease } | { heldBy: string; expiresInMs: number }> {
    const from = parts.clock.now();
    const taken = await parts.store.lease.take({ holder, forMs: parts.leaseMs });
    return "heldBy" in taken ? taken : { lease: new HeldLease(parts, from) };
  }

  /**
   * To be asked before anything is sent: a process that was stopped for a while goes on in the midst of whatever it did, before
   * any timer tells it how late it is. Its time counts from before the database was asked, so it is over here before it is there.
   */
  isHeld(): boolean {
    if (!this.#isOver && this.#parts.clock.now() >= this.#runsOutAt) this.#lose(new LeaseRanOutError());
    return !this.#isOver;
  }

  /** Gives it back, so that a successor need not wait for it to run out. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isLost = !this.isHeld();
    this.#end();
    await this.#renewing;
    if (isLost) return;
    await this.#parts.store.lease.giveBack().catch((error: unknown) => {
      this.#parts.log.warn(error, "the lease could not be given back; it runs out by itself");
    });
  }

  get #isOver(): boolean {
    return this.#stopped.signal.aborted;
  }

  #runFrom(at: number): void {
    const { clock, leaseMs } = this.#parts;
    this.#runsOutAt = at + leaseMs;
    this.#disarm();
    this.#disarm = after(clock, Math.max(0, this.#runsOutAt - clock.now()), () => void this.isHeld());
  }

  async #keepRenewing(): Promise<void> {
    const { clock, leaseMs } = this.#parts;
    for (let part = renewedEvery; await waited(clock, part * leaseMs, this.#stopped.signal);) {
      part = (await this.#renewed()) ? renewedEvery : triedAgainEvery;
    }
  }

  async #renewed(): Promise<boolean> {
    const { store, clock, log, leaseMs } = this.#parts;
    const from = clock.now();
    try {
      const isOurs = await store.lease.renew({ forMs: leaseMs, limitMs: renewedEvery * leaseMs });
      if (!isOurs) this.#lose(new LeaseLostError());
      else if (!this.#isOver) this.#runFrom(from);
      return isOurs;
    } catch (error) {
      log.warn(error, "the lease could not be renewed; it is tried again");
      return false;
    }
  }

  #lose(error: Error): void {
    if (this.#isOver) return;
    this.#end();
    this.#parts.onLost(error);
  }

  #end(): void {
    this.#stopped.abort();
    this.#disarm();
  }
}
