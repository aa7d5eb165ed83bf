import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Conversation } from "./conversation.ts";
import type { KeyValueStore } from "./key-value.ts";
import { Replies } from "./replies.ts";
import { WriteThrottle } from "./write-throttle.ts";

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
  readonly #throttle = new WriteThrottle();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(listen: Listen, info: () => object) {
    this.#listen = listen;
    this.#info = info;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Writes per second that are let through; `undefined` for all. */
  get limitPerSec(): number | undefined {
    return this.#throttle.limitPerSec;
  }

  async start(store: KeyValueStore): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(server, socket, store));
    server.listen({ ...this.#listen, backlog: connectionLimit });
    await once(server, "listening");
    // A client that could not be accepted, for want of descriptors say, must not end the device.
    server.on("error", () => undefined);
    this.#server = server;
    this.#throttle.begin();
  }

  /** When it returns the port is closed and every connection ended: no reply leaves any more, and nothing is throttled. */
  stop(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    this.#throttle.clear();
  }

  /** The share of the writes of the last seconds that clients are to lose: they are made to wait. 0 ends it. */
  throttle(share: number): void {
    this.#throttle.throttle(share);
  }

  #accept(server: Server, socket: Socket, store: KeyValueStore): void {
    socket.on("error", () => undefined);
    if (this.#server !== server) return void socket.destroy();
    if (this.#sockets.size >= connectionLimit) {
      return void socket.end(`ERROR too-many-connections At most ${connectionLimit} clients are served.\n`);
    }
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    this.#converse(socket, store);
  }

  #converse(socket: Socket, store: KeyValueStore): void {
    // Who does not read the replies is not listened to: at most those of one chunk pile up.
    const send = (bytes: Buffer) => socket.write(bytes) || socket.pause();
    const conversation = new Conversation(store, this.#replies, this.#info, send, this.#throttle);
    const listenIfFree = () => {
      if (conversation.heldBack) this.#throttle.wait(goOn);
      else if (!socket.writableNeedDrain) socket.resume();
    };
    // What the throttle holds back is part of what was read: nothing more is.
    const goOn = () => {
      if (socket.destroyed) return;
      conversation.goOn();
      listenIfFree();
    };
    socket.on("data", (chunk: Buffer) => {
      this.#throttle.tick();
      conversation.take(chunk);
      if (!conversation.heldBack) return;
      socket.pause();
      this.#throttle.wait(goOn);
    });
    socket.on("drain", () => conversation.heldBack || socket.resume());
    socket.once("close", () => this.#throttle.leave(goOn));
  }
}
