import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { endOf, type ProcessName } from "@godwit/launch";
import { adoptedIn, forgetAdopted } from "./adoption/adopted.ts";
import { type VirtiofsdSpec, virtiofsdArguments } from "./arguments.ts";
import { endNow, lossOf, processIn, type StartOptions, startApart, startLimitMs, untilReady } from "./child.ts";
import { sharePlacesIn } from "./places.ts";

const endLimitMs = 3000;
/** What virtiofsd says when its QEMU has gone and it follows. */
const followed = "Client disconnected";
/** What it says when its QEMU has come. */
const taken = "Client connected";
/** Its QEMU is named first then, as the cause. */
const followedMs = 1000;
/** A count is taken again after so long: with many it takes a while itself. */
const countedForMs = 1000;

/** Of virtiofsd 1.13: what it holds of its own memory with no inode, and for each that it knows by a handle. */
const memory = { emptyBytes: 460 * 1024, perInodeBytes: 660 };

type Found = Pick<VirtiofsdSpec, "name" | "folder" | "fileHandles">;

/**
 * The process that serves one share of a guest. It serves one connection, and ends with it; it outlives whoever started it, and is found
 * again by its folder.
 */
export class Virtiofsd implements Disposable {
  readonly process: ProcessName;
  /** Where it is reached, if somebody else has started it. */
  readonly adoptedAt: string | undefined;
  /**
   * Resolves when it has ended, to what it said last. QEMU says nothing of that, and a guest without it hangs. Where it has ended because
   * its QEMU had, that comes a second later, after whoever tells of QEMU's own end.
   */
  readonly lost: Promise<string>;
  readonly #watching = new AbortController();
  readonly #byHandles: boolean;
  #counted = { inodes: 0, atMs: -Infinity };

  private constructor(spec: Found, process: ProcessName, adoptedAt?: string) {
    this.process = process;
    this.adoptedAt = adoptedAt;
    this.#byHandles = spec.fileHandles === true;
    const { log } = sharePlacesIn(spec.folder);
    const watched = { what: `virtiofsd for ${spec.name}`, process, log };
    this.lost = lossOf(watched, this.#watching.signal).then(async (said) => {
      if (said.includes(followed)) await setTimeout(followedMs, undefined, { ref: false });
      return said;
    });
  }

  /** Where it fails, nothing is left running. */
  static async start(program: string, spec: VirtiofsdSpec, options: Partial<StartOptions> = {}): Promise<Virtiofsd> {
    const { deadlineMs, ...launch } = { deadlineMs: startLimitMs, ...options };
    const { socket, log, pidFile } = sharePlacesIn(spec.folder);
    await Promise.all([rm(socket, { force: true }), rm(pidFile, { force: true })]);
    const saidBefore = await saidSince(log, 0);
    const process = await startApart({ program, arguments: virtiofsdArguments(spec), log, ...launch });
    // Looked at, not connected to: the first connection is the only one. Its socket is gone once its QEMU has connected.
    const look = async () =>
      existsSync(socket) || (await saidSince(log, saidBefore.length)).includes(taken) || undefined;
    try {
      await untilReady(`virtiofsd for ${spec.name}`, { process, log, deadlineMs }, look);
    } catch (error) {
      await endNow(process);
      throw error;
    }
    return new Virtiofsd(spec, process);
  }

  /** That which was started in the folder, or adopted there, where it lives. */
  static async find(spec: Found): Promise<Virtiofsd | undefined> {
    const adopted = await adoptedIn(spec.folder);
    if (adopted !== undefined) return new Virtiofsd(spec, adopted.process, adopted.socket);
    const { socket, pidFile } = sharePlacesIn(spec.folder);
    const process = await processIn(pidFile, socket);
    return process === undefined ? undefined : new Virtiofsd(spec, process);
  }

  /**
   * How many inodes its guest knows: it keeps each of them open (proc_pid_fd(5)), in a child of its own where it has shut itself into a
   * namespace. One that knows them by handles does not, and is judged by the memory that it has: that is about right, and does not fall again
   * when the guest forgets some.
   */
  async inodes(): Promise<number> {
    const nowMs = performance.now();
    if (nowMs - this.#counted.atMs < countedForMs) return this.#counted.inodes;
    const { pid } = this.process;
    const look = this.#byHandles ? inodesByMemoryOf : openFilesOf;
    const counts = await Promise.all([pid, ...(await childrenOf(pid))].map(look));
    const inodes = counts.reduce((sum, count) => sum + count, 0);
    this.#counted = { inodes, atMs: nowMs };
    return inodes;
  }

  /** Has no more to do with one that was adopted in the folder, and leaves it running. */
  async letGo(folder: string): Promise<void> {
    await forgetAdopted(folder);
    this[Symbol.dispose]();
  }

  /** Ends it, once its guest has gone: politely, then by force. */
  async end(): Promise<void> {
    this[Symbol.dispose]();
    await endOf(this.process, endLimitMs);
  }

  [Symbol.dispose](): void {
    this.#watching.abort();
  }
}

async function saidSince(log: string, length: number): Promise<string> {
  return (await readFile(log, "utf8").catch(() => "")).slice(length);
}

async function childrenOf(pid: number): Promise<number[]> {
  const listed = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return listed.split(" ").filter(Boolean).map(Number);
}

async function openFilesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
}

async function inodesByMemoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const held = 1024 * Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return Math.max(0, Math.round((held - memory.emptyBytes) / memory.perInodeBytes));
}
