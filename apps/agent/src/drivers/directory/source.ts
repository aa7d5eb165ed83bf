import { renameSync } from "node:fs";
import type { Accuracy, Pending, Sink, Source, StateDigest } from "@godwit/backend";
import { Batch } from "./batch.ts";
import { type Bytes, fromText, shown } from "./bytes.ts";
import { digestOfTree } from "./digest.ts";
import { StillChangingError, hasCode } from "./errors.ts";
import { Mirror } from "./mirror.ts";
import { type Estimate, estimate } from "./pending.ts";
import { type Places, keptPath } from "./places.ts";
import { removeTree } from "./remove-tree.ts";
import { FileReader } from "./send-file.ts";
import { sendRound } from "./send-round.ts";
import type { Service } from "./service.ts";
import { type Walked, walk } from "./walk.ts";

export interface SourceOptions {
  places: Places;
  service: Service;
  onMoved: "remove" | "keep";
  /** Told while this source holds the service stopped, so that nothing else starts it. */
  hold(held: boolean): void;
}

type Phase = "running" | "stopped" | "committed" | "disposed";

/** Attempts at a final part, should something still be settling after the stop. */
const finalAttempts = 3;

/** Opening walks the tree once, which is also how content that cannot be carried is found before anything moves. */
export async function openSource(options: SourceOptions): Promise<Source> {
  return new DirectorySource(options, await walkIfThere(fromText(options.places.path)));
}

/** The tree is missing where a `commit` was interrupted and is to be repeated. */
async function walkIfThere(path: Bytes): Promise<Walked> {
  try {
    return await walk(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return { path, found: [], tookMs: 0 };
  }
}

class DirectorySource implements Source {
  readonly #options: SourceOptions;
  readonly #abort = new AbortController();
  readonly #mirror = new Mirror();
  #reader: FileReader | undefined;
  #batch: Batch | undefined;
  #walked: Walked;
  #estimate: Estimate;
  #phase: Phase = "running";
  /** A part that was not wholly handed over: what the destination holds is not known. */
  #torn = false;
  #left = false;
  #working: Promise<unknown> = Promise.resolve();

  constructor(options: SourceOptions, walked: Walked) {
    this.#options = options;
    this.#walked = walked;
    this.#estimate = estimate(walked, this.#mirror);
  }

  async pending(accuracy: Accuracy): Promise<Pending> {
    if (accuracy === "exact") {
      const walked = await walk(this.#path, this.#abort.signal);
      // A round under way has its own walk, which it must not lose to a later one.
      if (this.#batch === undefined) this.#walked = walked;
      this.#estimate = estimate(walked, this.#mirror);
    }
    const { bytes, rereadBytes } = this.#estimate;
    const readMs = rereadBytes / (this.#reader?.bytesPerMs ?? FileReader.guessedBytesPerMs);
    return {
      initialBytes: 0,
      precopyBytes: Math.max(0, bytes - (this.#batch?.sentBytes ?? 0)),
      stopcopyBytes: endBytes,
      fixedMs: this.#options.service.fixedMs + 2 * this.#walked.tookMs + readMs,
    };
  }

  async precopy(out: Sink): Promise<void> {
    this.#require("running");
    await this.#work(async () => {
      await this.#round(out);
    });
  }

  async stop(): Promise<void> {
    this.#require("running");
    this.#phase = "stopped";
    this.#options.hold(true);
    await this.#work(() => this.#options.service.stop(this.#abort.signal));
  }

  async final(out: Sink): Promise<StateDigest> {
    this.#require("stopped");
    return await this.#work(async () => {
      for (let attempt = 1; ; attempt++) {
        const { disturbed } = await this.#round(out);
        if (disturbed === undefined) break;
        if (attempt === finalAttempts) throw new StillChangingError(disturbed);
      }
      const batch = new Batch(out, this.#abort.signal);
      batch.add({ type: "end", nodes: this.#mirror.tree.nodes.size });
      await batch.flush();
      return { digest: digestOfTree(this.#mirror.tree) };
    });
  }

  async resume(): Promise<void> {
    if (this.#phase === "committed") throw new Error("The device has moved and does not run here again");
    await this.#work(() => this.#options.service.startIfDown());
    this.#options.hold(false);
    this.#phase = "running";
  }

  /** The tree leaves its place at once, under a name that is known where `commit` is repeated after an interruption. */
  async commit(): Promise<void> {
    if (this.#left) return;
    const { places, service, onMoved } = this.#options;
    this.#phase = "committed";
    await leavePlace(places, onMoved);
    this.#left = true;
    await service.forget();
    this.#options.hold(false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#phase === "disposed") return;
    const phase = this.#phase;
    this.#phase = "disposed";
    this.#abort.abort(new Error("The migration was called off"));
    await this.#working.catch(() => undefined);
    if (phase !== "stopped") return;
    this.#options.hold(false);
    await this.#options.service.startIfDown();
  }

  get #path(): string {
    return fromText(this.#options.places.path);
  }

  /** Every round begins with a walk of its own: what it finds cannot be out of date by more than the round. */
  async #round(out: Sink): Promise<{ disturbed: string | undefined }> {
    if (this.#torn) throw new Error("An earlier part of the stream was not wholly sent");
    const reader = (this.#reader ??= new FileReader());
    reader.disturbed = undefined;
    const walked = await walk(this.#path, this.#abort.signal);
    this.#walked = walked;
    this.#estimate = estimate(walked, this.#mirror);
    this.#torn = true;
    this.#batch = new Batch(out, this.#abort.signal);
    try {
      await sendRound(walked, this.#mirror, this.#batch, reader);
    } finally {
      this.#batch = undefined;
    }
    this.#torn = false;
    this.#mirror.forgetAllBut(new Set(walked.found.map(({ ino }) => ino)));
    this.#estimate = estimate(walked, this.#mirror);
    return reader;
  }

  /** One after the other, and nothing is under way any more when disposal goes on. */
  async #work<T>(task: () => Promise<T>): Promise<T> {
    const work = this.#working.catch(() => undefined).then(task);
    this.#working = work;
    return await work;
  }

  #require(phase: Phase): void {
    if (this.#phase !== phase) throw new Error(`The directory ${shown(this.#path)} is ${this.#phase}, not ${phase}`);
  }
}

/** Bytes of the record that ends the stream. */
const endBytes = 9;

async function leavePlace(places: Places, onMoved: "remove" | "keep"): Promise<void> {
  const aside = onMoved === "keep" ? keptPath(places.path, new Date()) : places.discard;
  // What an earlier, interrupted removal has left would be in the way.
  await removeTree(fromText(places.discard));
  try {
    renameSync(places.path, aside);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  if (onMoved === "remove") await removeTree(fromText(places.discard));
}
