import { existsSync, statSync } from "node:fs";
import {
  type Backend,
  type Check,
  compareBackends,
  type Destination,
  type Device,
  type DeviceContext,
  type Pending,
  type Source,
  type StateDigest,
  type Stopped,
} from "@godwit/backend";
import { Virtiofsd, type VirtiofsdSpec } from "@godwit/qemu";
import { deviceError, nameOf } from "../device-error.ts";
import { resolvePath } from "../directory/config.ts";
import { goneSource } from "../gone-source.ts";
import { Loss } from "../loss.ts";
import { adopt } from "./adopt.ts";
import { parseAdoption, parseConfig, type VirtiofsConfig } from "./config.ts";

export interface VirtiofsOptions {
  program: string;
  version: string;
  /** Of the state that it writes; it reads all up to this. */
  format: number;
  /** Where relative paths start. */
  root?: string | undefined;
}

/**
 * What virtiofsd takes of its own, for each inode that the guest knows: bytes of state, and ms to save and to load it, as measured
 * with 1.13 for up to 100,000.
 */
const perInode = { bytes: 44, saveMs: 0.001, loadMs: 0.007 };
const least = { bytes: 512, ms: 2 };

/**
 * A folder of the host that a QEMU guest mounts, served by a virtiofsd. Its state goes within QEMU's stream, written when the guest
 * stands still; here it is a device of its own, since it has a process, and a time and a size that QEMU's figures leave out.
 * It sends nothing itself. The folder's content is not carried: both hosts serve the same.
 */
export function virtiofsBackend(options: VirtiofsOptions): Backend<VirtiofsConfig> {
  return new VirtiofsBackend(options);
}

class VirtiofsBackend implements Backend<VirtiofsConfig> {
  readonly kind = "virtiofs";
  readonly version: string;
  readonly format: { writes: number; reads: number[] };
  readonly features: string[] = [];
  readonly can = { toFile: true };
  readonly #options: VirtiofsOptions;
  /** By the devices' folders. */
  readonly #processes = new Map<string, Virtiofsd>();

  constructor(options: VirtiofsOptions) {
    this.#options = options;
    this.version = options.version;
    const { format } = options;
    this.format = { writes: format, reads: Array.from({ length: format }, (_, index) => index + 1) };
  }

  parseConfig(input: unknown): VirtiofsConfig {
    return parseConfig(input, this.#options.root);
  }

  async adopt(ctx: DeviceContext<unknown>): Promise<object> {
    return await adopt({ ...ctx, config: parseAdoption(ctx.config) });
  }

  async letGo(ctx: DeviceContext<VirtiofsConfig>): Promise<boolean> {
    const found = await this.#find(ctx);
    if (found?.adoptedAt === undefined) return false;
    this.#processes.delete(ctx.dataFolder);
    await found.letGo(ctx.dataFolder);
    return true;
  }

  async create(ctx: DeviceContext<VirtiofsConfig>): Promise<Device> {
    return deviceOf((await this.#find(ctx)) ?? (await this.#start(ctx)));
  }

  async attach(ctx: DeviceContext<VirtiofsConfig>): Promise<Device> {
    return deviceOf(await this.#require(ctx));
  }

  async exists(ctx: DeviceContext<VirtiofsConfig>): Promise<boolean> {
    return (await this.#find(ctx)) !== undefined;
  }

  async remove(ctx: DeviceContext<VirtiofsConfig>): Promise<void> {
    const found = await this.#find(ctx);
    this.#processes.delete(ctx.dataFolder);
    await found?.end();
  }

  async check(ctx: DeviceContext<VirtiofsConfig>, peer: Parameters<Backend["check"]>[1]): Promise<Check> {
    const compared = compareBackends(this, peer.backend);
    if (!compared.ok) return compared;
    const path = resolvePath(ctx.config.path, this.#options.root);
    if (existsSync(path) && statSync(path).isDirectory()) return { ok: true };
    return {
      ok: false,
      code: "missing-file",
      pointer: "/path",
      reason: `there is no directory ${path} on this host to be shared with the guest`,
      fix: "Mount or make it with the same content as on the source.",
    };
  }

  async source(ctx: DeviceContext<VirtiofsConfig>): Promise<Source> {
    const found = await this.#find(ctx);
    if (found === undefined) return goneSource(goneFrom(ctx), () => this.remove(ctx));
    return new VirtiofsSource(found, () => this.remove(ctx));
  }

  async destination(ctx: DeviceContext<VirtiofsConfig>): Promise<Destination> {
    // It serves one connection: what an earlier attempt has left is of no use.
    await this.remove(ctx);
    return new VirtiofsDestination(await this.#start(ctx), () => this.remove(ctx));
  }

  async #start(ctx: DeviceContext<VirtiofsConfig>): Promise<Virtiofsd> {
    return this.#keep(ctx, await Virtiofsd.start(this.#options.program, this.#specOf(ctx)));
  }

  async #find(ctx: DeviceContext<VirtiofsConfig>): Promise<Virtiofsd | undefined> {
    const known = this.#processes.get(ctx.dataFolder);
    if (known !== undefined) return known;
    const found = await Virtiofsd.find(this.#specOf(ctx));
    return found === undefined ? undefined : this.#keep(ctx, found);
  }

  async #require(ctx: DeviceContext<VirtiofsConfig>): Promise<Virtiofsd> {
    const found = await this.#find(ctx);
    if (found !== undefined) return found;
    throw deviceError("gone", goneFrom(ctx));
  }

  #keep({ dataFolder }: DeviceContext<VirtiofsConfig>, process: Virtiofsd): Virtiofsd {
    this.#processes.set(dataFolder, process);
    void process.lost.then(() => {
      if (this.#processes.get(dataFolder) === process) this.#processes.delete(dataFolder);
    });
    return process;
  }

  #specOf({ guest, device, config, dataFolder }: DeviceContext<VirtiofsConfig>): VirtiofsdSpec {
    const { sandbox, fileHandles, path, options: more = [] } = config;
    const directory = resolvePath(path, this.#options.root);
    return { name: `${device} of ${guest.name}`, folder: dataFolder, directory, sandbox, fileHandles, more };
  }
}

/** Q6: its guest's QEMU is stopped then by whoever drives that. */
function deviceOf(process: Virtiofsd): Device {
  const lost = stillWithout.get(process) ?? process.lost.then((said) => `${said}; its guest stands still`);
  stillWithout.set(process, lost);
  const sizeBytes = async () => least.bytes + perInode.bytes * (await process.inodes());
  // None of it moves before the stop, so that none can get dirty.
  return { lost, sizeBytes, dirtied: async () => 0 };
}

/** One promise for each process, however often it is found. */
const stillWithout = new WeakMap<Virtiofsd, Promise<string>>();

/** Says what QEMU does not, and notices a process that has ended, of which QEMU says nothing either. */
class VirtiofsSource implements Source {
  readonly #process: Virtiofsd;
  readonly #loss: Loss;
  readonly #end: () => Promise<void>;

  constructor(process: Virtiofsd, end: () => Promise<void>) {
    this.#process = process;
    this.#loss = new Loss(process.lost);
    this.#end = end;
  }

  async pending(): Promise<Pending> {
    this.#loss.expectNone();
    const inodes = await this.#process.inodes();
    const stopcopyBytes = least.bytes + perInode.bytes * inodes;
    const fixedMs = least.ms + (perInode.saveMs + perInode.loadMs) * inodes;
    return { initialBytes: 0, precopyBytes: 0, stopcopyBytes, fixedMs, carried: true };
  }

  async precopy(): Promise<void> {
    this.#loss.expectNone();
  }

  /** It stops with its QEMU, which says when that was. */
  async stop(): Promise<Stopped> {
    this.#loss.expectNone();
    return { servedMs: Infinity };
  }

  async final(): Promise<StateDigest> {
    this.#loss.expectNone();
    return { digest: sentElsewhere };
  }

  async resume(): Promise<void> {
    this.#loss.expectNone();
  }

  async commit(): Promise<void> {
    await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class VirtiofsDestination implements Destination {
  readonly #loss: Loss;
  readonly #end: () => Promise<void>;
  #started = false;

  constructor(process: Virtiofsd, end: () => Promise<void>) {
    this.#loss = new Loss(process.lost);
    this.#end = end;
  }

  /** Nothing comes but the ends of rounds; what it waits for meanwhile is the end of its process. */
  async load(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#loss.orElse(drained(chunks));
  }

  async verify(): Promise<StateDigest> {
    this.#loss.expectNone();
    return { digest: sentElsewhere };
  }

  async start(): Promise<void> {
    await this.verify();
    this.#started = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#started) await this.#end();
  }
}

function goneFrom(ctx: DeviceContext<VirtiofsConfig>): string {
  return `${nameOf(ctx)} has no virtiofsd on ${ctx.host}: its guest's session is gone with it`;
}

/** Of no bytes: the state is in the stream of the guest's QEMU, whose digest covers it. */
const sentElsewhere = "00";

async function drained(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks)
    if (chunk.length > 0) throw deviceError("bad-stream", "a virtiofs device sends nothing of its own");
}
