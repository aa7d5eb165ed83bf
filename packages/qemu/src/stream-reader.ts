import type { Socket } from "node:net";

/**
 * The bytes that come in on a connection, read as they are wanted: what is not read waits in the kernel's buffers, and then the other side
 * waits. `gather` reads ahead into memory for a while.
 */
export class StreamReader {
  readonly #socket: Socket;
  readonly #gathered: Buffer[] = [];
  #ended = false;
  #gathering = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const wake = () => this.#wake();
    socket.on("readable", () => {
      if (this.#gathering) this.#take();
      wake();
    });
    socket.on("end", () => this.#end());
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  /** Whether everything has been read that will ever come. */
  get ended(): boolean {
    return this.#ended && this.#gathered.length === 0;
  }

  /** What has come, or nothing where nothing comes within the time or at all. */
  async next(limitMs: number): Promise<Buffer | undefined> {
    const had = this.#had();
    if (had !== undefined || this.#ended) return had;
    await this.#news(limitMs);
    return this.#had();
  }

  /** From now on whatever comes is read, whether it is asked for or not, until `next` has had it all. */
  gather(): void {
    this.#gathering = true;
    this.#take();
  }

  #had(): Buffer | undefined {
    const gathered = this.#gathered.shift();
    if (gathered !== undefined) return gathered;
    this.#gathering = false;
    return this.#read();
  }

  #take(): void {
    for (let chunk = this.#read(); chunk !== undefined; chunk = this.#read()) this.#gathered.push(chunk);
  }

  #read(): Buffer | undefined {
    const chunk: unknown = this.#socket.read();
    return Buffer.isBuffer(chunk) ? chunk : undefined;
  }

  async #news(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, limitMs);
    });
    clearTimeout(timer);
    this.#wake = () => undefined;
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}
