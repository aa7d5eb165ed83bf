import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Backend, Check, Device, DeviceContext, Pending } from "@godwit/backend";
import { adoptWith } from "./adoption.ts";
import { allOrNone } from "./all-or-none.ts";
import type { DeviceAddress, DeviceStatus, PeerDevice, PlaneOptions } from "./calls.ts";
import type { DirtyWatch } from "./dirty-watch.ts";
import { Losses } from "./losses.ts";
import { peerOf } from "./peers.ts";

type Removal = (backend: Backend, ctx: DeviceContext<unknown>) => Promise<void>;

interface Parts {
  options: Pick<PlaneOptions, "host" | "serviceAddress" | "dataFolder">;
  backends: ReadonlyMap<string, Backend>;
  watch: DirtyWatch;
  /** A device of a guest's that runs here can serve no more. */
  lost: (guestId: string, why: string) => void;
}

/** The devices of one host: how each is reached, and which of them run here. */
export class Devices {
  readonly #parts: Parts;
  /** Those that run here, by their folders. */
  readonly #running = new Map<string, Device>();
  readonly #losses = new Losses();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  backendOf({ kind }: DeviceAddress): Backend {
    const backend = this.#parts.backends.get(kind);
    if (backend === undefined)
      throw Object.assign(new Error(`There is no back end of kind ${kind} here`), { code: "missing-back-end" });
    return backend;
  }

  running(address: DeviceAddress): Device | undefined {
    return this.#running.get(this.#folderOf(address));
  }

  async adopt(address: DeviceAddress): Promise<Record<string, unknown>> {
    return await adoptWith(this.backendOf(address), this.#contextOf(address, address.config), address.config);
  }

  async create(address: DeviceAddress): Promise<DeviceStatus> {
    return await this.#note(address, await this.backendOf(address).create(await this.context(address)));
  }

  async attach(address: DeviceAddress): Promise<DeviceStatus> {
    return await this.#note(address, await this.backendOf(address).attach(await this.context(address)));
  }

  async remove(address: DeviceAddress, remove: Removal): Promise<void> {
    await remove(this.backendOf(address), await this.context(address));
    await this.forget(address);
  }

  async describe(address: DeviceAddress): Promise<PeerDevice & { pending: Pending }> {
    const backend = this.backendOf(address);
    const ctx = await this.context(address);
    await using source = await backend.source(ctx);
    const pending = await source.pending("estimate");
    return { ...(await peerOf(address, backend, await backend.attach(ctx))), pending };
  }

  async check(address: DeviceAddress, peer: PeerDevice): Promise<Check> {
    return await this.backendOf(address).check(this.#contextWithoutFolder(address), peer);
  }

  /** Undefined where the state of all of them is here still; else what was lost first, or what is not here any more. */
  async whyLost(devices: DeviceAddress[]): Promise<string | undefined> {
    const looked = await Promise.all(
      devices.map(async (address) => ((await this.#exists(address)) ? [] : [address.device])),
    );
    const missing = looked.flat();
    if (missing.length === 0) return undefined;
    const told = this.#losses.firstOf(devices.map((address) => this.#folderOf(address)));
    return told ?? `of ${missing.join(", ")} nothing is there any more`;
  }

  /** For a guest that was released before the agent restarted: its devices run again. */
  async reclaim(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) await this.backendOf(address).attach(await this.context(address));
  }

  async discard(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) {
      await using source = await this.backendOf(address).source(await this.context(address));
      await source.commit();
      await this.forget(address);
    }
  }

  /** Takes down devices that serve here and must not: the guest's state is kept on its source. */
  async discardRunning(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) {
      await using source = await this.backendOf(address).source(await this.context(address));
      await source.stop();
      await source.commit();
    }
  }

  /** All of them, or none. */
  async openAll<Opened extends { source: AsyncDisposable } | { destination: AsyncDisposable }>(
    devices: DeviceAddress[],
    open: (address: DeviceAddress, backend: Backend, ctx: DeviceContext<unknown>) => Promise<Opened>,
  ): Promise<Opened[]> {
    const opening = devices.map(async (address) => {
      return await open(address, this.backendOf(address), await this.context(address));
    });
    return await allOrNone(opening);
  }

  async context(address: DeviceAddress): Promise<DeviceContext<unknown>> {
    const ctx = this.#contextWithoutFolder(address);
    await mkdir(ctx.dataFolder, { recursive: true, mode: 0o700 });
    return ctx;
  }

  async forget(address: DeviceAddress): Promise<void> {
    const folder = this.#folderOf(address);
    this.#running.delete(folder);
    this.#losses.forget(folder);
    this.#parts.watch.forget(address.guestId);
    await rm(folder, { recursive: true, force: true });
  }

  async #exists(address: DeviceAddress): Promise<boolean> {
    return (await this.backendOf(address).exists?.(this.#contextWithoutFolder(address))) !== false;
  }

  #contextWithoutFolder(address: DeviceAddress): DeviceContext<unknown> {
    return this.#contextOf(address, this.backendOf(address).parseConfig(address.config));
  }

  #contextOf(address: DeviceAddress, config: unknown): DeviceContext<unknown> {
    const { host, serviceAddress } = this.#parts.options;
    return {
      guest: { id: address.guestId, name: address.guestName },
      device: address.device,
      config,
      dataFolder: this.#folderOf(address),
      serviceAddress,
      host,
    };
  }

  #folderOf({ guestId, device }: DeviceAddress): string {
    return join(this.#parts.options.dataFolder, "devices", guestId, device);
  }

  async #note(address: DeviceAddress, device: Device): Promise<DeviceStatus> {
    const { watch, lost } = this.#parts;
    const folder = this.#folderOf(address);
    this.#running.set(folder, device);
    watch.add(address.guestId, address.device, device);
    this.#losses.watch(folder, device, (why) => lost(address.guestId, why));
    return { name: address.device, kind: address.kind, sizeBytes: await device.sizeBytes(), endpoint: device.endpoint };
  }
}
