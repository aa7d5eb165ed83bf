import type { Socket } from "node:net";
import { readInto } from "./read-into.ts";

/** What is handed on costs about the same however long it is, so that as much as this is handed on at once. */
const chunkBytes = 1024 * 1024;
/** Small enough that it is in the cache yet when it is gathered. */
const readBytes = 256 * 1024;
/** Memory of that size is not taken for less. */
const smallBytes = 128 * 1024;
/** For so long more is waited for before less than a chunk is handed on. */
const lingerMs = 1;

/** Gives memory for so many bytes, to be handed on with what came. */
export type Allocate = (size: number) => Uint8Array;

const fromHeap: Allocate = (size) => Buffer.allocUnsafeSlow(size);

/**
 * The bytes that come in on a connection, gathered into chunks and read as they are wanted: beyond one chunk, what is not read waits in the
 * kernel's buffers, and then the other side waits. `gather` reads ahead into memory for a while.
 */
export class StreamReader {
  readonly #socket: Socket;
  readonly #whole: Uint8Array[] = [];
  #allocate: Allocate = fromHeap;
  /** What is being filled; none while nothing of a chunk has come. */
  #chunk: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  /** Up to so much is read ahead; 0 for no more than a chunk. */
  #mostBytes = 0;
  #discards = false;
  #look: () => void = () => undefined;

  /**
   * @param accepted of which nothing has been read
   * @throws where that is not so
   */
  constructor(accepted: Socket) {
    const socket = readInto(accepted, readBytes, (bytes) => this.#take(bytes));
    this.#socket = socket;
    socket.on("end", () => this.#end());
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  /** Whether everything has been read that will ever come. */
  get ended(): boolean {
    return this.#ended && this.#whole.length === 0 && this.#filled === 0;
  }

  /**
   * What has come, or nothing where nothing comes within the time or at all.
   *
   * @param allocate where the memory of what comes from now on is from
   */
  async next(limitMs: number, allocate = this.#allocate): Promise<Uint8Array | undefined> {
    this.#allocate = allocate;
    await this.#until(() => this.#filled > 0, limitMs);
    await this.#until(() => this.#filled === 0, lingerMs);
    const chunk = this.#whole.shift() ?? this.#begun();
    if (this.#whole.length === 0) this.#goOn();
    return chunk;
  }

  /** Read, and not handed on yet. */
  get heldBytes(): number {
    return this.#filled + this.#whole.reduce((sum, { length }) => sum + length, 0);
  }

  /**
   * From now on whatever comes is read, whether it is asked for or not, until `next` has had it all, or about so much of it is kept. 0: no
   * more than a chunk, as at first; what has been read beyond that is handed on before anything else is read.
   */
  gather(mostBytes = Infinity): void {
    this.#mostBytes = mostBytes;
    if (this.#readsOn) this.#socket.resume();
  }

  /** From now on whatever comes is read, and kept no longer. */
  discard(): void {
    this.#discards = true;
    this.#socket.resume();
  }

  /** The other way. */
  answer(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Nothing more comes than has been read. */
  close(): void {
    this.#socket.destroy();
  }

  /** Says whether to read on. */
  #take(bytes: Buffer): boolean {
    if (this.#discards) return true;
    for (let at = 0; at < bytes.length;) {
      this.#chunk ??= this.#allocate(chunkBytes);
      const piece = bytes.subarray(at, at + this.#chunk.length - this.#filled);
      this.#chunk.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#chunk.length) this.#whole.push(this.#cut(this.#chunk));
    }
    this.#look();
    return this.#readsOn;
  }

  get #readsOn(): boolean {
    return this.#whole.length === 0 || this.#whole.length * chunkBytes < this.#mostBytes;
  }

  #goOn(): void {
    this.#mostBytes = 0;
    this.#socket.resume();
  }

  /** What there is of a chunk that is not whole. */
  #begun(): Uint8Array | undefined {
    if (this.#chunk === undefined || this.#filled === 0) return undefined;
    if (this.#filled >= smallBytes) return this.#cut(this.#chunk);
    const copy = Buffer.from(this.#chunk.subarray(0, this.#filled));
    this.#filled = 0;
    return copy;
  }

  #cut(chunk: Uint8Array): Uint8Array {
    const cut = chunk.subarray(0, this.#filled);
    this.#chunk = undefined;
    this.#filled = 0;
    return cut;
  }

  /** Or until a chunk is whole or nothing more comes. */
  async #until(isSo: () => boolean, limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#look = () => {
        if (this.#whole.length > 0 || this.#ended || isSo()) resolve();
      };
      timer = setTimeout(resolve, limitMs);
      this.#look();
    });
    clearTimeout(timer);
    this.#look = () => undefined;
  }

  #end(): void {
    this.#ended = true;
    this.#look();
  }
}
