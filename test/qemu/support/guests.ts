import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  endNow,
  GuestConsole,
  placesIn,
  processIn,
  Qemu,
  type QemuSpec,
  restore,
  sampleCommandLine,
  type SampleGuest,
  sampleShareTag as tag,
  save,
  sharePlacesIn,
  Virtiofsd,
  type VirtiofsdSpec,
} from "@godwit/qemu";

/** A whole emulated boot on a busy machine. */
const bootLimitMs = 180_000;
const limitMs = 60_000;
export const memoryMib = 256;
const size: GuestSize = { memoryMib, roomMib: 128 };

/** So that no process outlives a test run that is killed. */
const through = ["setpriv", "--pdeathsig", "KILL"];

export interface GuestSize {
  memoryMib: number;
  /** The most that it may be told to rewrite. */
  roomMib: number;
}

export interface Side extends Disposable {
  spec: QemuSpec;
  share: VirtiofsdSpec;
  qemu: Qemu;
  virtiofsd: Virtiofsd;
  console: GuestConsole;
}

/**
 * Test guests in a temporary folder, each with a folder of its own: `saved` is booted once, all others are started from what it was.
 * Disposing ends every process that was started here.
 */
export class Guests implements AsyncDisposable {
  readonly folder: string;
  readonly size: GuestSize;
  readonly #guest: SampleGuest;
  readonly #folders: string[] = [];
  /** What was in the file that the saved guest has open. */
  #counter = "";

  private constructor(folder: string, guest: SampleGuest, ofGuests: GuestSize) {
    this.folder = folder;
    this.#guest = guest;
    this.size = ofGuests;
  }

  static async in(guest: SampleGuest, ofGuests = size): Promise<Guests> {
    return new Guests(await mkdtemp(join(tmpdir(), "gw-qemu-")), guest, ofGuests);
  }

  /** What a guest that goes on from the saved one is told. */
  get savedState(): string {
    return join(this.folder, "golden.state");
  }

  /**
   * Boots a guest, waits until it does its work, and saves it. To be called once, before all others.
   *
   * @param ready what it is to have done before that
   */
  async save(ready: (console: GuestConsole) => Promise<void> = async () => undefined): Promise<{ bootMs: number }> {
    const from = performance.now();
    const share = await this.share("golden-share");
    using side = await this.#start("golden", "running", share);
    await side.console.more(5, bootLimitMs);
    const bootMs = performance.now() - from;
    await ready(side.console);
    await save(side.qemu.qmp, this.savedState, { limitMs });
    this.#counter = await readFile(join(share, "counter"), "utf8");
    await Promise.all([side.qemu.end(), side.virtiofsd.end()]);
    return { bootMs };
  }

  /** Starts a guest from the saved one. */
  async restore(name: string, share: string): Promise<Side> {
    const side = await this.receiver(name, share);
    await restore(side.qemu.qmp, this.savedState, limitMs);
    await side.qemu.qmp.execute("cont");
    return side;
  }

  /** Starts the processes for a guest that is to come. */
  async receiver(name: string, share: string): Promise<Side> {
    return await this.#start(name, "incoming", share);
  }

  /** A folder to be shared, with the file in it that the saved guest has open. */
  async share(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await this.fillShare(folder);
    return folder;
  }

  /** The file is as it was when the guest was saved: it may have been about to read back what it had written. */
  async fillShare(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "counter"), this.#counter);
  }

  /** Ends both processes, which take a machine's time as long as they run. */
  async end({ qemu, virtiofsd, console }: Side): Promise<void> {
    console[Symbol.dispose]();
    await Promise.all([qemu.end(), virtiofsd.end()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#folders.map(endAllIn));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #start(name: string, begins: QemuSpec["begins"], directory: string): Promise<Side> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    this.#folders.push(folder);
    const { kernel, initramfs, programs } = this.#guest;
    const share: VirtiofsdSpec = { name, folder, directory, sandbox: "none" };
    const spec: QemuSpec = {
      name,
      folder,
      memoryMib: this.size.memoryMib,
      accelerator: "tcg",
      begins,
      kernel: { image: kernel, initramfs, commandLine: commandLineOf(this.size) },
      shares: [{ tag, socket: sharePlacesIn(folder).socket }],
    };
    const options = { deadlineMs: limitMs, through };
    const virtiofsd = await Virtiofsd.start(programs.virtiofsd, share, options);
    const qemu = await Qemu.start(programs.qemu, spec, options);
    return sideOf({ spec, share, qemu, virtiofsd, console: await GuestConsole.open(placesIn(folder).console) });
  }
}

export const commandLine = commandLineOf(size);

export function commandLineOf({ roomMib }: GuestSize): string {
  return sampleCommandLine({ roomMib, mib: 0, mibPerSec: 0 });
}

async function endAllIn(folder: string): Promise<void> {
  const { qmp, pidFile } = placesIn(folder);
  const share = sharePlacesIn(folder);
  const found = await Promise.all([processIn(pidFile, qmp), processIn(share.pidFile, share.socket)]);
  await Promise.all(found.filter((process) => process !== undefined).map(endNow));
}

function sideOf(parts: Omit<Side, typeof Symbol.dispose>): Side {
  return {
    ...parts,
    [Symbol.dispose]() {
      parts.console[Symbol.dispose]();
      parts.qemu[Symbol.dispose]();
      parts.virtiofsd[Symbol.dispose]();
    },
  };
}
