import { dirname, join } from "node:path";
import type { DeviceContext } from "@godwit/backend";
import {
  endMigration,
  Qemu,
  type QemuSpec,
  sharePlacesIn,
  standStill,
  unsetCapabilities,
  Virtiofsd,
  withMachine,
} from "@godwit/qemu";
import { deviceError, nameOf } from "../device-error.ts";
import type { QemuConfig } from "./config.ts";

export interface QemuOptions {
  program: string;
  version: string;
}

/** The QEMUs of this host's guests, by the folders of their devices; each is found when it is first asked for, and held on to. */
export class QemuGuests {
  readonly #options: QemuOptions;
  readonly #found = new Map<string, Promise<Qemu | undefined>>();
  /** Those that a migration has stopped, or is about to. */
  readonly migrating = new Set<Qemu>();

  constructor(options: QemuOptions) {
    this.#options = options;
  }

  async start(ctx: DeviceContext<QemuConfig>, begins: QemuSpec["begins"]): Promise<Qemu> {
    const started = await Qemu.start(this.#options.program, specOf(ctx, begins)).catch(noRoomBehind);
    this.#keep(ctx, Promise.resolve(started));
    return started;
  }

  /** One QMP connection serves all that this agent does with it, so that two who look at once find the same. */
  async find(ctx: DeviceContext<QemuConfig>): Promise<Qemu | undefined> {
    const { dataFolder, guest } = ctx;
    const known = this.#found.get(dataFolder);
    if (known !== undefined) return await known;
    const finding = Qemu.find({ name: guest.name, folder: dataFolder });
    this.#keep(ctx, finding);
    return await finding;
  }

  async require(ctx: DeviceContext<QemuConfig>): Promise<Qemu> {
    const found = await this.find(ctx);
    if (found !== undefined) return found;
    throw deviceError("gone", goneFrom(ctx));
  }

  async end(ctx: DeviceContext<QemuConfig>): Promise<void> {
    const found = await this.find(ctx);
    this.#found.delete(ctx.dataFolder);
    if (found === undefined) return;
    this.migrating.delete(found);
    await found.end();
  }

  /** Leaves one running that was adopted here, as it was; says whether there was one. */
  async letGo(ctx: DeviceContext<QemuConfig>): Promise<boolean> {
    const found = await this.find(ctx);
    if (found?.adopted !== true) return false;
    this.#found.delete(ctx.dataFolder);
    this.migrating.delete(found);
    await endMigration(found);
    await unsetCapabilities(found.qmp);
    await found.letGo(ctx.dataFolder);
    return true;
  }

  /** The share that nobody serves any more. */
  async lostShare(ctx: DeviceContext<QemuConfig>): Promise<string | undefined> {
    for (const share of sharesOf(ctx)) {
      using serving = await Virtiofsd.find(share);
      if (serving === undefined) return share.name;
    }
    return undefined;
  }

  /**
   * QEMU does not notice that a share's process has ended, and a guest hangs in whatever it has asked of it, for good. It stands still
   * instead, as it does where a disk is full, and can be told from one that runs.
   */
  async #watchShares(ctx: DeviceContext<QemuConfig>, qemu: Qemu): Promise<void> {
    const found = await Promise.all(sharesOf(ctx).map((share) => Virtiofsd.find(share)));
    await Promise.race(found.flatMap((serving) => serving?.lost ?? []));
    await standStill(qemu.qmp);
  }

  #keep(ctx: DeviceContext<QemuConfig>, finding: Promise<Qemu | undefined>): void {
    const { dataFolder: folder } = ctx;
    this.#found.set(folder, finding);
    const forget = () => {
      if (this.#found.get(folder) === finding) this.#found.delete(folder);
    };
    finding.then((found) => {
      if (found === undefined) return forget();
      // A connection that has ended is made again when it is needed, where there is anybody to connect to; who has it still is told why.
      void Promise.race([found.lost, found.qmp.closed]).then(forget);
      void this.#watchShares(ctx, found).catch(() => undefined);
    }, forget);
  }
}

/** The kernel promises memory, and may not keep it. */
function noRoomBehind(error: Error): never {
  throw /cannot allocate memory|out of memory/i.test(error.message) ? deviceError("no-room", error.message) : error;
}

export function goneFrom(ctx: DeviceContext<QemuConfig>): string {
  return `${nameOf(ctx)} has no QEMU on ${ctx.host}: a guest is gone with its process`;
}

function sharesOf({ config, dataFolder, guest }: DeviceContext<QemuConfig>): { name: string; folder: string }[] {
  return config.shares.map(({ device }) => ({
    name: `${device} of ${guest.name}`,
    folder: join(dirname(dataFolder), device),
  }));
}

function specOf(ctx: DeviceContext<QemuConfig>, begins: QemuSpec["begins"]): QemuSpec {
  const { config, dataFolder, guest } = ctx;
  const shares = config.shares.map(({ device, tag, chardev }) => {
    const { socket } = sharePlacesIn(join(dirname(dataFolder), device));
    return { tag, socket, ...(chardev === undefined ? {} : { chardev }) };
  });
  const { memoryMib, cpus, accelerator, machine, cpu, kernel, arguments: words, whole = false } = config;
  const more = whole ? withMachine(words, machine) : words;
  const spec = {
    whole,
    name: guest.name,
    folder: dataFolder,
    memoryMib,
    cpus,
    accelerator,
    machine,
    shares,
    begins,
    more,
  };
  return { ...spec, ...(cpu === undefined ? {} : { cpu }), ...(kernel === undefined ? {} : { kernel }) };
}
