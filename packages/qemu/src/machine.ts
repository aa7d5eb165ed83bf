import { rm } from "node:fs/promises";
import { endOf, isAlive, type ProcessName } from "@godwit/launch";
import { type MachineSpec, qemuArguments } from "./arguments.ts";
import { ended, lastSaid, processIn, startApart, untilReady } from "./child.ts";
import type { QemuPrograms } from "./installation.ts";
import { placesIn, sharePlacesIn } from "./places.ts";
import { QmpError } from "./qmp/qmp-error.ts";
import { Qmp } from "./qmp/qmp.ts";
import { findVirtiofsd, type StartOptions, startVirtiofsd, type Virtiofsd } from "./virtiofsd.ts";

const startLimitMs = 30_000;
const findLimitMs = 5000;
const quitLimitMs = 3000;
const endLimitMs = 3000;

interface Parts {
  spec: MachineSpec;
  qmp: Qmp;
  process: ProcessName;
  shares: Virtiofsd[];
}

/**
 * A guest's processes: QEMU, and a virtiofsd for each share. They outlive whoever started them, and are found again in the guest's
 * folder. Disposing lets go of them; only `end` ends them.
 */
export class Machine implements Disposable {
  readonly spec: MachineSpec;
  readonly qmp: Qmp;
  readonly process: ProcessName;
  readonly shares: readonly Virtiofsd[];
  /**
   * Resolves when one of the processes has ended, to which and what it said last. QEMU itself says nothing of a virtiofsd that is gone,
   * and a guest without it hangs.
   */
  readonly lost: Promise<string>;
  readonly #watching = new AbortController();

  private constructor({ spec, qmp, process, shares }: Parts) {
    this.spec = spec;
    this.qmp = qmp;
    this.process = process;
    this.shares = shares;
    const qemu = this.#watch("QEMU", process, placesIn(spec.folder).log);
    this.lost = Promise.race([
      qemu,
      ...shares.map((each) => this.#watch(`virtiofsd for ${each.tag}`, each.process, each.log)),
    ]);
  }

  /** Where it fails, nothing that it started is left running. */
  static async start(programs: QemuPrograms, spec: MachineSpec, options: Partial<StartOptions> = {}): Promise<Machine> {
    const start = { deadlineMs: startLimitMs, ...options };
    const started: ProcessName[] = [];
    try {
      const shares: Virtiofsd[] = [];
      for (const number of spec.shares.keys()) {
        shares.push(await startVirtiofsd(programs.virtiofsd, spec, number, start, (process) => started.push(process)));
      }
      const { log, qmp: socket, console } = placesIn(spec.folder);
      await Promise.all([rm(socket, { force: true }), rm(console, { force: true })]);
      const { deadlineMs, ...launch } = start;
      const process = await startApart({ program: programs.qemu, arguments: qemuArguments(spec), log, ...launch });
      started.push(process);
      const look = async () => await connected(socket, deadlineMs);
      const qmp = await untilReady(`QEMU for ${spec.name}`, { process, log, deadlineMs }, look);
      return new Machine({ spec, qmp, process, shares });
    } catch (error) {
      await Promise.all(started.map((process) => endNow(process)));
      throw error;
    }
  }

  /** The guest's processes where all of them live. */
  static async find(spec: MachineSpec): Promise<Machine | undefined> {
    const { pidFile, qmp: socket } = placesIn(spec.folder);
    const process = await processIn(pidFile, socket);
    const found = await Promise.all([...spec.shares.keys()].map(async (number) => await findVirtiofsd(spec, number)));
    const shares = found.filter((share) => share !== undefined);
    if (process === undefined || shares.length < spec.shares.length) return undefined;
    const qmp = await connected(socket, findLimitMs);
    return qmp === undefined ? undefined : new Machine({ spec, qmp, process, shares });
  }

  /** Ends the processes: politely, then by force, for a QEMU that waits for a stalled stream hears nothing. */
  async end(): Promise<void> {
    this.#watching.abort();
    await this.qmp.execute("quit", {}, { deadlineMs: quitLimitMs }).catch(() => undefined);
    this.qmp[Symbol.dispose]();
    await endOf(this.process, endLimitMs);
    // virtiofsd ends with its connection.
    await Promise.all(this.shares.map(async (share) => await endOf(share.process, endLimitMs)));
  }

  [Symbol.dispose](): void {
    this.#watching.abort();
    this.qmp[Symbol.dispose]();
  }

  async #watch(what: string, process: ProcessName, log: string): Promise<string> {
    await ended(process, this.#watching.signal);
    if (this.#watching.signal.aborted) return await new Promise<never>(() => undefined);
    return `${what} of ${this.spec.name} has ended: ${await lastSaid(log)}`;
  }
}

/** Ends what is left of a guest's processes in its folder, for instance after a host's restart or half a start. */
export async function endRemains(spec: MachineSpec): Promise<void> {
  const { pidFile, qmp } = placesIn(spec.folder);
  const shares = [...spec.shares.keys()].map((number) => sharePlacesIn(spec.folder, number));
  const found = await Promise.all([
    processIn(pidFile, qmp),
    ...shares.map(async (share) => await processIn(share.pidFile, share.socket)),
  ]);
  await Promise.all(found.filter((process) => process !== undefined).map(endNow));
}

async function endNow(process_: ProcessName): Promise<void> {
  if (await isAlive(process_)) process.kill(process_.pid, "SIGKILL");
  await endOf(process_, endLimitMs);
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
