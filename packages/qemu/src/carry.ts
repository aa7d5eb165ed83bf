import type { Allocate } from "./stream-reader.ts";

/** Where what comes on a stream goes; it resolves when more is wanted. */
export type Write = (chunk: Uint8Array) => Promise<void>;

/** What is read of a stream. */
export interface Readable {
  readonly ended: boolean;
  next(limitMs: number, allocate?: Allocate): Promise<Uint8Array | undefined>;
}

export interface Turn {
  /** One for each stream. */
  writes: readonly Write[];
  /** One for each stream: where the memory is from that is written; any where none is said. */
  allocates?: readonly Allocate[];
  /** Looked at before each chunk of any stream. */
  isOver: () => boolean;
  /** Told of each chunk before it is written. */
  onChunk: (stream: number, chunk: Uint8Array) => void;
}

/** So often it is looked whether a turn is over where nothing comes. */
const lookMs = 10;

interface Lane {
  stream: Readable;
  /** The chunk before has not been taken yet. */
  writing: Promise<void> | undefined;
}

/**
 * Carries the streams of one QEMU further, each at its own speed: one that the other side does not take holds up no other. The two QEMUs
 * wait for each other on all of them, now on one and now on another, and would wait for ever where one had to wait for the next. So a
 * turn ends without waiting for what is not taken; that stream is not read on in the next turn before it is.
 */
export class Carry {
  readonly #lanes: Lane[];
  #lastMs = performance.now();
  #failure: { error: unknown } | undefined;

  constructor(streams: readonly Readable[]) {
    this.#lanes = streams.map((stream) => ({ stream, writing: undefined }));
  }

  /** Whether everything has been carried that will ever come on any of them. */
  get allEnded(): boolean {
    return this.#lanes.every(({ stream }) => stream.ended);
  }

  get anyEnded(): boolean {
    return this.#lanes.some(({ stream }) => stream.ended);
  }

  /** For how long nothing has come, though it would have been taken. */
  get quietMs(): number {
    const waits = this.#lanes.some(({ writing }) => writing !== undefined);
    return waits ? 0 : performance.now() - this.#lastMs;
  }

  /** For how long nothing has been taken of what waits to be. */
  get stuckMs(): number {
    const waits = this.#lanes.some(({ writing }) => writing !== undefined);
    return waits ? performance.now() - this.#lastMs : 0;
  }

  /** Until it is over, or all streams have ended. @throws what a write has thrown, in this turn or since */
  async turn(turn: Turn): Promise<void> {
    this.#lastMs = performance.now();
    await Promise.all(this.#lanes.map((lane, number) => this.#carry(lane, number, turn)));
    // One alone holds up nobody.
    if (this.#lanes.length === 1) await this.settled();
    this.#expectNone();
  }

  /** Resolves when all that was carried has been taken. */
  async settled(): Promise<void> {
    await Promise.all(this.#lanes.flatMap(({ writing }) => writing ?? []));
    this.#expectNone();
  }

  async #carry(lane: Lane, number: number, { writes, allocates, isOver, onChunk }: Turn): Promise<void> {
    const isAlone = this.#lanes.length === 1;
    while (this.#failure === undefined && !isOver()) {
      if (lane.writing !== undefined) await (isAlone ? lane.writing : within(lane.writing, lookMs));
      if (lane.writing !== undefined) continue;
      if (lane.stream.ended) return;
      const chunk = await lane.stream.next(lookMs, allocates?.[number]);
      if (chunk === undefined) continue;
      onChunk(number, chunk);
      this.#write(lane, chunk, writes[number]);
    }
  }

  #write(lane: Lane, chunk: Uint8Array, write: Write | undefined): void {
    if (write === undefined) throw new Error("a stream has nowhere to go");
    this.#lastMs = performance.now();
    lane.writing = write(chunk).then(
      () => this.#written(lane),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#written(lane);
      },
    );
  }

  #written(lane: Lane): void {
    lane.writing = undefined;
    this.#lastMs = performance.now();
  }

  #expectNone(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

async function within(done: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
