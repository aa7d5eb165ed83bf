import { existsSync, mkdirSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { type Backend, type Device, type DeviceContext, compareBackends } from "@godwit/backend";
import { fromText } from "./bytes.ts";
import { checkPlace, requireMovable } from "./check.ts";
import { type DirectoryConfig, parseConfig } from "./config.ts";
import { openDestination, putInPlace } from "./destination.ts";
import { asRoot } from "./mirror.ts";
import { type Places, placesOf } from "./places.ts";
import { removeTree } from "./remove-tree.ts";
import { type CommandTimes, Service } from "./service.ts";
import { openSource } from "./source.ts";
import { hasState, readState } from "./state.ts";
import { walk } from "./walk.ts";

export type { DirectoryConfig } from "./config.ts";

export interface DirectoryOptions {
  /** Where relative paths start. Two agents on one machine have different ones. */
  root?: string | undefined;
  /** Is what was received written to disk before it counts as loaded? Yes, unless a test says otherwise. */
  durable?: boolean;
}

/**
 * A directory tree of the user's, copied in rounds while it is written to.
 *
 * Carried: regular files (holes stay holes), directories, symlinks, FIFOs, hard links within the tree, names of any
 * bytes, modes, times of modification to the microsecond, and, if both agents run as root, owners. Sockets are skipped,
 * as their servers make them anew. Device nodes and other file systems within the tree are refused. Extended attributes,
 * ACLs and access times are not carried.
 *
 * Changes are found by size and times, as rsync and git do. A store through a shared memory map shows in these only once
 * for each time that the kernel writes the page back: what maps files for writing has to be stopped and its files written
 * anew, or touched, by `quiesce`.
 *
 * The destination's copy is named `<path>.godwit-incoming-<id>` until it starts. After the move the source's is removed, or
 * with `onMoved: "keep"` renamed to `<path>.godwit-moved-<time>`, so that the place is free for the way back. `remove` ends
 * the service and leaves the tree, of which there is no other copy.
 *
 * Memory at either side: 128 KiB for each GiB of content, and about 1 KiB for each entry.
 */
export function directoryBackend(options: DirectoryOptions = {}): Backend<DirectoryConfig> {
  return new DirectoryBackend(options);
}

/** A size is taken again after this time. */
const sizeKeptMs = 30_000;

class DirectoryBackend implements Backend<DirectoryConfig> {
  readonly kind = "directory";
  readonly version = "1.0.0";
  readonly format = { writes: 1, reads: [1] };
  readonly features = asRoot ? ["owners"] : [];
  readonly can = { precopy: true, toFile: true };
  readonly #options: DirectoryOptions;
  /** Per device, by its data folder. */
  readonly #times = new Map<string, CommandTimes>();
  readonly #sizes = new Map<string, { bytes: number; atMs: number }>();
  /** Devices that a source holds stopped. */
  readonly #held = new Set<string>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  parseConfig(input: unknown): DirectoryConfig {
    return parseConfig(input, this.#options.root);
  }

  async create(ctx: DeviceContext<DirectoryConfig>) {
    const { places, service } = this.#open(ctx);
    mkdirSync(places.path, { recursive: true });
    requireMovable(places);
    try {
      await service.start();
    } catch (error) {
      await service.standStill();
      throw error;
    }
    return this.#device(ctx, places);
  }

  async attach(ctx: DeviceContext<DirectoryConfig>) {
    const { places, service } = this.#open(ctx);
    const held = this.#held.has(ctx.dataFolder);
    // The agent was interrupted between the grant and the start.
    if (!held && (await readState(ctx.dataFolder)) === "unknown") await putInPlace(places);
    requireMovable(places);
    if (!held) await service.startIfDown();
    return this.#device(ctx, places);
  }

  async exists(ctx: DeviceContext<DirectoryConfig>) {
    return existsSync(this.#open(ctx).places.path);
  }

  async remove(ctx: DeviceContext<DirectoryConfig>) {
    const { places, service } = this.#open(ctx);
    if (await hasState(ctx.dataFolder)) {
      // Where stopping it failed before, the service may run all the same.
      if ((await readState(ctx.dataFolder)) !== "unknown") await service.stop();
      await service.forget();
    }
    await removeTree(fromText(places.staging));
    await removeTree(fromText(places.discard));
    this.#times.delete(ctx.dataFolder);
    this.#sizes.delete(ctx.dataFolder);
  }

  async check(ctx: DeviceContext<DirectoryConfig>, peer: Parameters<Backend["check"]>[1]) {
    const compared = compareBackends(this, peer.backend);
    return compared.ok ? checkPlace(this.#open(ctx).places, peer.sizeBytes) : compared;
  }

  async source(ctx: DeviceContext<DirectoryConfig>) {
    const { onMoved } = ctx.config;
    const hold = (held: boolean) => void (held ? this.#held.add(ctx.dataFolder) : this.#held.delete(ctx.dataFolder));
    return await openSource({ ...this.#open(ctx), onMoved, hold });
  }

  async destination(ctx: DeviceContext<DirectoryConfig>) {
    return await openDestination({ ...this.#open(ctx), durable: this.#options.durable ?? true });
  }

  #open(ctx: DeviceContext<DirectoryConfig>): { places: Places; service: Service } {
    const places = placesOf(ctx, this.#options.root);
    const times = this.#times.get(ctx.dataFolder) ?? {};
    this.#times.set(ctx.dataFolder, times);
    return { places, service: new Service(ctx, places, times) };
  }

  #device(ctx: DeviceContext<DirectoryConfig>, { path }: Places): Device {
    return { sizeBytes: async () => await this.#sizeBytes(ctx.dataFolder, path) };
  }

  async #sizeBytes(device: string, path: string): Promise<number> {
    const known = this.#sizes.get(device);
    const nowMs = performance.now();
    if (known !== undefined && nowMs - known.atMs < sizeKeptMs) return known.bytes;
    const { found } = await walk(fromText(path));
    const bytes = found.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    this.#sizes.set(device, { bytes, atMs: nowMs });
    return bytes;
  }
}
