import { join } from "node:path";
import { type Check, openFileDestination, openFileSource, type Pending } from "@godwit/backend";
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
import { leaveOrEnd } from "./adoption.ts";
import { closeAll } from "./all-or-none.ts";
import { Devices } from "./devices.ts";
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
  #devices!: Devices;
  #listener!: ChannelListener;
  readonly #watch: DirtyWatch;
  readonly #outgoing = new Map<string, Outgoing | Saving>();
  readonly #incoming = new Map<string, { incoming: Incoming | Restoring; devices: DeviceAddress[] }>();

  constructor(watch = new DirtyWatch()) {
    this.#watch = watch;
  }

  async open(options: PlaneOptions): ReturnType<PlaneCalls["open"]> {
    this.#options = options;
    const programs = findPrograms(options.qemu === undefined ? [] : [options.qemu]);
    const known = backends({
      directories: options.directories ?? join(options.dataFolder, "directories"),
      capacityBytes: options.capacityBytes,
      programs: programs.missing === undefined ? programs : undefined,
    });
    const lost = (guestId: string, why: string) => this.news.lost(guestId, why);
    this.#devices = new Devices({ options, backends: known, watch: this.#watch, lost });
    const door = new DoorKeeper(
      (migrationId) => this.#outgoing.has(migrationId),
      (visit) => this.news.turnedAway(visit),
    );
    this.#listener = await listen({
      ...options.listen,
      linkBytesPerSec: options.linkBytesPerSec,
      onTurnedAway: (visit) => door.turnedAway(visit),
    });
    const offered = [...known.values()].map(infoOf);
    const why = programs.missing?.slice(0, reasonLimit);
    const absent = why === undefined ? [] : kindsOfQemu.map((kind) => ({ kind, reason: why }));
    return { port: this.#listener.port, backends: offered, absent };
  }

  async adopt(address: DeviceAddress): Promise<Record<string, unknown>> {
    return await this.#devices.adopt(address);
  }

  async create(address: DeviceAddress): Promise<DeviceStatus> {
    return await this.#devices.create(address);
  }

  async attach(address: DeviceAddress): Promise<DeviceStatus> {
    return await this.#devices.attach(address);
  }

  async sizeOf(address: DeviceAddress): Promise<number> {
    const device = this.#devices.running(address);
    if (device === undefined) throw new Error(`${address.device} does not run here`);
    return await device.sizeBytes();
  }

  async remove(address: DeviceAddress): Promise<void> {
    await this.#devices.remove(address, leaveOrEnd);
  }

  async describe(address: DeviceAddress): Promise<PeerDevice & { pending: Pending }> {
    return await this.#devices.describe(address);
  }

  async check(address: DeviceAddress, peer: PeerDevice): Promise<Check> {
    return await this.#devices.check(address, peer);
  }

  dirtyHistory(guestId: string): DirtyHistory | undefined {
    return this.#watch.historyOf(guestId);
  }

  async openOutgoing(order: OutgoingOrder): Promise<PeerDevice[]> {
    await this.cancelOutgoing(order.migrationId);
    const sources = await this.#devices.openAll(order.devices, async (address, backend, ctx) => {
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

  freeze(migrationId: string, capBytesPerSec?: number): void {
    const outgoing = this.#outgoing.get(migrationId);
    if (outgoing === undefined) return;
    this.#watch.pause(outgoing.guestId);
    outgoing.freeze(capBytesPerSec);
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

  async whyLost(devices: DeviceAddress[]): Promise<string | undefined> {
    return await this.#devices.whyLost(devices);
  }

  async reclaimFrozen(devices: DeviceAddress[]): Promise<void> {
    await this.#devices.reclaim(devices);
  }

  async discardFrozen(devices: DeviceAddress[]): Promise<void> {
    await this.#devices.discard(devices);
  }

  async openIncoming(order: IncomingOrder): Promise<void> {
    await this.dropIncoming(order.migrationId);
    const destinations = await this.#devices.openAll(order.devices, async ({ device }, backend, ctx) => {
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
      await this.#devices.discardRunning(found.devices.filter(({ device }) => names.includes(device)));
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
    for (const address of found.devices) await this.#devices.forget(address);
  }

  async dropLeftovers(devices: DeviceAddress[]): Promise<void> {
    for (const address of devices) await this.#devices.remove(address, (backend, ctx) => backend.remove(ctx));
  }

  async openSave(order: Omit<SaveOrder, "host">): Promise<void> {
    await this.cancelOutgoing(order.migrationId);
    const sources = await this.#devices.openAll(order.devices, async (address, backend, ctx) => {
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
      await this.#devices.openAll(order.devices, async (address, backend, ctx) => {
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

  /** What goes to another host, and not into a folder. */
  #streaming(migrationId: string): Outgoing | undefined {
    const outgoing = this.#outgoing.get(migrationId);
    return outgoing instanceof Outgoing ? outgoing : undefined;
  }
}
