import { EventEmitter, on } from "node:events";
import type { Ended } from "@godwit/core";

interface Topics {
  /** A migration's view has changed; whoever wants it reads it anew. */
  migration: [id: string];
  /** A drain's view has changed. */
  drain: [id: string];
  /** A migration has ended, as it was stored. */
  ended: [state: Ended];
  /** Events have been committed. */
  events: [];
  /** Hosts, guests or slots have changed: the planner may find something to do. */
  schedule: [];
  /** A webhook has been made or changed, or is to be sent something out of turn. */
  webhooks: [];
}

/** Wakes those who wait in this process. What it says may be lost or doubled without harm: every reader reads the state itself. */
export class Bus {
  readonly #emitter = new EventEmitter<Topics>().setMaxListeners(0);

  tell<Topic extends keyof Topics>(topic: Topic, ...args: Topics[Topic]): void {
    // The emitter's own types do not narrow over a generic topic.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    (this.#emitter.emit as (topic: string, ...rest: unknown[]) => boolean).call(this.#emitter, topic, ...args);
  }

  on<Topic extends keyof Topics>(topic: Topic, listener: (...args: Topics[Topic]) => void): () => void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const anyListener = listener as (...args: unknown[]) => void;
    const emitter: EventEmitter = this.#emitter;
    emitter.on(topic, anyListener);
    return () => emitter.off(topic, anyListener);
  }

  /** Every telling of the topic until the signal is aborted; then the iteration ends. */
  async *stream<Topic extends keyof Topics>(topic: Topic, signal: AbortSignal): AsyncGenerator<Topics[Topic]> {
    const emitter: EventEmitter = this.#emitter;
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      for await (const args of on(emitter, topic, { signal })) yield args as Topics[Topic];
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
