import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Backend, BracingSink, Destination, DeviceContext, PeerDevice, Source, StateDigest } from "./backend.ts";

/** A device on its way into a folder. Disposing without `commit` leaves it as if nobody had asked: a stopped one runs again. */
export interface FileSource extends AsyncDisposable {
  /** After it resolves the device has no outside effect. */
  stop(): Promise<void>;
  /** Writes the whole state into files in the folder, which is empty; once, and after `stop`. They need not be synced. */
  save(folder: string, signal: AbortSignal): Promise<StateDigest>;
  /** The state is in the folder for good: frees everything, never runs again. */
  commit(): Promise<void>;
}

/** A device on its way out of a folder. Disposing before `start` frees everything. */
export interface FileDestination extends AsyncDisposable {
  /** Takes the whole state from the files in the folder, which are as they were written. */
  load(folder: string): Promise<void>;
  /** The digest of what has been loaded, to be held against the source's. */
  verify(): Promise<StateDigest>;
  /** Only on a grant. After it resolves the device serves. */
  start(): Promise<void>;
}

/** Of any back end: one that has no way of its own into a folder has its stream written there, from its stop to its end. */
export async function openFileSource<Config>(
  backend: Backend<Config>,
  ctx: DeviceContext<Config>,
): Promise<FileSource> {
  if (backend.fileSource !== undefined) return await backend.fileSource(ctx);
  return new StreamedSource(await backend.source(ctx));
}

export async function openFileDestination<Config>(
  backend: Backend<Config>,
  ctx: DeviceContext<Config>,
  peer?: PeerDevice,
): Promise<FileDestination> {
  if (backend.fileDestination !== undefined) return await backend.fileDestination(ctx, peer);
  return new StreamedDestination(await backend.destination(ctx, peer));
}

const streamFile = "stream";
const chunkBytes = 1024 * 1024;

class StreamedSource implements FileSource {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  async stop(): Promise<void> {
    await this.#source.stop();
  }

  async save(folder: string, signal: AbortSignal): Promise<StateDigest> {
    await using file = await open(join(folder, streamFile), "wx", 0o600);
    return await this.#source.final(sinkInto(file, signal));
  }

  async commit(): Promise<void> {
    await this.#source.commit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }
}

class StreamedDestination implements FileDestination {
  readonly #destination: Destination;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  async load(folder: string): Promise<void> {
    await this.#destination.load(chunksOf(join(folder, streamFile)), "final");
    await this.#destination.ready?.();
  }

  async verify(): Promise<StateDigest> {
    return await this.#destination.verify();
  }

  async start(): Promise<void> {
    await this.#destination.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#destination[Symbol.asyncDispose]();
  }
}

/** Each chunk has been handed to the system before the next one is asked for, so that a full disk is noticed where it happens. */
function sinkInto(
  file: { write(bytes: Uint8Array): Promise<{ bytesWritten: number }> },
  signal: AbortSignal,
): BracingSink {
  return {
    budget: Infinity,
    queuedBytes: 0,
    signal,
    allocate: (size) => Buffer.allocUnsafe(size),
    async write(chunk) {
      for (let rest = chunk; rest.length > 0;) {
        signal.throwIfAborted();
        const { bytesWritten } = await file.write(rest);
        rest = rest.subarray(bytesWritten);
      }
    },
  };
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("a stream without an encoding yields bytes");
    yield chunk;
  }
}
