import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Beat,
  beatIn,
  endNow,
  placesIn,
  qemuArguments,
  Qmp,
  type QemuSpec,
  restore,
  sampleShareTag as tag,
  sharePlacesIn,
  Virtiofsd,
} from "@godwit/qemu";
import { isAlive, type ProcessName, startTicksOf } from "@godwit/launch";
import { until } from "../../e2e/support/until.ts";
import { findTestGuest } from "../../support/test-guest.ts";
import { commandLine, type Guests, memoryMib } from "./guests.ts";

export interface Definition {
  name: string;
  kind: string;
  config: Record<string, unknown>;
}

const limitMs = 60_000;
const through = ["setpriv", "--pdeathsig", "KILL"];

/** A test guest of somebody's who has nothing to do with Godwit: a QEMU and a virtiofsd, started from the saved one. */
export class OwnGuest implements AsyncDisposable {
  readonly qmp: string;
  readonly shareSocket: string;
  /** What it says, on whatever host: its like adds to the same file. */
  readonly log: string;
  /** What it mounts. */
  readonly directory: string;
  readonly qemu: ProcessName;
  readonly virtiofsd: ProcessName;

  private constructor(folder: string, directory: string, processes: { qemu: ProcessName; virtiofsd: ProcessName }) {
    this.qmp = placesIn(folder).qmp;
    this.shareSocket = sharePlacesIn(folder).socket;
    this.log = join(folder, "heard.log");
    this.directory = directory;
    this.qemu = processes.qemu;
    this.virtiofsd = processes.virtiofsd;
  }

  /** @param more of QEMU's arguments */
  static async start(guests: Guests, name: string, more: string[] = []): Promise<OwnGuest> {
    const found = findTestGuest();
    if (found.missing !== undefined) throw new Error(found.missing);
    const folder = join(guests.folder, name);
    await mkdir(folder);
    const directory = await guests.share(`${name}-share`);
    const { programs } = found;
    const serving = { name, folder, directory, sandbox: "none" as const };
    using virtiofsd = await Virtiofsd.start(programs.virtiofsd, serving, { deadlineMs: limitMs, through });
    const spec: QemuSpec = {
      name,
      folder,
      memoryMib,
      accelerator: "tcg",
      begins: "incoming",
      kernel: { image: found.kernel, initramfs: found.initramfs, commandLine },
      shares: [{ tag, socket: sharePlacesIn(folder).socket }],
      more,
    };
    const log = join(folder, "heard.log");
    const words = qemuArguments(spec).map((word) =>
      word.startsWith("socket,id=console") ? `file,id=console,path=${log},append=on` : word,
    );
    const qemu = await begun([...through, programs.qemu, ...words]);
    const guest = new OwnGuest(folder, directory, { qemu, virtiofsd: virtiofsd.process });
    using qmp = await guest.connect();
    await restore(qmp, guests.savedState, limitMs);
    await qmp.execute("cont");
    return guest;
  }

  /** As its owner does; nobody else can meanwhile. */
  async connect(): Promise<Qmp> {
    return await until("its QEMU listens", async () => await Qmp.connect(this.qmp));
  }

  /** All heartbeats that it has shown. */
  async beats(): Promise<Beat[]> {
    const said = await readFile(this.log, "utf8").catch(() => "");
    return said.split("\n").flatMap((line) => beatIn(line) ?? []);
  }

  /** Waits for so many more of them. */
  async more(count: number): Promise<Beat[]> {
    const from = (await this.beats()).length;
    return await until(`${count} heartbeats`, async () => {
      const beats = await this.beats();
      return beats.length >= from + count ? beats : undefined;
    });
  }

  async isUntouched(): Promise<boolean> {
    return (await isAlive(this.qemu)) && (await isAlive(this.virtiofsd));
  }

  /** The devices of a guest that is taken over. */
  get devices(): Definition[] {
    return [
      { name: "files", kind: "virtiofs", config: { adopt: { socket: this.shareSocket } } },
      { name: "machine", kind: "qemu", config: { adopt: { qmp: this.qmp }, shares: [{ device: "files", tag }] } },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([endNow(this.qemu), endNow(this.virtiofsd)]);
  }
}

async function begun([command = "", ...words]: string[]): Promise<ProcessName> {
  const child = spawn(command, words, { stdio: "ignore", detached: true });
  await once(child, "spawn");
  child.unref();
  const pid = child.pid ?? 0;
  return { pid, startTicks: (await startTicksOf(pid)) ?? "ended" };
}
