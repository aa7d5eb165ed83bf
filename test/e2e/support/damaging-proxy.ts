import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";

/** What is done to the stream from the source, once so many bytes of it have passed. */
export type Damage = "none" | "flip" | "truncate" | "cut";

/** A TCP proxy in front of a source's port, which flips a bit, ends the stream for good, or cuts the connection once. */
export class DamagingProxy implements AsyncDisposable {
  damage: Damage = "none";
  afterBytes = 0;
  targetPort = 0;
  /** How often damage was done. */
  done = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #passed = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#pass(socket));
  }

  static async start(): Promise<DamagingProxy> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new DamagingProxy(server);
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy listens on no port");
    return `127.0.0.1:${address.port}`;
  }

  arm(damage: Damage, afterBytes: number): void {
    this.damage = damage;
    this.afterBytes = afterBytes;
    this.#passed = 0;
    this.done = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(destination: Socket): void {
    const source = connect(this.targetPort, "127.0.0.1");
    for (const [socket, peer] of [
      [source, destination],
      [destination, source],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        peer.destroy();
        this.#sockets.delete(socket);
      });
    }
    destination.on("data", (data: Buffer) => source.write(data));
    source.on("data", (data: Buffer) => {
      if (!destination.write(this.#treated(data, source))) source.pause();
    });
    destination.on("drain", () => source.resume());
  }

  #treated(data: Buffer, source: Socket): Buffer {
    const before = this.#passed;
    this.#passed += data.length;
    if (this.damage === "none" || this.#passed <= this.afterBytes) return data;
    const at = Math.max(0, this.afterBytes - before);
    if (this.damage === "truncate") {
      this.done += 1;
      source.destroy();
      return data.subarray(0, at);
    }
    if (this.done > 0) return data;
    this.done += 1;
    if (this.damage === "cut") {
      source.destroy();
      return data.subarray(0, at);
    }
    const damaged = Buffer.from(data);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    return damaged;
  }
}
