import type { Accuracy, Pending, Sink, StateDigest } from "../backend.ts";

/**
 * The device in its author's own process, for `serveAttached`. Only calls that are in order reach it, one at a time; just
 * `pending`, `sizeBytes`, `dirtied` and `throttle` may come while another is under way. A call that throws has left the state as it
 * was.
 */
export interface AttachedDevice {
  /** How it is when it begins to be served. */
  readonly initialState: "running" | "stopped" | "empty";
  sizeBytes(): number | Promise<number>;
  /** As `Device.dirtied`. */
  dirtied?(reset: boolean): number | Promise<number>;
  pending(accuracy: Accuracy): Pending | Promise<Pending>;
  precopy(out: Sink): Promise<void>;
  /** After it resolves the device has no outside effect. */
  stop(): void | Promise<void>;
  final(out: Sink): Promise<StateDigest>;
  /** Undoes `stop`, also one that failed half-way. */
  resume(): void | Promise<void>;
  /** The migration is over, not the device: what was sent counts as never sent. */
  forget(): void | Promise<void>;
  /** The device runs elsewhere: frees everything. */
  commit(): void | Promise<void>;
  load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void>;
  ready?(): Promise<void>;
  /** As `Source.throttle`, where `can` says so; 0 comes by itself whenever the migration ends, also after `stop`. */
  throttle?(share: number): void | Promise<void>;
  verify(): StateDigest | Promise<StateDigest>;
  start(): void | Promise<void>;
  /** Drops what was loaded; it may be loaded anew. */
  discard(): void | Promise<void>;
}
