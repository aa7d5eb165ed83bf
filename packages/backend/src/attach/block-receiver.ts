import { AttachError, blockHeaderBytes, blockLimitBytes, roundAbandoned, roundEnd } from "../attach-protocol.ts";
import { LineBuffer } from "./lines.ts";

/** Where a round's bytes go: read straight into what `allocate` gives, then written, one block at a time. */
export interface RoundTarget {
  allocate(size: number): Uint8Array;
  write(chunk: Uint8Array): Promise<void>;
  /** A write has failed: the rest of the round will be dropped. */
  failed(): void;
}

interface Round {
  target: RoundTarget;
  failure: { error: unknown } | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Reads a bulk connection in the agent's process. It tells the socket (`net.connect`'s `onread`) where each read goes, so
 * that no byte is copied, and stops reading while a block is being written.
 */
export class BlockReceiver {
  readonly onread = {
    buffer: (): Uint8Array => this.#place(),
    callback: (bytesRead: number): boolean => this.#took(bytesRead),
  };
  readonly #onLine: (line: string) => void;
  readonly #control: { resume(): void; destroy(error: Error): void };
  readonly #lines = new LineBuffer();
  readonly #scratch = Buffer.alloc(blockLimitBytes);
  readonly #header = Buffer.alloc(blockHeaderBytes);
  #at: "greeting" | "header" | "block" = "greeting";
  #filled = 0;
  #block: Uint8Array | undefined;
  #blockBytes = 0;
  #round: Round | undefined;

  constructor(onLine: (line: string) => void, control: { resume(): void; destroy(error: Error): void }) {
    this.#onLine = onLine;
    this.#control = control;
  }

  /** The greeting is over: from here on there are blocks. */
  expectBlocks(): void {
    this.#at = "header";
  }

  /** Takes one round; resolves at its end mark, and rejects with a failed write's reason or where the sender gave up. */
  receive(target: RoundTarget): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#round = { target, failure: undefined, resolve, reject };
    });
  }

  /** No round will come after all, or not the rest of it. */
  release(error: Error): void {
    this.#round?.reject(error);
    this.#round = undefined;
  }

  /** The rest of the round is dropped and `error` is its outcome. */
  fail(error: unknown): void {
    if (this.#round === undefined || this.#round.failure !== undefined) return;
    this.#round.failure = { error };
    this.#round.target.failed();
  }

  #place(): Uint8Array {
    if (this.#at === "greeting") return this.#scratch;
    if (this.#at === "header") return this.#header.subarray(this.#filled);
    return (this.#block ?? this.#scratch).subarray(this.#filled, this.#blockBytes);
  }

  #took(bytesRead: number): boolean {
    try {
      if (this.#at === "greeting") {
        this.#lines.take(Buffer.from(this.#scratch.subarray(0, bytesRead)), this.#onLine);
        return true;
      }
      this.#filled += bytesRead;
      if (this.#at === "header") return this.#filled < blockHeaderBytes || this.#begin(this.#header.readUInt32LE());
      return this.#filled < this.#blockBytes || this.#finishBlock();
    } catch (error) {
      this.#control.destroy(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #begin(length: number): boolean {
    this.#filled = 0;
    const round = this.#round;
    if (round === undefined) throw new AttachError("bad-message", "the back end sent bytes that nobody asked for");
    if (length === roundEnd || length === roundAbandoned) return this.#finishRound(round, length);
    if (length > blockLimitBytes) throw new AttachError("bad-message", `a block of ${length} bytes is too long`);
    this.#at = "block";
    this.#blockBytes = length;
    this.#block = round.failure === undefined ? round.target.allocate(length) : undefined;
    return true;
  }

  #finishBlock(): boolean {
    const [block, round] = [this.#block, this.#round];
    this.#at = "header";
    this.#filled = 0;
    this.#block = undefined;
    if (block === undefined || round === undefined) return true;
    void round.target.write(block).then(
      () => this.#control.resume(),
      (error: unknown) => {
        this.fail(error);
        this.#control.resume();
      },
    );
    return false;
  }

  #finishRound(round: Round, mark: number): boolean {
    this.#round = undefined;
    if (round.failure !== undefined) round.reject(round.failure.error);
    else if (mark === roundAbandoned) round.reject(new AttachError("abandoned", "the back end gave up sending"));
    else round.resolve();
    return true;
  }
}
