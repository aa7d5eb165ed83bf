import { join } from "node:path";
import type { Guest, Migration } from "@godwit/contract";
import { GuestConsole, Heartbeats, placesIn, type SampleGuest, sampleShareTag } from "@godwit/qemu";
import { alphaAndBeta, Cluster, type HostOptions, type LaunchOf } from "../../e2e/support/cluster.ts";
import { findTestGuest, guestFolder } from "../../support/test-guest.ts";
import { commandLineOf, Guests, type GuestSize } from "./guests.ts";

export interface MachineOptions {
  /** The folder that it mounts; one of its own where none is said. */
  share?: string;
  /** Further fields of its configuration, or other ones; and of its share's. */
  machine?: Record<string, unknown>;
  files?: Record<string, unknown>;
}

/** Two hosts that can run QEMU, and a test guest that was booted once and is gone on from. */
export class Machines implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly guests: Guests;
  readonly #guest: SampleGuest;

  private constructor(cluster: Cluster, guests: Guests, guest: SampleGuest) {
    this.cluster = cluster;
    this.guests = guests;
    this.#guest = guest;
  }

  /**
   * @param programs of a host, where its QEMU is not the tests' own
   * @param size of the guests, where it is to be another one
   */
  static async start(
    both: Omit<HostOptions, "name" | "serviceAddress"> = {},
    programs: Record<string, string> = {},
    launch?: LaunchOf,
    size?: GuestSize,
  ): Promise<Machines> {
    const found = findTestGuest();
    if (found.missing !== undefined) throw new Error(found.missing);
    const guests = await Guests.in(found, size);
    try {
      await guests.save();
      const hosts = alphaAndBeta(both).map((host) => {
        const options = ["--qemu", programs[host.name] ?? guestFolder, ...(host.options ?? [])];
        return { ...host, options };
      });
      return new Machines(await Cluster.start(hosts, launch), guests, found);
    } catch (error) {
      await guests[Symbol.asyncDispose]();
      throw error;
    }
  }

  async create(name: string, host = "alpha", options: MachineOptions = {}): Promise<Guest> {
    const { kernel, initramfs } = this.#guest;
    const path = options.share ?? (await this.guests.share(name));
    const { size, savedState } = this.guests;
    const machine = {
      memoryMib: size.memoryMib,
      accelerator: "tcg",
      kernel: { image: kernel, initramfs, commandLine: commandLineOf(size) },
      shares: [{ device: "files", tag: sampleShareTag }],
      restore: savedState,
      ...options.machine,
    };
    return await this.cluster.client.guests.create({
      name,
      host,
      devices: [
        { name: "files", kind: "virtiofs", config: { path, sandbox: "none", ...options.files } },
        { name: "machine", kind: "qemu", config: machine },
      ],
    });
  }

  /** The folder of a device on a host. */
  folderOf(guest: Pick<Guest, "id">, host: string, device = "machine"): string {
    return join(this.cluster.host(host).folder, "devices", guest.id, device);
  }

  async console(guest: Pick<Guest, "id">, host: string): Promise<GuestConsole> {
    return await GuestConsole.open(placesIn(this.folderOf(guest, host)).console);
  }

  async heartbeats(guest: Pick<Guest, "id">, host: string): Promise<Heartbeats> {
    return await Heartbeats.of(this.folderOf(guest, host));
  }

  async migrate(guest: Pick<Guest, "id">, to: string, limits = {}): Promise<Migration> {
    const { client } = this.cluster;
    const { id } = await client.migrations.create({ guest: guest.id, destination: to, ...limits });
    return await client.waitForEnd(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
    await this.guests[Symbol.asyncDispose]();
  }
}
