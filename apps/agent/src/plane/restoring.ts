import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { type Check, type FileDestination, objectionsOf } from "@godwit/backend";
import type { SaveManifest } from "@godwit/contract";
import type { DeviceAddress, DeviceTimings, PeerDevice, PlaneNews, RestoreOrder, Started } from "./calls.ts";
import { failureOf } from "./failure.ts";
import { asSaveError, readManifest, SaveError, verifyFiles } from "./save-folder.ts";
import { startAll } from "./start-all.ts";

interface RestoredDevice {
  name: string;
  destination: FileDestination;
  timings: DeviceTimings;
}

/** Opens the destinations of all devices, or none of them. */
export type OpenDestinations = (manifest: SaveManifest) => Promise<{ name: string; destination: FileDestination }[]>;

/** F4: what the folder holds, if it is the save that was ordered, of these devices. @throws {SaveError} */
export async function manifestFor({
  folder,
  saveId,
  guestId,
  devices,
  ofAnother,
}: RestoreOrder): Promise<SaveManifest> {
  const manifest = await readManifest(folder);
  if (manifest.id !== saveId || (manifest.guest.id !== guestId && !ofAnother))
    throw new SaveError("save-of-another", `${folder} holds another save than the one that was asked for`);
  const there = manifest.devices.map(({ definition }) => `${definition.name} ${definition.kind}`);
  const wanted = devices.map(({ device, kind }) => `${device} ${kind}`);
  if (there.toSorted().join() !== wanted.toSorted().join())
    throw new SaveError("save-of-another", `${folder} holds other devices than the guest has`);
  return manifest;
}

/** F4: that every device can come here. @throws {SaveError} */
export async function expectNoObjection(
  order: RestoreOrder,
  look: (address: DeviceAddress, peer: PeerDevice) => Promise<Check>,
): Promise<void> {
  const manifest = await manifestFor(order);
  for (const address of order.devices) {
    const check = await look(address, peerIn(manifest, address));
    if (check.ok) continue;
    const reasons = objectionsOf(check).map(({ reason }) => reason);
    throw new SaveError(check.code, `${address.device}: ${reasons.join("; ")}`);
  }
}

/** A guest on its way out of a folder. It stands still, whole, until it is granted. */
export class Restoring {
  readonly #order: RestoreOrder;
  readonly #news: PlaneNews;
  readonly #abort = new AbortController();
  readonly #working: Promise<void>;
  #devices: RestoredDevice[] = [];
  #manifest: SaveManifest | undefined;

  constructor(order: RestoreOrder, open: OpenDestinations, news: PlaneNews) {
    this.#order = order;
    this.#news = news;
    this.#working = this.#load(open).catch((error: unknown) => this.#fail(error));
  }

  /** Whether every device still has what it had verified. */
  async keeps(): Promise<boolean> {
    const found = await Promise.allSettled(this.#devices.map((device) => this.#verify(device)));
    return found.length > 0 && found.every((outcome) => outcome.status === "fulfilled");
  }

  /** @throws {StartFailed} which names those that had started all the same */
  async start(): Promise<Omit<Started, "statuses">> {
    const from = performance.now();
    await startAll(this.#devices);
    return { startedMs: performance.now() - from, devices: this.#devices.map(({ timings }) => timings) };
  }

  async finish(): Promise<void> {
    this.#abort.abort(new Error("the guest has been restored, or was given up"));
    await this.#working;
  }

  async drop(): Promise<void> {
    await this.finish();
    await Promise.all(this.#devices.map(({ destination }) => destination[Symbol.asyncDispose]()));
  }

  /** Nothing is started before every file was found to be as it was written. */
  async #load(open: OpenDestinations): Promise<void> {
    const { folder, migrationId } = this.#order;
    const { signal } = this.#abort;
    this.#manifest = await manifestFor(this.#order);
    await verifyFiles(folder, this.#manifest, signal);
    this.#devices = (await open(this.#manifest)).map((device) => ({ ...device, timings: { name: device.name } }));
    await allOf(
      this.#devices.map(async (device) => {
        const from = performance.now();
        await device.destination.load(join(folder, device.name));
        device.timings.digest = await this.#verify(device);
        device.timings.loadMs = performance.now() - from;
      }),
    );
    signal.throwIfAborted();
    this.#news.received(migrationId);
  }

  async #verify({ name, destination }: RestoredDevice): Promise<string> {
    const { digest } = await destination.verify();
    const saved = this.#manifest?.devices.find(({ definition }) => definition.name === name);
    if (digest === saved?.digest) return digest;
    throw new SaveError("digest-mismatch", `${name}: what was loaded is not the state that was saved`);
  }

  #fail(failure: unknown): void {
    if (this.#abort.signal.aborted) return;
    const error = asSaveError(this.#order.folder, failure);
    this.#news.failed(this.#order.migrationId, "destination", failureOf(error));
  }
}

/** The save's, of what is to be restored from it. */
export function peerIn({ devices }: SaveManifest, { device }: DeviceAddress) {
  const found = devices.find(({ definition }) => definition.name === device);
  if (found === undefined) throw new SaveError("save-of-another", `the save has no device ${device}`);
  const { backend, sizeBytes, needs } = found;
  return { name: device, backend, sizeBytes, needs };
}

async function allOf(works: Promise<void>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}
