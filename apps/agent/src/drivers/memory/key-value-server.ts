import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Conversation } from "./conversation.ts";
import type { KeyValueStore } from "./key-value.ts";
import { Replies } from "./replies.ts";

const connectionLimit = 1024;

export interface Listen {
  host: string;
  port: number;
}

/** Serves a store to its clients. Between `start` and `stop` it listens; outside of them nobody is served. */
export class KeyValueServer {
  readonly #listen: Listen;
  readonly #info: () => object;
  readonly #replies = new Replies();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(listen: Listen, info: () => object) {
    this.#listen = listen;
    this.#info = info;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async start(store: KeyValueStore): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(server, socket, store));
    server.listen({ ...this.#listen, backlog: connectionLimit });
    await once(server, "listening");
    // A client that could not be accepted, for want of descriptors say, must not end the device.
    server.on("error", () => undefined);
    this.#server = server;
  }

  /** When it returns the port is closed and every connection ended: no reply leaves any more. */
  stop(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(server: Server, socket: Socket, store: KeyValueStore): void {
    socket.on("error", () => undefined);
    if (this.#server !== server) return void socket.destroy();
    if (this.#sockets.size >= connectionLimit) {
      return void socket.end(`ERROR too-many-connections At most ${connectionLimit} clients are served.\n`);
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // Who does not read the replies is not listened to: at most those of one chunk pile up.
    const send = (bytes: Buffer) => socket.write(bytes) || socket.pause();
    socket.on("drain", () => socket.resume());
    const conversation = new Conversation(store, this.#replies, this.#info, send);
    socket.on("data", (chunk: Buffer) => conversation.take(chunk));
  }
}
