import type { Item } from "./api.ts";
import type { ChannelError } from "./errors.ts";

/** So much is acknowledged at once, so that acknowledging costs little. */
const ackBytes = 2 * 1024 * 1024;
/** What is less than that is acknowledged after this time. */
const ackDelayMs = 2;

interface Entry {
  sequence: number;
  item: Item;
}

type Result = IteratorResult<Item, undefined>;

interface Consumer {
  resolve(result: Result): void;
  reject(error: ChannelError): void;
}

export interface InboxEffects {
  release(slot: Uint8Array): void;
  acknowledge(sequence: number): void;
}

/** Verified items on their way to the one consumer, who acknowledges each by asking for the next. */
export class Inbox {
  readonly #effects: InboxEffects;
  readonly #entries: Entry[] = [];
  #atHand: Entry | undefined;
  #consumer: Consumer | undefined;
  #outcome: { error: ChannelError | undefined } | undefined;
  /** The last item that the consumer has dealt with. */
  #ackedSequence = 0;
  #unacknowledgedBytes = 0;
  /** Runs while items are dealt with; it is not stopped by each acknowledgement, as it would be set anew at once. */
  #timer: NodeJS.Timeout | undefined;

  constructor(effects: InboxEffects) {
    this.#effects = effects;
  }

  get ackedSequence(): number {
    return this.#ackedSequence;
  }

  put(sequence: number, item: Item): void {
    const consumer = this.#consumer;
    if (consumer === undefined) {
      this.#entries.push({ sequence, item });
      return;
    }
    this.#consumer = undefined;
    this.#atHand = { sequence, item };
    consumer.resolve({ done: false, value: item });
  }

  next(): Promise<Result> {
    if (this.#consumer !== undefined) return Promise.reject(new Error("the item before is still being waited for"));
    this.#dealtWith();
    const entry = this.#entries.shift();
    if (entry !== undefined) {
      this.#atHand = entry;
      return Promise.resolve({ done: false, value: entry.item });
    }
    if (this.#outcome === undefined) {
      return new Promise((resolve, reject) => {
        this.#consumer = { resolve, reject };
      });
    }
    const { error } = this.#outcome;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** Nothing more comes. What waits is dropped, unless the consumer may still have it. */
  finish(error: ChannelError | undefined, mode?: "drain"): void {
    this.#outcome = { error };
    clearTimeout(this.#timer);
    if (mode !== "drain") for (const { item } of this.#entries.splice(0)) this.#release(item);
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (error === undefined) consumer?.resolve({ done: true, value: undefined });
    else consumer?.reject(error);
  }

  #dealtWith(): void {
    const entry = this.#atHand;
    if (entry === undefined) return;
    this.#atHand = undefined;
    this.#ackedSequence = entry.sequence;
    this.#release(entry.item);
    if (this.#outcome !== undefined) return;
    if (entry.item.type === "chunk") this.#unacknowledgedBytes += entry.item.bytes.length;
    if (entry.item.type !== "chunk" || this.#unacknowledgedBytes >= ackBytes) this.#acknowledge();
    else this.#timer ??= setTimeout(() => this.#acknowledgeRest(), ackDelayMs);
  }

  #acknowledgeRest(): void {
    this.#timer = undefined;
    if (this.#unacknowledgedBytes > 0) this.#acknowledge();
  }

  #acknowledge(): void {
    this.#unacknowledgedBytes = 0;
    this.#effects.acknowledge(this.#ackedSequence);
  }

  #release(item: Item): void {
    if (item.type === "chunk") this.#effects.release(item.bytes);
  }
}
