import {
  type Attached,
  type Backend,
  type Check,
  compareBackends,
  type Destination,
  type Device,
  type DeviceContext,
  type PeerDevice,
  type Source,
} from "@godwit/backend";
import { deviceError, nameOf } from "../device-error.ts";
import { goneSource } from "../gone-source.ts";
import { type MemoryConfig, parseMemoryConfig } from "./memory-config.ts";
import { memoryInfo } from "./memory-device.ts";
import { endDaemon, findDaemon, spawnDaemon } from "./memory-process.ts";
import { checkAddress, checkRoom } from "./room.ts";

export type { MemoryConfig } from "./memory-config.ts";

export interface MemoryOptions {
  /** What all memory devices of this host may take together. */
  capacityBytes?: number | undefined;
}

/**
 * Key-value memory in a process of its own, which serves its clients while it migrates and outlives its agent. One
 * connection to each process serves everything that this agent does with the device.
 */
export function memoryBackend(options: MemoryOptions = {}): Backend<MemoryConfig> {
  const attachments = new Attachments();
  return {
    ...memoryInfo,
    parseConfig: parseMemoryConfig,

    async create(ctx) {
      if ((await attachments.find(ctx)) === undefined) {
        const address = await checkAddress(ctx.serviceAddress, ctx.config.port);
        if (!address.ok) throw deviceError(address.code, address.reason);
        await spawnDaemon(order(ctx, false));
      }
      return await serve(ctx, await attachments.require(ctx));
    },

    attach: async (ctx) => await serve(ctx, await attachments.require(ctx)),

    exists: async (ctx) => (await attachments.find(ctx)) !== undefined,

    async remove(ctx) {
      await attachments.end(ctx);
    },

    check: async (ctx, peer) => await check(ctx, peer, attachments.takenBytes, options.capacityBytes),

    async source(ctx) {
      const attached = await attachments.find(ctx);
      return attached === undefined
        ? goneSource(goneFrom(ctx))
        : new MemorySource(attached.source(), () => attachments.end(ctx));
    },

    async destination(ctx) {
      await requireNone(ctx, await attachments.find(ctx));
      await attachments.end(ctx);
      await spawnDaemon(order(ctx, true));
      const attached = await attachments.require(ctx);
      return new MemoryDestination(attached.destination(), () => attachments.end(ctx));
    },
  };
}

/** The connections to the processes of this host's devices; each is made when it is first needed. */
class Attachments {
  readonly #attached = new Map<string, Promise<Attached | undefined>>();
  readonly #sizes = new Map<string, number>();

  get takenBytes(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  async find(ctx: DeviceContext<MemoryConfig>): Promise<Attached | undefined> {
    const { dataFolder } = ctx;
    const known = this.#attached.get(dataFolder);
    if (known !== undefined) return await known;
    const finding = findDaemon(dataFolder);
    this.#attached.set(dataFolder, finding);
    const forget = () => {
      if (this.#attached.get(dataFolder) === finding) this.#attached.delete(dataFolder);
    };
    const found = await finding.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (found === undefined) forget();
    else {
      this.#sizes.set(dataFolder, ctx.config.sizeBytes);
      void found.closed.then(() => {
        forget();
        this.#sizes.delete(dataFolder);
      });
    }
    return found;
  }

  async require(ctx: DeviceContext<MemoryConfig>): Promise<Attached> {
    const attached = await this.find(ctx);
    if (attached !== undefined) return attached;
    throw deviceError("gone", goneFrom(ctx));
  }

  /** Ends the device's process, if there is one. */
  async end(ctx: DeviceContext<MemoryConfig>): Promise<void> {
    // A process that does not answer any more is ended by its number.
    const attached = await this.find(ctx).catch(() => undefined);
    await endDaemon(ctx.dataFolder, attached);
  }
}

/** Handing over frees the memory, and so ends its process. */
class MemorySource implements Source {
  readonly #source: Source;
  readonly #end: () => Promise<void>;
  readonly pending: Source["pending"];
  readonly precopy: Source["precopy"];
  readonly stop: Source["stop"];
  readonly final: Source["final"];
  readonly resume: Source["resume"];
  /** Absent where the process is of a version that cannot. */
  readonly throttle?: (share: number) => Promise<void>;

  constructor(source: Source, end: () => Promise<void>) {
    if (source.throttle !== undefined) this.throttle = (share) => source.throttle?.(share) ?? Promise.resolve();
    this.#source = source;
    this.#end = end;
    this.pending = (accuracy) => source.pending(accuracy);
    this.precopy = (out) => source.precopy(out);
    this.stop = () => source.stop();
    this.final = (out) => source.final(out);
    this.resume = () => source.resume();
  }

  async commit(): Promise<void> {
    await this.#source.commit();
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }
}

/** What is not started in the end was of no use, and its process ends. */
class MemoryDestination implements Destination {
  readonly #destination: Destination;
  readonly #end: () => Promise<void>;
  readonly load: Destination["load"];
  readonly verify: Destination["verify"];
  #started = false;

  constructor(destination: Destination, end: () => Promise<void>) {
    this.#destination = destination;
    this.#end = end;
    this.load = (chunks, phase) => destination.load(chunks, phase);
    this.verify = () => destination.verify();
  }

  async start(): Promise<void> {
    await this.#destination.start();
    this.#started = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#destination[Symbol.asyncDispose]();
    if (!this.#started) await this.#end();
  }
}

function goneFrom(ctx: DeviceContext<MemoryConfig>): string {
  return `${nameOf(ctx)} has no process on ${ctx.host}: a memory is gone with its process`;
}

/** This host owns the device: it serves from here on, unless a migration has just stopped it. */
async function serve(ctx: DeviceContext<MemoryConfig>, attached: Attached): Promise<Device> {
  const { state, complete } = await attached.status();
  if (state === "stopped" && !attached.migrating) await attached.resume();
  if (state === "incoming" && complete === true) await attached.start();
  if (state === "empty" || (state === "incoming" && complete !== true)) {
    throw deviceError("incomplete", `${nameOf(ctx)} has not been loaded on ${ctx.host}, or not wholly`);
  }
  return {
    sizeBytes: () => attached.sizeBytes(),
    dirtied: (reset) => attached.dirtied(reset),
    endpoint: endpointOf(ctx),
  };
}

async function check(
  ctx: DeviceContext<MemoryConfig>,
  peer: PeerDevice,
  takenBytes: number,
  capacityBytes: number | undefined,
): Promise<Check> {
  const comparison = compareBackends(memoryInfo, peer.backend);
  if (!comparison.ok) return comparison;
  const address = await checkAddress(ctx.serviceAddress, ctx.config.port);
  if (!address.ok) return address;
  return await checkRoom(Math.max(ctx.config.sizeBytes, peer.sizeBytes), takenBytes, capacityBytes);
}

/** What an earlier attempt left half-loaded makes room; a device that serves, or waits to, does not. */
async function requireNone(ctx: DeviceContext<MemoryConfig>, attached: Attached | undefined): Promise<void> {
  const status = await attached?.status();
  if (status?.state === "running" || status?.state === "stopped") {
    throw deviceError("device-exists", `${nameOf(ctx)} is ${status.state} on ${ctx.host} and cannot come there`);
  }
}

function order(ctx: DeviceContext<MemoryConfig>, incoming: boolean) {
  return { dataFolder: ctx.dataFolder, sizeBytes: ctx.config.sizeBytes, listen: endpointOf(ctx), incoming };
}

function endpointOf({ serviceAddress, config }: DeviceContext<MemoryConfig>): string {
  return `${serviceAddress}:${config.port}`;
}
