import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { queryMigration, receive, setCapabilities } from "./migration.ts";
import type { Qemu } from "./qemu.ts";
import { QmpError } from "./qmp/qmp-error.ts";

/**
 * A migration into a QEMU that waits for it, whose stream is written by this process. What QEMU says on the return path goes no further:
 * the source's side is told over the handover's own way.
 */
export class IncomingMigration {
  readonly #qemu: Qemu;
  readonly #socket: Socket;
  readonly #events: Disposable;
  #status = "setup";
  #tell: () => void = () => undefined;

  private constructor(qemu: Qemu, socket: Socket) {
    this.#qemu = qemu;
    this.#socket = socket;
    socket.resume();
    socket.on("error", () => undefined);
    this.#events = this.#watch();
    void qemu.lost.then(() => this.#end("failed"));
  }

  /** @param path of a socket for QEMU to listen on */
  static async begin(qemu: Qemu, path: string): Promise<IncomingMigration> {
    await rm(path, { force: true });
    await setCapabilities(qemu.qmp, { "switchover-ack": true });
    await receive(qemu.qmp, `unix:${path}`);
    const socket = connect(path);
    await once(socket, "connect");
    return new IncomingMigration(qemu, socket);
  }

  /** Resolves when the bytes have been handed over and may be overwritten. @throws why the load has failed */
  async write(chunk: Uint8Array): Promise<void> {
    const failed = await new Promise<boolean>((resolve) => {
      this.#socket.write(chunk, (error) => resolve(error !== undefined && error !== null));
    });
    if (failed) throw await this.failure();
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
    if (answer === undefined) return new QmpError("closed", await this.#qemu.lost);
    return new QmpError("refused", answer.error ?? `the migration is ${answer.status}`, {
      command: "migrate-incoming",
    });
  }

  close(): void {
    this.#events[Symbol.dispose]();
    this.#socket.destroy();
  }

  get #isOver(): boolean {
    return this.#status === "completed" || this.#status === "failed";
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
    if (status === "failed") this.#socket.destroy();
    this.#tell();
  }
}
