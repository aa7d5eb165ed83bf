import { execFile } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, renameSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type Destination, type StateDigest, records } from "@godwit/backend";
import { fromText } from "./bytes.ts";
import { digestOfWalk } from "./digest.ts";
import { BadStreamError, hasCode } from "./errors.ts";
import type { Places } from "./places.ts";
import { removeTree } from "./remove-tree.ts";
import type { Service } from "./service.ts";
import { Slices } from "./slices.ts";
import { Staging } from "./staging.ts";
import { syncFolder } from "./state.ts";
import { readChange, recordLimit } from "./stream.ts";
import { walk } from "./walk.ts";

export interface DestinationOptions {
  places: Places;
  service: Service;
  /** Is every part on disk before it counts as loaded? */
  durable: boolean;
}

/** `broken`: a part has not been taken whole, either yet or at all. */
type Phase = "loading" | "broken" | "loaded" | "verified" | "started" | "disposed";

/** Receives a tree beside the place where it will be, and moves it there at the start. */
export async function openDestination(options: DestinationOptions): Promise<Destination> {
  const { places } = options;
  await removeTree(fromText(places.staging));
  mkdirSync(dirname(places.path), { recursive: true });
  return new DirectoryDestination(options, new Staging(places.staging));
}

/** Moves a tree that was received whole to its place. False if there is none. */
export async function putInPlace(places: Places): Promise<boolean> {
  if (lstatSync(`${places.staging}/verified`, { throwIfNoEntry: false }) === undefined) return false;
  const tree = `${places.staging}/tree`;
  const stats = lstatSync(tree, { throwIfNoEntry: false });
  if (stats === undefined) return false;
  try {
    // Only who may write to a directory can give it another parent.
    chmodSync(tree, 0o700);
    renameSync(tree, places.path);
  } catch (error) {
    chmodSync(tree, stats.mode & 0o7777);
    if (!hasCode(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) throw error;
    const reason = `${places.path} has come into being since the check; the device cannot take its place`;
    throw Object.assign(new Error(reason), { code: "address-in-use" });
  }
  chmodSync(places.path, stats.mode & 0o7777);
  await syncFolder(dirname(places.path));
  return true;
}

class DirectoryDestination implements Destination {
  readonly #options: DestinationOptions;
  readonly #staging: Staging;
  #phase: Phase = "loading";

  constructor(options: DestinationOptions, staging: Staging) {
    this.#options = options;
    this.#staging = staging;
  }

  async load(chunks: AsyncIterable<Uint8Array>, phase: "precopy" | "final"): Promise<void> {
    this.#require("loading");
    // Until this part has been taken whole, the tree is none that the source knows of.
    this.#phase = "broken";
    const slices = new Slices();
    let ended = false;
    for await (const record of records(chunks, recordLimit)) {
      // Disposal can come while the next record is awaited.
      this.#require("broken");
      if (ended) throw new BadStreamError("The stream goes on after its end");
      const change = readChange(record);
      ended = change.type === "end";
      if (ended && phase === "precopy") throw new BadStreamError("The stream ends before the device has stopped");
      await this.#staging.apply(change);
      if (slices.over) await slices.turn();
    }
    if (phase === "final" && !ended) throw new BadStreamError("The stream ends before it is complete");
    await this.#flush();
    this.#phase = ended ? "loaded" : "loading";
  }

  async verify(): Promise<StateDigest> {
    this.#require("loaded", "verified");
    const digest = digestOfWalk(await walk(this.#staging.path), this.#staging.tree);
    await using mark = await open(`${this.#options.places.staging}/verified`, "w", 0o600);
    await mark.writeFile(digest);
    if (this.#options.durable) await mark.sync();
    this.#phase = "verified";
    return { digest };
  }

  async start(): Promise<void> {
    this.#require("verified");
    const { places, service } = this.#options;
    if (!(await putInPlace(places))) throw new Error(`What was received for ${places.path} is no longer there`);
    try {
      await service.start();
    } catch (error) {
      await service.standStill();
      renameSync(places.path, `${places.staging}/tree`);
      throw error;
    }
    this.#phase = "started";
    await removeTree(fromText(places.staging));
  }

  /** What has not been started is removed; what has been stays as it is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#staging.close();
    if (this.#phase === "started" || this.#phase === "disposed") return;
    this.#phase = "disposed";
    await removeTree(fromText(this.#options.places.staging));
  }

  /** The source removes its copy once this one runs, which therefore must not depend on the power staying on. */
  async #flush(): Promise<void> {
    if (!this.#options.durable) return;
    await promisify(execFile)("sync", ["-f", this.#options.places.staging], { timeout: syncLimitMs });
  }

  #require(...phases: Phase[]): void {
    if (!phases.includes(this.#phase))
      throw new Error(`What is received is ${this.#phase}, not ${phases.join(" or ")}`);
  }
}

const syncLimitMs = 600_000;
