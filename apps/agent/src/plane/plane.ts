import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Backend,
  type Check,
  type Device,
  type DeviceContext,
  openFileDestination,
  openFileSource,
  type Pending,
} from "@godwit/backend";
import { type ChannelListener, listen } from "@godwit/channel";
import type { DirtyHistory, SaveManifest } from "@godwit/contract";
import { findPrograms } from "@godwit/qemu";
import { backends, kindsOfQemu } from "../drivers/backends.ts";
import type {
  DeviceAddress,
  DeviceStatus,
  IncomingOrder,
  OutgoingOrder,
  Pace,
  PeerDevice,
  PlaneCalls,
  PlaneNews,
  PlaneOptions,
  Released,
  RestoreOrder,
  SaveOrder,
  Started,
} from "./calls.ts";
import { adoptWith, leaveOrEnd } from "./adoption.ts";
import { allOrNone, closeAll } from "./all-or-none.ts";
import { DirtyWatch } from "./dirty-watch.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import { infoOf, peerOf } from "./peers.ts";
import { expectNoObjection, peerIn, Restoring } from "./restoring.ts";
import { bytesOf, dropSave, placeSave, readManifest, SaveError, type SavePlace, summaryOf } from "./save-folder.ts";
import { Saving } from "./saving.ts";
import { StartFailed } from "./start-all.ts";
import { DoorKeeper } from "./turned-away.ts";

/** Of the contract's. */
const reasonLimit = 1_000;

/** All devices and channels of one host. */
export class Plane implements PlaneCalls {
  news!: PlaneNews;
  #options!: PlaneOptions;
  #backends!: ReadonlyMap<string, Backend>;
  #listener!: ChannelListener;
  /** The devices that run here, by their folders. */
  readonly #devices = new Map<string, Device>();
  readonly #watch: DirtyWatch;
  readonly #outgoing = new Map<string, Outgoing | Saving>();
  readonly #incoming = new Map<string, { incoming: Incoming | Restoring; devices: DeviceAddress[] }>();

  constructor(watch = new DirtyWatch()) {
    this.#watch = watch;
  }

  async open(options: PlaneOptions): ReturnType<PlaneCalls["open"]> {
    this.#options = options;
    const programs = findPrograms(options.qemu === undefined ? [] : [options.qemu]);
    this.#backends = backends({
      directories: options.directories ?? join(options.dataFolder, "directories"),
      capacityBytes: options.capacityBytes,
      programs: programs.missing === undefined ? programs : undefined,
    });
    const door = new DoorKeeper(
      (migrationId) => this.#outgoing.has(migrationId),
      (visit) => this.news.turnedAway(visit),
    );
    this.#listener = await listen({
      ...options.listen,
      linkBytesPerSec: options.linkBytesPerSec,
      onTurnedAway: (visit) => door.turnedAway(visit),
    });
    const offered = [...this.#backends.values()].map(infoOf);
    const why = programs.missing?.slice(0, reasonLimit);
    const absent = why === undefined ? [] : kindsOfQemu.map((kind) => ({ kind, reason: why }));
    return { port: this.#listener.port, backends: offered, absent };
  }

  async adopt(address: DeviceAddress): Promise<Record<string, unknown>> {
    const backend = this.#backendOf(address);
    return await adoptWith(backend, this.#contextOf(address, address.config), address.config);
  }

  async create(address: DeviceAddress): Promise<DeviceStatus> {
    const backend = this.#backendOf(address);
    return await this.#note(address, await backend.create(await this.#context(backend, address)));
  }

  async attach(address: DeviceAddress): Promise<DeviceStatus> {
    const backend = this.#backendOf(address);
    return await this.#note(address, await backend.attach(await this.#context(backend, address)));
  }

  async sizeOf(address: DeviceAddress): Promise<number> {
    const device = this.#devices.get(this.#folderOf(address));
    if (device === undefined) throw new Error(`${address.device} does not run here`);
    return await device.sizeBytes();
  }

  async remove(address: DeviceAddress): Promise<void> {
    await this.#remove(address, leaveOrEnd);
  }

  async describe(address: DeviceAddress): Promise<PeerDevice & { pending: Pending }> {
    const backend = this.#backendOf(address);
    const ctx = await this.#context(backend, address);
    await using source = await backend.source(ctx);
    const pending = await source.pending("estimate");
    return { ...(await peerOf(address, backend, await backend.attach(ctx))), pending };
  }

  async check(address: DeviceAddress, peer: PeerDevice): Promise<Check> {
    const backend = this.#backendOf(address);
    return await backend.check(this.#contextWithoutFolder(backend, address), peer);
  }

  dirtyHistory(guestId: string): DirtyHistory | undefined {
    return this.#watch.historyOf(guestId);
  }

  async openOutgoing(order: OutgoingOrder): Promise<PeerDevice[]> {
    await this.cancelOutgoing(order.migrationId);
    const sources = await this.#openAll(order.devices, async (address, backend, ctx) => {
      const peer = await peerOf(address, backend, await backend.attach(ctx));
      return { name: address.device, source: await backend.source(ctx), peer };
    });
    this.#outgoing.set(order.migrationId, await Outgoing.open(order, sources, this.#listener, this.news));
    return sources.map(({ peer }) => peer);
  }

  precopy(migrationId: string): void {
    this.#streaming(migrationId)?.precopy();
  }

  exact(migrationId: string, sequence: number): void {
    this.#streaming(migrationId)?.exact(sequence);
  }

  pace(migrationId: string, pace: Pace): void {
    this.#streaming(migrationId)?.pace(pace);
  }

  throttle(migrationId: string, share: number): void {
    const outgoing = this.#streaming(migrationId);
    if (outgoing === undefined) return;
    this.#watch.throttled(outgoing.guestId, share > 0);
    outgoing.throttle(share);
  }

  freeze(migrationId: string): void {
    const outgoing = this.#outgoing.get(migrationId);
    if (outgoing === undefined) return;
    this.#watch.pause(outgoing.guestId);
    outgoing.freeze();
  }

  async grant(migrationId: string, epoch: number): Promise<Released> {
    const outgoing = this.#outgoing.get(migrationId);
    if (outgoing === undefined) throw new Error(`No channels are open for migration ${migrationId}`);
    return await outgoing.grant(epoch);
  }

  async cancelOutgoing(migrationId: string): Promise<void> {
    const outgoing = this.#outgoing.get(migrationId);
    this.#outgoing.delete(migrationId);
    await outgoing?.cancel();
    if (outgoing !== undefined) this.#watch.throttled(outgoing.guestId, false);
  }

  async commitOutgoing(migrationId: string): Promise<void> {
    const outgoing = this.#outgoing.get(migrationId);
    this.#outgoing.delete(migrationId);
    if (outgoing !== undefined) this.#watch.forget(outgoing.guestId);
    await outgoing?.commit();
  }

  async exist(devices: DeviceAddress[]): Promise<boolean> {
    for (const address of devices) {
      const backend = this.#backendOf(address);
      const exists = await backend.exists?.(this.#contextWithoutFolder(backend, address));
      if (exists === false) return false;
    }
    return true;
  }

  async reclaimFrozen(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) {
      const backend = this.#backendOf(address);
      await backend.attach(await this.#context(backend, address));
    }
  }

  async discardFrozen(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) {
      const backend = this.#backendOf(address);
      await using source = await backend.source(await this.#context(backend, address));
      await source.commit();
      await this.#forget(address);
    }
  }

  /** Takes down devices that serve here and must not: the guest's state is kept on its source. */
  async #discardRunning(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) {
      const backend = this.#backendOf(address);
      await using source = await backend.source(await this.#context(backend, address));
      await source.stop();
      await source.commit();
    }
  }

  async openIncoming(order: IncomingOrder): Promise<void> {
    await this.dropIncoming(order.migrationId);
    const destinations = await this.#openAll(order.devices, async ({ device }, backend, ctx) => {
      const peer = order.peers.find(({ name }) => name === device);
      return { name: device, destination: await backend.destination(ctx, peer) };
    });
    this.#incoming.set(order.migrationId, {
      incoming: new Incoming(order, destinations, this.news),
      devices: order.devices,
    });
  }

  /** To whoever has sent it; a folder need not be told. */
  confirmLoaded(migrationId: string, epoch: number): void {
    const incoming = this.#incoming.get(migrationId)?.incoming;
    if (incoming instanceof Incoming) incoming.confirmLoaded(epoch);
  }

  async keeps(migrationId: string): Promise<boolean> {
    return (await this.#incoming.get(migrationId)?.incoming.keeps()) ?? false;
  }

  async start(migrationId: string): Promise<Started> {
    const found = this.#incoming.get(migrationId);
    if (found === undefined) throw new Error(`Nothing has been received for migration ${migrationId}`);
    try {
      const started = await found.incoming.start();
      const statuses = await Promise.all(found.devices.map((address) => this.attach(address)));
      this.#incoming.delete(migrationId);
      await found.incoming.finish();
      return { ...started, statuses };
    } catch (error) {
      // None may be left running where the guest as a whole could not be started.
      const names = error instanceof StartFailed ? error.started : found.devices.map(({ device }) => device);
      await this.#discardRunning(found.devices.filter(({ device }) => names.includes(device)));
      throw Object.assign(error instanceof Error ? error : new Error(String(error)), { whole: names.length === 0 });
    }
  }

  /** As after a restart of the agent: each device is found with what it has loaded, and started if it does not run yet. */
  async startKept(migrationId: string): Promise<Pick<Started, "statuses">> {
    const found = this.#incoming.get(migrationId);
    if (found === undefined) throw new Error(`Nothing has been received for migration ${migrationId}`);
    const statuses = await Promise.all(found.devices.map((address) => this.attach(address)));
    this.#incoming.delete(migrationId);
    await found.incoming.finish();
    return { statuses };
  }

  async dropIncoming(migrationId: string): Promise<void> {
    const found = this.#incoming.get(migrationId);
    if (found === undefined) return;
    this.#incoming.delete(migrationId);
    await found.incoming.drop();
    for (const address of found.devices) await this.#forget(address);
  }

  async dropLeftovers(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) await this.#remove(address, (backend, ctx) => backend.remove(ctx));
  }

  async openSave(order: Omit<SaveOrder, "host">): Promise<void> {
    await this.cancelOutgoing(order.migrationId);
    const sources = await this.#openAll(order.devices, async (address, backend, ctx) => {
      if (backend.can.toFile !== true)
        throw new SaveError("cannot-save", `${address.device} is of the kind ${backend.kind}, which cannot be saved`);
      const peer = await peerOf(address, backend, await backend.attach(ctx));
      return { address, peer, source: await openFileSource(backend, ctx) };
    });
    try {
      const saving = await Saving.open({ ...order, host: this.#options.host }, sources, this.news);
      this.#outgoing.set(order.migrationId, saving);
    } catch (error) {
      await closeAll(sources);
      throw error;
    }
  }

  async placeSave(place: SavePlace): Promise<Pick<Released, "stoppedBytes">> {
    return { stoppedBytes: bytesOf(await placeSave(place)) };
  }

  async dropSave(place: SavePlace): Promise<void> {
    await dropSave(place);
  }

  async inspectSave(folder: string): ReturnType<PlaneCalls["inspectSave"]> {
    return summaryOf(await readManifest(folder));
  }

  async checkRestore(order: RestoreOrder): Promise<void> {
    await expectNoObjection(order, (address, peer) => this.check(address, peer));
  }

  openRestore(order: RestoreOrder): void {
    const open = async (manifest: SaveManifest) =>
      await this.#openAll(order.devices, async (address, backend, ctx) => {
        const destination = await openFileDestination(backend, ctx, peerIn(manifest, address));
        return { name: address.device, destination };
      });
    const { devices } = order;
    this.#incoming.set(order.migrationId, { incoming: new Restoring(order, open, this.news), devices });
  }

  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all([...this.#outgoing.keys()].map((id) => this.cancelOutgoing(id)));
    await Promise.all([...this.#incoming.keys()].map((id) => this.dropIncoming(id)));
    await this.#listener.close();
  }

  async #openAll<Opened extends { source: AsyncDisposable } | { destination: AsyncDisposable }>(
    devices: DeviceAddress[],
    open: (address: DeviceAddress, backend: Backend, ctx: DeviceContext<unknown>) => Promise<Opened>,
  ): Promise<Opened[]> {
    const opening = devices.map(async (address) => {
      const backend = this.#backendOf(address);
      return await open(address, backend, await this.#context(backend, address));
    });
    return await allOrNone(opening);
  }

  /** What goes to another host, and not into a folder. */
  #streaming(migrationId: string): Outgoing | undefined {
    const outgoing = this.#outgoing.get(migrationId);
    return outgoing instanceof Outgoing ? outgoing : undefined;
  }

  async #remove(address: DeviceAddress, remove: (backend: Backend, ctx: DeviceContext<unknown>) => Promise<void>) {
    const backend = this.#backendOf(address);
    await remove(backend, await this.#context(backend, address));
    await this.#forget(address);
  }

  #backendOf({ kind }: DeviceAddress): Backend {
    const backend = this.#backends.get(kind);
    if (backend === undefined)
      throw Object.assign(new Error(`There is no back end of kind ${kind} here`), { code: "missing-back-end" });
    return backend;
  }

  async #context(backend: Backend, address: DeviceAddress): Promise<DeviceContext<unknown>> {
    const ctx = this.#contextWithoutFolder(backend, address);
    await mkdir(ctx.dataFolder, { recursive: true, mode: 0o700 });
    return ctx;
  }

  #contextWithoutFolder(backend: Backend, address: DeviceAddress): DeviceContext<unknown> {
    return this.#contextOf(address, backend.parseConfig(address.config));
  }

  #contextOf(address: DeviceAddress, config: unknown): DeviceContext<unknown> {
    return {
      guest: { id: address.guestId, name: address.guestName },
      device: address.device,
      config,
      dataFolder: this.#folderOf(address),
      serviceAddress: this.#options.serviceAddress,
      host: this.#options.host,
    };
  }

  #folderOf({ guestId, device }: DeviceAddress): string {
    return join(this.#options.dataFolder, "devices", guestId, device);
  }

  async #note(address: DeviceAddress, device: Device): Promise<DeviceStatus> {
    this.#devices.set(this.#folderOf(address), device);
    this.#watch.add(address.guestId, address.device, device);
    return { name: address.device, kind: address.kind, sizeBytes: await device.sizeBytes(), endpoint: device.endpoint };
  }

  async #forget(address: DeviceAddress): Promise<void> {
    this.#devices.delete(this.#folderOf(address));
    this.#watch.forget(address.guestId);
    await rm(this.#folderOf(address), { recursive: true, force: true });
  }
}
