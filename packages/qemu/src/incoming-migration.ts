import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { queryMigration, receive, setStreams } from "./migration.ts";
import type { Qemu } from "./qemu.ts";
import { QmpError } from "./qmp/qmp-error.ts";

/** A process that ends closes its connections before anybody can see that it has ended. */
const endSeenMs = 1_000;

/**
 * A migration into a QEMU that waits for it, whose streams are written by this process. What QEMU says on the return path goes no further:
 * the source's side is told over the handover's own way.
 */
export class IncomingMigration {
  readonly #qemu: Qemu;
  readonly #path: string;
  /** One for each stream, once it has been begun. */
  readonly #sockets: (Promise<Socket> | undefined)[];
  readonly #events: Disposable;
  #status = "setup";
  #closed = false;
  #tell: () => void = () => undefined;

  private constructor(qemu: Qemu, path: string, count: number) {
    this.#qemu = qemu;
    this.#path = path;
    this.#sockets = Array.from({ length: count });
    this.#events = this.#watch();
    void qemu.lost.then(() => this.#end("failed"));
  }

  /**
   * @param path of a socket for QEMU to listen on
   * @param beside how many streams there are to be besides the one
   */
  static async begin(qemu: Qemu, path: string, beside = 0): Promise<IncomingMigration> {
    await rm(path, { force: true });
    await setStreams(qemu.qmp, beside);
    await receive(qemu.qmp, `unix:${path}`);
    return new IncomingMigration(qemu, path, 1 + beside);
  }

  /** Resolves when the bytes have been handed over and may be overwritten. @throws why the load has failed */
  async write(chunk: Uint8Array, stream = 0): Promise<void> {
    const socket = await this.#socket(stream).catch(() => undefined);
    const failed = await new Promise<boolean>((resolve) => {
      if (socket === undefined) resolve(true);
      socket?.write(chunk, (error) => resolve(error !== undefined && error !== null));
    });
    // With everything loaded QEMU closes what it needs no more.
    if (failed && this.#status !== "completed") throw await this.failure();
  }

  /** Nothing more comes on a stream beside the first. */
  async endStream(stream: number): Promise<void> {
    (await this.#sockets[stream]?.catch(() => undefined))?.end();
  }

  /** Resolves once everything has been loaded; the guest stands still. @throws why the load has failed */
  async completed(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#tell = resolve;
      timer = setTimeout(resolve, limitMs);
      if (this.#isOver) resolve();
    });
    clearTimeout(timer);
    if (this.#status !== "completed") throw await this.failure();
  }

  /** In QEMU's words, or in its last ones. */
  async failure(): Promise<Error> {
    const answer = await queryMigration(this.#qemu.qmp).catch(() => undefined);
    const command = "migrate-incoming";
    if (answer !== undefined)
      return new QmpError("refused", answer.error ?? `the migration is ${answer.status}`, { command });
    let timer: NodeJS.Timeout | undefined;
    const lives = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, endSeenMs);
    });
    const lost = await Promise.race([this.#qemu.lost, lives]);
    clearTimeout(timer);
    if (typeof lost === "string") return new QmpError("closed", lost);
    return new QmpError("deadline", "QEMU does not take its streams, and does not say why", { command });
  }

  /**
   * Whether QEMU waits for a stream that has not come. It then neither answers nor quits, whatever becomes of the others.
   */
  get isHalfBegun(): boolean {
    const begun = this.#sockets.filter((socket) => socket !== undefined).length;
    return begun > 0 && begun < this.#sockets.length;
  }

  close(): void {
    this.#closed = true;
    this.#events[Symbol.dispose]();
    this.#cut();
  }

  get #isOver(): boolean {
    return this.#status === "completed" || this.#status === "failed";
  }

  /** QEMU looks at the first bytes of a connection to tell what it is for, and does nothing else until they have come. */
  async #socket(stream: number): Promise<Socket> {
    if (this.#closed) throw new Error("the migration has been closed");
    return await (this.#sockets[stream] ??= connected(this.#path));
  }

  #watch(): Disposable {
    const events = this.#qemu.qmp.events();
    void (async () => {
      for await (const { name, data } of events) if (name === "MIGRATION") this.#end(String(data["status"]));
    })().catch(() => undefined);
    return events;
  }

  #end(status: string): void {
    this.#status = status;
    if (!this.#isOver) return;
    // Whoever still writes is to hear of it.
    if (status === "failed") this.#cut();
    this.#tell();
  }

  #cut(): void {
    for (const socket of this.#sockets) void socket?.then((each) => each.destroy()).catch(() => undefined);
  }
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.on("error", () => undefined);
  // What QEMU says on the return path is read, and goes nowhere.
  socket.resume();
  return socket;
}
