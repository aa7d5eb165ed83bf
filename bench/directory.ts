import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { DeviceContext, Sink } from "@godwit/backend";
import { type DirectoryConfig, directoryBackend } from "../apps/agent/src/drivers/directory/index.ts";
import type { BenchRow } from "./row.ts";

/** Turn and turn about, so that what else the machine does falls on both. */
const runs = 2;

/** The directory back end against `cp -a` of the same tree, both within the page cache. */
export async function benchDirectory(): Promise<BenchRow[]> {
  return [await compare("one file of 1 GiB", makeLargeFile), await compare("5,000 files of 2 KiB", makeSmallFiles)];
}

async function compare(name: string, make: (folder: string) => { bytes: number; files: number }): Promise<BenchRow> {
  const folder = mkdtempSync(join(tmpdir(), "godwit-bench-"));
  try {
    mkdirSync(join(folder, "one/tree"), { recursive: true });
    const { bytes, files } = make(join(folder, "one/tree"));
    let [copyMs, moveMs] = [0, 0];
    for (let run = 0; run < runs; run++) {
      copyMs += (await timed(() => execFileSync("cp", ["-a", join(folder, "one/tree"), join(folder, "copy")]))) / runs;
      rmSync(join(folder, "copy"), { recursive: true });
      moveMs += (await timed(() => move(folder))) / runs;
      rmSync(join(folder, "two"), { recursive: true });
    }
    return {
      name: `directory: ${name}`,
      figure: rate(moveMs),
      reference: `cp -a ${rate(copyMs)}`,
      ratio: copyMs / moveMs,
    };

    function rate(ms: number): string {
      const perSecond = (bytes / ms / 1_000).toFixed(0);
      return `${perSecond} MB/s${files > 1 ? `, ${Math.round((files / ms) * 1_000)} files/s` : ""}`;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One round, the final part, both digests and the start; source and destination share a thread. */
async function move(folder: string): Promise<void> {
  const [from, to] = [host(folder, "one"), host(folder, "two")];
  await using source = await from.backend.source(from.ctx);
  await using destination = await to.backend.destination(to.ctx);
  const pipe = new Pipe();
  await Promise.all([source.precopy(pipe).then(() => pipe.end()), destination.load(pipe.chunks(), "precopy")]);
  await source.stop();
  const rest = new Pipe();
  const [sent] = await Promise.all([
    source.final(rest).then((digest) => (rest.end(), digest)),
    destination.load(rest.chunks(), "final"),
  ]);
  const { digest } = await destination.verify();
  if (digest !== sent.digest) throw new Error("the digests differ");
  await destination.start();
}

function host(folder: string, name: string) {
  const root = join(folder, name);
  const backend = directoryBackend({ root, durable: false });
  const ctx: DeviceContext<DirectoryConfig> = {
    guest: { id: "bench", name: "bench" },
    device: "data",
    config: backend.parseConfig({ path: "tree" }),
    dataFolder: join(root, "agent"),
    serviceAddress: "127.0.0.1",
    host: name,
  };
  return { backend, ctx };
}

/** Holds one chunk: the writer waits until the reader has taken it. */
class Pipe implements Sink {
  readonly budget = Infinity;
  readonly signal: AbortSignal = new AbortController().signal;
  /** Chunks of up to 1 MiB that the reader has done with, as a channel keeps them. */
  readonly #free: ArrayBuffer[] = [];
  #chunk: Uint8Array | undefined;
  #ended = false;
  #wake = () => {};
  #changed = this.#nextChange();

  allocate(size: number): Uint8Array {
    return Buffer.from(this.#free.pop() ?? new ArrayBuffer(1024 ** 2), 0, size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    while (this.#chunk !== undefined) await this.#changed;
    this.#chunk = chunk;
    this.#change();
  }

  end(): void {
    this.#ended = true;
    this.#change();
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunk;
      this.#chunk = undefined;
      if (chunk !== undefined) {
        this.#change();
        yield chunk;
        if (chunk.buffer instanceof ArrayBuffer) this.#free.push(chunk.buffer);
      } else if (this.#ended) return;
      else await this.#changed;
    }
  }

  #change(): void {
    const wake = this.#wake;
    this.#changed = this.#nextChange();
    wake();
  }

  async #nextChange(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

function makeLargeFile(folder: string) {
  const bytes = 1024 ** 3;
  const noise = randomBytes(1024 ** 2);
  const fd = openSync(join(folder, "large"), "w");
  for (let at = 0; at < bytes; at += noise.length) {
    noise.writeDoubleLE(at, at % 1_000);
    writeSync(fd, noise);
  }
  closeSync(fd);
  return { bytes, files: 1 };
}

function makeSmallFiles(folder: string) {
  const [files, size] = [5_000, 2_048];
  const content = randomBytes(size);
  for (let index = 0; index < files; index++) {
    if (index % 200 === 0) mkdirSync(join(folder, `d${index / 200}`));
    content.writeUInt32LE(index);
    writeFileSync(join(folder, `d${Math.floor(index / 200)}`, `f${index}`), content);
  }
  return { bytes: files * size, files };
}

async function timed(task: () => unknown): Promise<number> {
  const from = performance.now();
  await task();
  return performance.now() - from;
}
