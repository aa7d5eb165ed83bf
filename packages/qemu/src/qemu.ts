import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { endOf, type ProcessName } from "@godwit/launch";
import { adoptedIn, forgetAdopted } from "./adoption/adopted.ts";
import { type QemuSpec, qemuArguments } from "./arguments.ts";
import { endNow, lossOf, processIn, type StartOptions, startApart, startLimitMs, untilReady, within } from "./child.ts";
import { placesIn } from "./places.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import { Qmp } from "./qmp/qmp.ts";

const findLimitMs = 5000;
const quitLimitMs = 3000;
const endLimitMs = 3000;

interface Parts {
  name: string;
  qmp: Qmp;
  process: ProcessName;
  log: string;
  adopted?: boolean;
}

/**
 * The process that runs a guest. It outlives whoever started it, and is found again by its folder. Disposing lets go of it; only `end`
 * ends it.
 */
export class Qemu implements Disposable {
  readonly qmp: Qmp;
  readonly process: ProcessName;
  /** Somebody else has started it. */
  readonly adopted: boolean;
  /** Resolves when it has ended, to what it said last. */
  readonly lost: Promise<string>;
  readonly #watching = new AbortController();

  private constructor({ name, qmp, process, log, adopted = false }: Parts) {
    this.qmp = qmp;
    this.process = process;
    this.adopted = adopted;
    this.lost = lossOf({ what: `QEMU for ${name}`, process, log }, this.#watching.signal);
  }

  /** Waits for those that serve its shares, which may be about to start. Where it fails, nothing is left running. */
  static async start(program: string, spec: QemuSpec, options: Partial<StartOptions> = {}): Promise<Qemu> {
    const { deadlineMs, ...launch } = { deadlineMs: startLimitMs, ...options };
    const { log, qmp: socket, console } = placesIn(spec.folder);
    for (const share of spec.shares) {
      const look = () => (existsSync(share.socket) ? true : undefined);
      await within(deadlineMs, `nobody serves the share ${share.tag}`, look);
    }
    await Promise.all([rm(socket, { force: true }), rm(console, { force: true })]);
    const process = await startApart({ program, arguments: qemuArguments(spec), log, ...launch });
    try {
      const look = async () => await connected(socket, deadlineMs);
      const qmp = await untilReady(`QEMU for ${spec.name}`, { process, log, deadlineMs }, look);
      return new Qemu({ name: spec.name, qmp, process, log });
    } catch (error) {
      await endNow(process);
      throw error;
    }
  }

  /** That which was started in the folder, or adopted there, where it lives. */
  static async find({ name, folder }: Pick<QemuSpec, "name" | "folder">): Promise<Qemu | undefined> {
    const { pidFile, qmp: own, log } = placesIn(folder);
    const adopted = await adoptedIn(folder);
    const socket = adopted?.socket ?? own;
    const process = adopted?.process ?? (await processIn(pidFile, own));
    const qmp = process === undefined ? undefined : await connected(socket, findLimitMs);
    if (process === undefined || qmp === undefined) return undefined;
    return new Qemu({ name, qmp, process, log, adopted: adopted !== undefined });
  }

  /** Has no more to do with one that was adopted in the folder, and leaves it running. */
  async letGo(folder: string): Promise<void> {
    await forgetAdopted(folder);
    this[Symbol.dispose]();
  }

  /** Politely, then by force: a QEMU that waits for a stalled stream hears nothing. */
  async end(): Promise<void> {
    this.#watching.abort();
    await this.qmp.execute("quit", {}, { deadlineMs: quitLimitMs }).catch(() => undefined);
    this.qmp[Symbol.dispose]();
    await endOf(this.process, endLimitMs);
  }

  [Symbol.dispose](): void {
    this.#watching.abort();
    this.qmp[Symbol.dispose]();
  }
}

/** A connection, or nothing while nobody listens yet. */
async function connected(socket: string, deadlineMs: number): Promise<Qmp | undefined> {
  try {
    return await Qmp.connect(socket, { deadlineMs });
  } catch (error) {
    if (error instanceof QmpError && error.kind === "closed") return undefined;
    throw error;
  }
}
