import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A TCP server in front of a source's port. What passes between the two sides, and how, is said by whoever extends it. */
export abstract class PeerProxy implements AsyncDisposable {
  targetPort = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  protected constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#join(socket));
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy listens on no port");
    return address.port;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  protected abstract carry(source: Socket, destination: Socket): void;

  /** Where one side ends, so does the other. */
  #join(destination: Socket): void {
    const source = connect({ host: "127.0.0.1", port: this.targetPort, noDelay: true });
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
    this.carry(source, destination);
  }
}

export async function listening(): Promise<Server> {
  const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
