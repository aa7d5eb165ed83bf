/**
 * What the author of a back end implements: an opaque, iterative interface for anything that holds state, after the
 * states of VFIO migration v2 (RUNNING, PRE_COPY, STOP_COPY, STOP, RESUMING). Nobody but the back end knows what a
 * byte of its stream means; later bytes supersede earlier ones.
 */

import type { FileDestination, FileSource } from "./to-file.ts";

/** What is yet to move. Asking has no side effect. All figures are finite and not negative. */
export interface Pending {
  /** Bytes that must have moved before a switchover is worth trying. */
  initialBytes: number;
  /** Bytes changed since they were last sent; they can move while the device runs. */
  precopyBytes: number;
  /** Upper estimate of the bytes that can move only once the device has stopped. */
  stopcopyBytes: number;
  /** The device's own time for stop, final, load and start in ms, beyond moving bytes. */
  fixedMs: number;
  /** Initial data grew again (VFIO_PRECOPY_INFO_REINIT). */
  reinit?: boolean;
  /** The device's own time for saving or loading in ms, while its bytes move: it is over when both are. Absent where none is known. */
  saveMs?: number;
  /** The fastest at which the device itself can save or load its state, in bytes/s, more than 0; absent where it is not known. */
  bytesPerSec?: number;
  /** `stopcopyBytes` may still fall while the device runs. */
  mayShrink?: boolean;
  /** Its state goes in the stream of another device of its guest: `fixedMs` is by how much it makes that one's time longer. */
  carried?: boolean;
  /** Of exact figures: for how long they were merely waited for, in ms, which cost the guest nothing. */
  waitedMs?: number;
}

/** `estimate` is cheap and polled; `exact` may cost something and is asked when the estimate says that it may fit. */
export type Accuracy = "estimate" | "exact";

/** Where a source writes its stream. A stream of bytes: the borders of chunks are not kept. */
export interface Sink {
  /** Bytes that this round may still send. A source ends its round at the latest when this is used up. */
  readonly budget: number;
  /** Aborted when the migration is cancelled; a write then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** A buffer of `size` bytes, possibly recycled and not zeroed, to fill and pass to `write`. */
  allocate(size: number): Uint8Array;
  /** Hands the chunk over (it must not be touched again) and resolves when the next one is wanted. */
  write(chunk: Uint8Array): Promise<void>;
  /** The streams beside this one, where the source has said that it has some. They share this one's budget and signal. */
  readonly beside?: readonly Pick<Sink, "allocate" | "write">[];
}

export interface BracingSink extends Sink {
  /** Bytes handed over, in any round, that the destination has not dealt with yet. */
  readonly queuedBytes: number;
}

/** What the source and the destination of one device compare before the destination may be started. */
export interface StateDigest {
  /** A digest of the whole state as the back end sees it, lower-case hexadecimal. */
  digest: string;
}

export interface Stopped {
  /** From when it was told to stop until it did, in ms; `Infinity` where another device of its guest says so for it. */
  servedMs: number;
}

/** The device on the host that it leaves. Disposing aborts: as if the migration had never been tried. */
export interface Source extends AsyncDisposable {
  /**
   * How many streams it sends side by side, each in order and none in order with another: 1 where it does not say. Rounds end, and the stop
   * comes, on all of them at once. The destination has as many.
   */
  readonly streams?: number;
  pending(accuracy: Accuracy): Promise<Pending>;
  /** One round, within `out.budget`; called again while the policy says so. */
  precopy(out: Sink): Promise<void>;
  /**
   * `stop` follows at once: what makes it quick and leaves little to send is done here, while the device still serves and no downtime is
   * counted. It may take tenths of a second, and of a device that is slowed down seconds.
   */
  brace?(out: BracingSink): Promise<void>;
  /** After it resolves the device has no outside effect. No downtime is counted for as long as it says that all of it still served. */
  stop(): Promise<Stopped | void>;
  /** Sends the rest; the stream is then complete. */
  final(out: Sink): Promise<StateDigest>;
  /** Undoes `stop`, at any time before `commit`. A device that was throttled is so no longer. */
  resume(): Promise<void>;
  /** The destination runs: frees everything, never resumes. */
  commit(): Promise<void>;
  /**
   * Has the running device lose this share of its speed, 0 to 0.99, as measured before it was first throttled; 0 ends it. It may
   * come again with another share, and while a round is under way. The end of the migration ends it, whatever that is: `stop`,
   * disposing, or that the agent dies.
   */
  throttle?(share: number): Promise<void>;
  /**
   * What leaves the host is limited to so many bytes/s from now on, to none for a while (0), or not at all (`undefined`), until `brace` or `stop`. The channel sees to
   * that by itself; whoever can should write no faster, instead of standing in a write. It may come at any time.
   */
  cap?(bytesPerSec: number | undefined): Promise<void>;
}

/** The device on the host that it goes to. Disposing before `start` frees everything. */
export interface Destination extends AsyncDisposable {
  /** As of the source. */
  readonly streams?: number;
  /**
   * Takes one round (`precopy`) or the rest (`final`). A chunk is valid until the next one is asked for.
   * Input that is damaged or makes no sense is refused by throwing.
   */
  load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void>;
  /**
   * Takes one of the streams beside the first, from 1 on: all before the stop (`precopy`), then the rest. It goes on while `load` has not
   * finished with anything, and the other way round.
   */
  loadBeside?(stream: number, chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void>;
  /** Resolves when slow preparation has finished (QEMU's switchover-ack). */
  ready?(): Promise<void>;
  /** The digest of what has been loaded, to be held against the source's. */
  verify(): Promise<StateDigest>;
  /** Only on a grant. After it resolves the device serves. */
  start(): Promise<void>;
}

/** What a peer says of its own implementation of a kind. */
export interface BackendInfo {
  /** `memory`, `directory`; reverse DNS for third parties. */
  kind: string;
  version: string;
  /** The format that this version writes and those that it reads. */
  format: { writes: number; reads: number[] };
  /** What the state needs at the other side, like CPU flags. */
  features: string[];
  can: { precopy?: boolean; switchoverAck?: boolean; parallelStreams?: number; throttle?: boolean; toFile?: boolean };
}

/** One thing that speaks against a device's coming to this host. */
export interface Objection {
  code: CheckCode;
  /** With what is meant and its figures. */
  reason: string;
  fix?: string;
  /** What of the device's configuration it is about (RFC 6901). */
  pointer?: string;
}

/** `also`: whatever else speaks against it, so that all of it can be mended at once. */
export type Check = { ok: true } | ({ ok: false; also?: Objection[] } & Objection);

/** Why a device cannot come to this host. */
export type CheckCode =
  | "incompatible-format"
  | "missing-feature"
  | "no-room"
  | "address-in-use"
  | "invalid-config"
  | "missing-file"
  | "unsupported-content";

/** One device as its back end is told of it. */
export interface DeviceContext<Config> {
  guest: { id: string; name: string };
  device: string;
  config: Config;
  /** A folder of this device's own on this host; made by the agent, removed by it when the device has gone. */
  dataFolder: string;
  /** The address on which this host's devices serve their clients. */
  serviceAddress: string;
  /** The host's name, for messages and for the environment of commands. */
  host: string;
}

/**
 * What the state of one device needs at the other side, by kind of thing, such as the CPU flags that a guest has seen. Its back end knows
 * what the kinds and the names mean. Up to 16 kinds of up to 1,024 names, each of up to 128 characters.
 */
export type Needs = Record<string, string[]>;

/** What the source says of the device, for the destination's check. Sizes in bytes. */
export interface PeerDevice {
  backend: BackendInfo;
  sizeBytes: number;
  needs?: Needs | undefined;
}

/** A running device, whether a migration is under way or not. */
export interface Device {
  /** Size of its state in bytes, as far as the back end can tell cheaply. */
  sizeBytes(): Promise<number>;
  /**
   * Distinct bytes that were written since the last reset, in the unit in which the device would send them: what is written twice
   * counts once. `reset` begins anew after the answer. It is asked for a few times in ten seconds, of every guest.
   */
  dirtied?(reset: boolean): Promise<number>;
  /**
   * For a device that cannot count: the distinct bytes that are written in the next so many ms, as far as a sample of it shows, with the error
   * of that (1 sd); it resolves when they are over. `undefined` where that cannot be told now, as while it migrates. One window at
   * a time is asked for; the signal tells that nobody waits for the answer any more.
   */
  dirtiedWithin?(ms: number, signal: AbortSignal): Promise<{ bytes: number; sdBytes: number } | undefined>;
  /** What its state needs at the other side beyond its back end's features. Without side effects. */
  needs?(): Promise<Needs>;
  /** Where clients reach it, if it serves any: "127.0.0.1:7001". */
  endpoint?: string;
  /**
   * Resolves when it can serve no more, since its process has ended, to what has ended and how: a sentence without its full stop. Never
   * where it was ended on purpose.
   */
  readonly lost?: Promise<string>;
}

/**
 * A kind of back end on one host. Devices outlive the program that drives them where they are processes of their own:
 * `attach` finds such a device again, and never starts one.
 */
export interface Backend<Config = unknown> extends BackendInfo {
  /** Checks the shape of a device's configuration; throws `ConfigError` naming the field. */
  parseConfig(input: unknown): Config;
  /**
   * Takes over a process that somebody else has started, as the device's configuration says under `adopt`: looks at it, notes it in the
   * device's folder, and changes nothing about it. `create` follows.
   *
   * @param ctx with the configuration as it came
   * @returns the configuration that makes its like on any host
   */
  adopt?(ctx: DeviceContext<unknown>): Promise<object>;
  /** Leaves a process running that was adopted here, and has no more to do with it; says whether there was one. */
  letGo?(ctx: DeviceContext<Config>): Promise<boolean>;
  /** Creates the device with fresh (or adopts its existing) state and starts it. */
  create(ctx: DeviceContext<Config>): Promise<Device>;
  /** Finds a device that this host owns after a restart of the agent, running or not; starts it if it should serve. */
  attach(ctx: DeviceContext<Config>): Promise<Device>;
  /**
   * Whether the device's state is on this host still, running or not. Without side effects; a back end that does not say is taken to
   * have it. Before a guest is taken back it is asked, while the other side has a copy yet.
   */
  exists?(ctx: DeviceContext<Config>): Promise<boolean>;
  /** Ends the device and frees what it holds on this host. */
  remove(ctx: DeviceContext<Config>): Promise<void>;
  /** Could this device come to this host? Without side effects. */
  check(ctx: DeviceContext<Config>, peer: PeerDevice): Promise<Check>;
  source(ctx: DeviceContext<Config>): Promise<Source>;
  /** @param peer as in `check`, which has come before */
  destination(ctx: DeviceContext<Config>, peer?: PeerDevice): Promise<Destination>;
  /**
   * Where `can.toFile` says so a device is saved into a folder and restored from it: by its stream, which then consists of what `final`
   * sends alone, unless the back end has these for a better way.
   */
  fileSource?(ctx: DeviceContext<Config>): Promise<FileSource>;
  fileDestination?(ctx: DeviceContext<Config>, peer?: PeerDevice): Promise<FileDestination>;
}

/** A device's configuration is wrong; `pointer` is a JSON pointer into it (RFC 6901). */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly code = "invalid-config";
  readonly pointer: string;
  constructor(pointer: string, detail: string) {
    super(`${pointer}: ${detail}`);
    this.pointer = pointer;
  }
}
