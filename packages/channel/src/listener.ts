import { createHash, timingSafeEqual } from "node:crypto";
import type { Server, Socket } from "node:net";
import { once } from "node:events";
import type { ChannelKey, ChannelListener, ListenOptions, OpenOptions, OutgoingChannel, Visit } from "./api.ts";
import { ChannelError } from "./errors.ts";
import { type Frame, FrameReader } from "./frame-reader.ts";
import { Link } from "./link.ts";
import { type Hello, parseHello } from "./messages.ts";
import { Outgoing } from "./outgoing.ts";
import { RateLimit } from "./rate-limit.ts";
import { listeningSocket, requireLoopback } from "./socket.ts";

/** Listens on the host's one port. Rejects with `tls-required`, or with the system's error. */
export async function listen(options: ListenOptions): Promise<ChannelListener> {
  requireLoopback(options.host);
  const listener = new Listener(options);
  await listener.start(options);
  return listener;
}

class Listener implements ChannelListener {
  readonly link: RateLimit;
  readonly #server: Server;
  readonly #channels = new Map<string, Outgoing>();
  readonly #visitors = new Set<Link>();
  readonly #unauthenticatedLimit: number;
  readonly #helloLimitMs: number;
  readonly #onTurnedAway: (visit: Visit) => void;

  constructor({
    linkBytesPerSec,
    unauthenticatedLimit = 64,
    helloLimitMs = 5000,
    onTurnedAway = () => undefined,
  }: ListenOptions) {
    this.#onTurnedAway = onTurnedAway;
    this.link = new RateLimit(linkBytesPerSec);
    this.#unauthenticatedLimit = unauthenticatedLimit;
    this.#helloLimitMs = helloLimitMs;
    this.#server = listeningSocket((socket) => this.#accept(socket));
  }

  async start({ host, port }: ListenOptions): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, "listening");
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the listener has been closed");
    return address.port;
  }

  open(options: OpenOptions): OutgoingChannel {
    const name = nameOf(options);
    if (this.#channels.has(name)) throw new ChannelError("already-open", `${described(options)} is open already`);
    const channel = new Outgoing(options, this.link, () => {
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
    });
    this.#channels.set(name, channel);
    return channel;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const visitor of this.#visitors) visitor.cut();
    await Promise.all(Array.from(this.#channels.values(), (channel) => channel.close()));
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(socket: Socket): void {
    const link = new Link(socket);
    let channel: Outgoing | undefined;
    let came: Omit<Visit, "error"> | undefined;
    const reader = new FrameReader({
      expectPreamble: true,
      onFrame: (frame) => {
        if (channel !== undefined) return channel.receive(link, frame);
        came = { frame: frame.header.type, migration: migrationIn(frame) };
        channel = this.#admit(link, frame);
      },
    });
    socket.on("data", (bytes: Buffer) => {
      if (link.isOver) return;
      link.heard();
      try {
        reader.feed(bytes);
      } catch (error) {
        if (!(error instanceof ChannelError)) throw error;
        if (channel === undefined) this.#turnAway(link, error, came);
        else channel.refuse(error);
      }
    });
    this.#receiveVisitor(link);
  }

  /** Until it has shown a ticket a connection is a visitor, of which there are not too many nor for too long. */
  #receiveVisitor(link: Link): void {
    if (this.#visitors.size >= this.#unauthenticatedLimit) {
      void link.finish(new ChannelError("too-many-connections", "too many connections have not shown a ticket yet"));
      return;
    }
    this.#visitors.add(link);
    const timer = setTimeout(() => {
      if (!this.#visitors.delete(link)) return;
      this.#turnAway(link, new ChannelError("bad-hello", `no hello came within ${this.#helloLimitMs} ms`));
    }, this.#helloLimitMs);
    void link.ended.then(() => {
      clearTimeout(timer);
      this.#visitors.delete(link);
    });
  }

  #turnAway(link: Link, error: ChannelError, came?: Omit<Visit, "error">): void {
    void link.finish(error);
    this.#onTurnedAway({ frame: came?.frame, migration: came?.migration, error });
  }

  /** Throws the `ChannelError` with which a hello is refused. */
  #admit(link: Link, { header, payload }: Frame): Outgoing {
    if (header.type !== "hello") throw new ChannelError("bad-hello", `a ${header.type} frame came in place of a hello`);
    const hello = parseHello(payload);
    const channel = this.#channels.get(nameOf(hello));
    if (channel === undefined) throw new ChannelError("unknown-channel", `${described(hello)} is not open here`);
    if (!isTicket(hello, channel)) throw new ChannelError("wrong-ticket", `${described(hello)} has another ticket`);
    this.#visitors.delete(link);
    channel.attach(link, hello.resumeFrom);
    return channel;
  }
}

function migrationIn({ header, payload }: Frame): string | undefined {
  if (header.type !== "hello") return undefined;
  try {
    return parseHello(payload).migration;
  } catch {
    // What is wrong with it is said where it is refused.
    return undefined;
  }
}

/** Compared by their digests, which have one length, so that the time says nothing of the expected ticket. */
function isTicket(hello: Hello, channel: Outgoing): boolean {
  return timingSafeEqual(sha256(hello.ticket), sha256(channel.ticket));
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function nameOf({ migration, device, stream }: ChannelKey): string {
  return JSON.stringify([migration, device, stream]);
}

function described({ migration, device, stream }: ChannelKey): string {
  return `stream ${stream} of device ${device} in migration ${migration}`;
}
