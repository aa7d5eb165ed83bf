import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  endRemains,
  Machine,
  type MachineSpec,
  migrationStatus,
  placesIn,
  receive,
  send,
  setCapabilities,
  setPace,
} from "@godwit/qemu";
import type { TestGuest } from "../../support/test-guest.ts";
import { GuestConsole } from "./guest-console.ts";

/** A whole emulated boot on a busy machine. */
const bootLimitMs = 180_000;
const limitMs = 60_000;
const tag = "share";

/** So that no process outlives a test run that is killed. */
const through = ["setpriv", "--pdeathsig", "KILL"];

export interface Side extends Disposable {
  machine: Machine;
  console: GuestConsole;
}

/**
 * Test guests in a temporary folder, each with a folder of its own: `saved` is booted once, all others are started from what it was.
 * Disposing ends every process that was started here.
 */
export class Guests implements AsyncDisposable {
  readonly folder: string;
  readonly #guest: TestGuest;
  readonly #specs: MachineSpec[] = [];

  private constructor(folder: string, guest: TestGuest) {
    this.folder = folder;
    this.#guest = guest;
  }

  static async in(guest: TestGuest): Promise<Guests> {
    return new Guests(await mkdtemp(join(tmpdir(), "gw-qemu-")), guest);
  }

  /** Boots a guest, waits until it does its work, and saves it. To be called once, before all others. */
  async save(): Promise<{ bootMs: number }> {
    const from = performance.now();
    const spec = await this.#spec("golden", "running", await this.share("golden-share"));
    const machine = await this.#start(spec);
    using console = await GuestConsole.open(placesIn(spec.folder).console);
    await console.more(5, bootLimitMs);
    const bootMs = performance.now() - from;
    await setCapabilities(machine.qmp, fileCapabilities);
    await setPace(machine.qmp, { maxBytesPerSec: 0, downtimeLimitMs: 300 });
    await machine.qmp.execute("stop");
    const saved = migrationStatus(machine.qmp, "completed", { deadlineMs: limitMs });
    await Promise.all([saved, send(machine.qmp, this.#savedState)]);
    await machine.end();
    return { bootMs };
  }

  /** Starts a guest from the saved one. */
  async restore(name: string, share: string): Promise<Side> {
    const { machine, console } = await this.receiver(name, share);
    await setCapabilities(machine.qmp, fileCapabilities);
    const loaded = migrationStatus(machine.qmp, "completed", { deadlineMs: limitMs });
    await Promise.all([loaded, receive(machine.qmp, this.#savedState)]);
    await setCapabilities(machine.qmp, { "mapped-ram": false });
    await machine.qmp.execute("cont");
    return sideOf(machine, console);
  }

  /** Starts the processes for a guest that is to come. */
  async receiver(name: string, share: string): Promise<Side> {
    const machine = await this.#start(await this.#spec(name, "incoming", share));
    return sideOf(machine, await GuestConsole.open(placesIn(machine.spec.folder).console));
  }

  /** A folder to be shared, with the file in it that the saved guest has open. */
  async share(name: string): Promise<string> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    await writeFile(join(folder, "counter"), "");
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#specs.map(endRemains));
    await rm(this.folder, { recursive: true, force: true });
  }

  get #savedState(): string {
    return `file:${join(this.folder, "golden.state")}`;
  }

  async #start(spec: MachineSpec): Promise<Machine> {
    return await Machine.start(this.#guest.programs, spec, { deadlineMs: limitMs, through });
  }

  async #spec(name: string, begins: MachineSpec["begins"], share: string): Promise<MachineSpec> {
    const folder = join(this.folder, name);
    await mkdir(folder);
    const { kernel, initramfs } = this.#guest;
    const spec: MachineSpec = {
      name,
      folder,
      memoryMib: 256,
      accelerator: "tcg",
      begins,
      kernel: { image: kernel, initramfs, commandLine },
      shares: [{ tag, folder: share, sandbox: "none" }],
    };
    this.#specs.push(spec);
    return spec;
  }
}

/** Into a file each page goes to its own place, which is read back fastest; there is nobody at the other end to return anything. */
const fileCapabilities = { "mapped-ram": true, "return-path": false, "pause-before-switchover": false };

/** The kernel leaves out what takes its time under emulation; the rest is for the guest's program. */
const commandLine =
  "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable no_timer_check 8250.nr_uarts=1 i8042.nokbd i8042.noaux " +
  "cryptomgr.notests random.trust_cpu=on noreplace-smp rcupdate.rcu_expedited=1 " +
  `share=${tag} room=128 mib=0 rate=0`;

function sideOf(machine: Machine, console: GuestConsole): Side {
  return {
    machine,
    console,
    [Symbol.dispose]() {
      console[Symbol.dispose]();
      machine[Symbol.dispose]();
    },
  };
}
