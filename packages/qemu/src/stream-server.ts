import { rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { QmpError } from "./qmp/qmp-error.ts";
import { StreamReader } from "./stream-reader.ts";

/** Where a QEMU connects to that sends its guest: once, or once more for each stream beside the first. */
export class StreamServer {
  /** In the order in which they have come; QEMU connects the one that tells of the others first. */
  readonly streams: StreamReader[] = [];
  readonly #server: Server;
  readonly #count: number;
  #failure: unknown;
  #tell: () => void = () => undefined;

  private constructor(server: Server, count: number) {
    this.#server = server;
    this.#count = count;
    server.on("connection", (socket) => this.#take(socket));
  }

  /** @param path of a socket to listen on */
  static async listen(path: string, count: number): Promise<StreamServer> {
    await rm(path, { force: true });
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
    return new StreamServer(server, count);
  }

  /** Resolves when all have come. */
  async complete(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#tell = resolve;
      timer = setTimeout(resolve, limitMs);
      if (this.#isComplete || this.#failure !== undefined) resolve();
    });
    clearTimeout(timer);
    if (this.#isComplete) return;
    if (this.#failure !== undefined) throw this.#failure;
    const which = this.#count === 1 ? "" : ` on ${this.#count - this.streams.length} of ${this.#count} streams`;
    throw new QmpError("deadline", `QEMU has not begun to send${which}`);
  }

  /** To QEMU, on the first one. */
  answer(bytes: Uint8Array): void {
    this.streams[0]?.answer(bytes);
  }

  close(): void {
    this.#server.close();
    for (const stream of this.streams) stream.close();
    this.#tell();
  }

  get #isComplete(): boolean {
    return this.streams.length === this.#count;
  }

  #take(socket: Socket): void {
    if (this.#isComplete) return void socket.destroy();
    try {
      this.streams.push(new StreamReader(socket));
    } catch (error) {
      this.#failure = error;
      socket.destroy();
    }
    if (this.#isComplete || this.#failure !== undefined) this.#tell();
  }
}
