/**
 * The data plane between two agents. The source listens on one port for all its channels; the destination dials and
 * pulls. A channel carries the stream of one device (or of one of its parallel streams) in one migration, in order,
 * checked, and across broken connections.
 *
 *     await using listener = await listen({ host: "127.0.0.1", port: 0 });          // source
 *     await using channel = listener.open({ migration, device, stream: 0, ticket });
 *     await channel.write(chunk); ... channel.end({ digest }); await channel.loaded; channel.grant(epoch);
 *
 *     await using channel = dial({ host, port, migration, device, stream: 0, ticket }); // destination
 *     for await (const item of channel) ...
 */
import type { ChannelError } from "./errors.ts";
import type { RateLimit } from "./rate-limit.ts";

/** What names a channel at its listener. */
export interface ChannelKey {
  migration: string;
  device: string;
  /** Which of the device's parallel streams, from 0. */
  stream: number;
}

/** Limits in time that both sides have. */
export interface LinkTimes {
  /** How long the channel does without a connection before it fails with `link-lost`. Default 30,000. */
  giveUpAfterMs?: number;
  /** A peer that says nothing for so long counts as gone, and the connection as broken. Default 10,000. */
  silenceLimitMs?: number;
  /** The source pings, and the destination repeats its acknowledgement, at this interval. Default 1,000. */
  keepaliveMs?: number;
}

export interface ListenOptions {
  /** A loopback address; any other is refused with `tls-required`. */
  host: string;
  /** 0 for a free one. */
  port: number;
  /** What all channels together may send; `undefined` for no limit. Later: `listener.link.bytesPerSec`. */
  linkBytesPerSec?: number | undefined;
  /** Connections that have not shown a valid ticket yet; more are turned away. Default 64. */
  unauthenticatedLimit?: number;
  /** Time for a hello. Default 5,000. */
  helloLimitMs?: number;
  /** Told of each connection that is refused before it has become a channel's; not of one that is to try again. */
  onTurnedAway?: ((visit: Visit) => void) | undefined;
}

/** A connection that was not let in. What it says of itself is unproven. */
export interface Visit {
  /** The type of the frame that it began with; `undefined` where none came that could be read. */
  frame: string | undefined;
  /** The migration that it asked for, where it said one. */
  migration: string | undefined;
  error: ChannelError;
}

export interface OpenOptions extends ChannelKey, LinkTimes {
  /** The secret that the dialler must show. */
  ticket: string;
  signal?: AbortSignal | undefined;
  /** The migration's own limit, shared by its channels; the caller changes it and lifts it at switchover. */
  limit?: RateLimit | undefined;
  /** Bytes kept until acknowledged, so that they can be sent again; a write waits while it is full. Default 16 MiB. */
  windowBytes?: number;
  onLink?: ((link: LinkState) => void) | undefined;
}

export interface DialOptions extends ChannelKey, LinkTimes {
  host: string;
  port: number;
  ticket: string;
  signal?: AbortSignal | undefined;
  onLink?: ((link: LinkState) => void) | undefined;
}

/** Told at each change. The first `connected` may come late; there may be many. */
export type LinkState = "connected" | "disconnected";

/** The one port of a host. Disposing closes every channel with it. */
export interface ChannelListener extends AsyncDisposable {
  readonly port: number;
  /** The host link's limit, enforced on all channels together, first come first served. */
  readonly link: RateLimit;
  /** Registers a channel that is expected to be dialled; throws `already-open`. */
  open(options: OpenOptions): OutgoingChannel;
  close(): Promise<void>;
}

/** What the destination said when it had loaded everything. */
export interface Loaded {
  epoch: number;
  /** The destination's own digest of the state, for the caller to compare. */
  digest: string;
}

/**
 * The source's end. Frames go out in the order of the calls. Once the channel is over every call throws (or rejects
 * with) the `ChannelError` that ended it.
 */
export interface OutgoingChannel extends AsyncDisposable {
  /** Resolves at the first `loaded` of the destination; rejects if the channel ends before. */
  readonly loaded: Promise<Loaded>;
  /** Resolves when the channel is over, with the error unless it was closed in an orderly way. Never rejects. */
  readonly closed: Promise<ChannelError | undefined>;
  /** A buffer to fill and `write`, from the channel's pool if one is free. Not zeroed. Fastest up to 1 MiB. */
  allocate(size: number): Uint8Array;
  /** Takes the chunk over (it must not be touched again) and resolves when the next one is wanted. */
  write(chunk: Uint8Array): Promise<void>;
  /** Marks the end of round number `round`. */
  endRound(round: number): void;
  /** Tells the destination that the device stops now and the rest follows. */
  noticeSwitchover(): void;
  /** Ends the stream. `digest` is the back end's own digest of its state. Only `grant` may follow. */
  end(stream: { digest: string }): void;
  /** Passes ownership at `epoch`. */
  grant(epoch: number): void;
  /** Resolves when the consumer has dealt with everything sent so far. */
  acknowledged(): Promise<void>;
  /** Ends the channel here and, if connected (or once it dials again before `close`), at the peer as `peer-failed`. */
  fail(code: string, detail: string): void;
  stats(): OutgoingStats;
  /** Ends the channel at once; what is not acknowledged may be lost. The peer is told if it is connected. */
  close(): Promise<void>;
}

/** Cumulative since `open` unless said otherwise. */
export interface OutgoingStats {
  /** Everything handed to sockets: headers, control frames and what was sent again. */
  wireBytes: number;
  /** Payload of chunks sent, each byte once. */
  payloadBytes: number;
  /** Payload of chunks that the peer's consumer has dealt with. */
  ackedBytes: number;
  /**
   * Time in which data was on its way or waited for the link or its bucket. Left out: having nothing to send, waiting
   * for the migration's own bucket, and being disconnected. `ackedBytes / busyMs` is what the link gives.
   */
  busyMs: number;
  /** The last sequence number acknowledged; 0 before the first. */
  ackedSequence: number;
  /** Round trip between the two channels' ends; `undefined` before the first answer to a ping. */
  rttMs: { smoothed: number; min: number } | undefined;
  /** At this moment: bytes taken by `write` and not acknowledged. */
  queuedBytes: number;
  /** Connections made; 1 if it never broke. */
  connections: number;
}

/** What the consumer of a channel gets, in order, and only after its checksum was verified. */
export type Item =
  | { type: "chunk"; bytes: Uint8Array }
  | { type: "round-end"; round: number }
  | { type: "switchover" }
  | { type: "end"; digest: string }
  | { type: "grant"; epoch: number };

/**
 * The destination's end. One consumer iterates it. The bytes of a chunk are valid until the next item is asked for, and
 * asking acknowledges. The iteration throws the `ChannelError` that ended the channel; it is done when the peer closes
 * after `end`. Leaving a `for await` loop does not close the channel: rounds can be read by loops of their own.
 */
export interface IncomingChannel extends AsyncDisposable, AsyncIterable<Item> {
  /** Resolves when the channel is over, with the error unless it was closed in an orderly way. Never rejects. */
  readonly closed: Promise<ChannelError | undefined>;
  /** Tells the source that everything is loaded; repeated on each new connection. */
  loaded(epoch: number, digest: string): void;
  /** Ends the channel here and, if connected, at the peer as `peer-failed`. */
  fail(code: string, detail: string): void;
  stats(): IncomingStats;
  close(): Promise<void>;
}

/** Cumulative since `dial`. */
export interface IncomingStats {
  /** Everything read from sockets. */
  wireBytes: number;
  /** Payload of verified chunks. */
  payloadBytes: number;
  /** The last frame received and verified. */
  receivedSequence: number;
  /** The last frame the consumer has dealt with. */
  ackedSequence: number;
  connections: number;
}
