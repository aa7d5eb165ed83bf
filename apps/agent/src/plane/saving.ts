import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { FileSource } from "@godwit/backend";
import { saveFormat, type SaveManifest } from "@godwit/contract";
import type { DeviceAddress, DeviceTimings, PeerDevice, PlaneNews, Released, SaveOrder } from "./calls.ts";
import { failureOf } from "./failure.ts";
import {
  asSaveError,
  bytesOf,
  dropSave,
  listFiles,
  placeSave,
  prepareFolder,
  seal,
  type SavePlace,
} from "./save-folder.ts";

export interface SavingDevice {
  address: DeviceAddress;
  source: FileSource;
  peer: PeerDevice;
}

/**
 * A guest on its way into a folder: nothing is written while it runs, everything once it has stopped. What the destination of a migration
 * confirms is here that all is on disk, and what its grant is, that the folder has its name.
 */
export class Saving {
  readonly #order: SaveOrder;
  readonly #news: PlaneNews;
  readonly #devices: (SavingDevice & { timings: DeviceTimings })[];
  readonly #temporary: string;
  readonly #abort = new AbortController();
  #working: Promise<void> | undefined;
  #stoppedAtMs = 0;

  private constructor(order: SaveOrder, devices: SavingDevice[], temporary: string, news: PlaneNews) {
    this.#order = order;
    this.#news = news;
    this.#temporary = temporary;
    this.#devices = devices.map((device) => ({ ...device, timings: { name: device.peer.name } }));
  }

  /** @throws {SaveError} where the folder cannot be written */
  static async open(order: SaveOrder, devices: SavingDevice[], news: PlaneNews): Promise<Saving> {
    return new Saving(order, devices, await prepareFolder(placeOf(order)), news);
  }

  get guestId(): string {
    return this.#order.guestId;
  }

  freeze(): void {
    this.#working ??= this.#save().catch((error: unknown) => this.#fail(error));
  }

  /** F3: from here on the folder has its name. It was released at this epoch before. */
  async grant(): Promise<Released> {
    const manifest = await placeSave(placeOf(this.#order));
    const stoppedMs = performance.now() - this.#stoppedAtMs;
    const devices = this.#devices.map(({ timings }) => timings);
    return { stoppedMs, rttMs: 0, stoppedBytes: bytesOf(manifest), devices };
  }

  /** As if nobody had asked: a stopped device runs again, and nothing is left of what was written. */
  async cancel(): Promise<void> {
    await this.#end("the save was called off");
    await Promise.all(this.#devices.map(({ source }) => source[Symbol.asyncDispose]()));
    // The guest runs whether or not this can be removed.
    await dropSave(placeOf(this.#order)).catch(() => undefined);
  }

  async commit(): Promise<void> {
    await this.#end("the guest is saved");
    await Promise.all(this.#devices.map(({ source }) => source.commit()));
    await Promise.all(this.#devices.map(({ source }) => source[Symbol.asyncDispose]()));
  }

  async #end(why: string): Promise<void> {
    this.#abort.abort(new Error(why));
    await this.#working;
  }

  async #save(): Promise<void> {
    this.#stoppedAtMs = performance.now();
    await allSettled(this.#devices.map((device) => this.#stop(device)));
    this.#news.stopped(this.#order.migrationId);
    const saved = await allSettled(this.#devices.map((device) => this.#write(device)));
    this.#abort.signal.throwIfAborted();
    await seal(this.#temporary, this.#manifestOf(saved));
    this.#abort.signal.throwIfAborted();
    this.#news.confirmed(this.#order.migrationId);
  }

  async #stop({ source, timings }: SavingDevice & { timings: DeviceTimings }): Promise<void> {
    const from = performance.now();
    await source.stop();
    timings.stopMs = performance.now() - from;
  }

  async #write(device: SavingDevice & { timings: DeviceTimings }): Promise<SaveManifest["devices"][number]> {
    const { address, source, peer, timings } = device;
    const from = performance.now();
    const folder = join(this.#temporary, peer.name);
    await mkdir(folder, { mode: 0o700 });
    const { digest } = await source.save(folder, this.#abort.signal);
    this.#abort.signal.throwIfAborted();
    const files = await listFiles(folder);
    timings.transferMs = performance.now() - from;
    timings.digest = digest;
    const { kind, config } = address;
    const { backend, sizeBytes, needs } = peer;
    const definition = { name: peer.name, kind, config };
    return { definition, backend, sizeBytes, ...(needs !== undefined && { needs }), digest, files };
  }

  #manifestOf(devices: SaveManifest["devices"]): SaveManifest {
    const { migrationId, guestId, guestName, host, epoch } = this.#order;
    const savedAt = new Date().toISOString();
    return {
      format: saveFormat,
      id: migrationId,
      savedAt,
      host,
      guest: { id: guestId, name: guestName },
      epoch,
      devices,
    };
  }

  #fail(failure: unknown): void {
    if (this.#abort.signal.aborted) return;
    const error = asSaveError(this.#order.folder, failure);
    this.#news.failed(this.#order.migrationId, "source", failureOf(error));
  }
}

function placeOf({ folder, migrationId }: SaveOrder): SavePlace {
  return { folder, id: migrationId };
}

/** What fails waits for the others, so that nothing is under way any more when it is told. */
async function allSettled<Result>(works: Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}
