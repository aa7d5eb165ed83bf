/** For tests: trees to move, a verifier that shares no code with what it verifies, and a pipe between the two sides. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, lstatSync, mkdtempSync, openSync, readSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Destination, DeviceContext, Sink, Source } from "@godwit/backend";
import { type DirectoryConfig, directoryBackend } from "../index.ts";

/** A folder with two hosts in it, removed on disposal. */
export class World implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "godwit-directory-"));

  host(name: string, options: { durable?: boolean } = {}) {
    const root = join(this.folder, name);
    const backend = directoryBackend({ root, durable: false, ...options });
    const context = (config: Record<string, unknown> = {}): DeviceContext<DirectoryConfig> => ({
      guest: { id: "guest-1", name: "shop" },
      device: "data",
      config: backend.parseConfig({ path: "tree", ...config }),
      dataFolder: join(root, "agent"),
      serviceAddress: "127.0.0.1",
      host: name,
    });
    return { backend, context, tree: join(root, "tree"), root };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Collects what a source writes. */
export class Recorder implements Sink {
  readonly signal: AbortSignal;
  readonly chunks: Uint8Array[] = [];
  readonly #budget: number;
  sentBytes = 0;

  constructor(budget = Infinity, signal: AbortSignal = new AbortController().signal) {
    this.#budget = budget;
    this.signal = signal;
  }

  get budget(): number {
    return this.#budget - this.sentBytes;
  }

  allocate(size: number): Uint8Array {
    return new Uint8Array(size).fill(0xa5);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.signal.throwIfAborted();
    this.sentBytes += chunk.length;
    this.chunks.push(chunk);
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    yield* this.chunks;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

export async function precopy(source: Source, destination: Destination, budget?: number): Promise<number> {
  const sink = new Recorder(budget);
  await source.precopy(sink);
  await destination.load(sink.stream(), "precopy");
  return sink.sentBytes;
}

/** Stops, sends the rest, and holds the digests against each other. */
export async function switchOver(source: Source, destination: Destination): Promise<void> {
  await source.stop();
  const sink = new Recorder();
  const sent = await source.final(sink);
  await destination.load(sink.stream(), "final");
  const loaded = await destination.verify();
  if (loaded.digest !== sent.digest) throw new Error("the digests differ");
}

/** One line for each name in the tree, with all that is to be equal at both sides. */
export function describeTree(root: string): string[] {
  const groups = new Map<bigint, number>();
  const lines: string[] = [];
  const visit = (path: Buffer, name: string): void => {
    const stats = lstatSync(path, { bigint: true });
    if (stats.isSocket()) return;
    const group = groups.get(stats.ino) ?? groups.size;
    groups.set(stats.ino, group);
    const mtimeUs = (stats.mtimeNs - (((stats.mtimeNs % 1000n) + 1000n) % 1000n)) / 1000n;
    const what = stats.isFile()
      ? `${stats.size} ${sha256(path)}`
      : stats.isSymbolicLink()
        ? readlinkSync(path, "hex")
        : stats.isFIFO()
          ? "fifo"
          : "directory";
    lines.push(`${name} #${group} ${stats.mode.toString(8)} ${stats.uid}:${stats.gid} ${mtimeUs} ${what}`);
    if (!stats.isDirectory()) return;
    const names = readdirSync(path, { encoding: "buffer" }).toSorted((a, b) => Buffer.compare(a, b));
    for (const each of names) visit(Buffer.concat([path, Buffer.from("/"), each]), `${name}/${each.toString("hex")}`);
  };
  visit(Buffer.from(root), "");
  return lines;
}

export function makeFifo(path: string): void {
  execFileSync("mkfifo", [path], { stdio: "pipe" });
}

function sha256(path: Buffer): string {
  const fd = openSync(path, "r");
  const buffer = Buffer.alloc(1024 * 1024);
  const digest = createHash("sha256");
  for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) digest.update(buffer.subarray(0, read));
  closeSync(fd);
  return digest.digest("hex");
}
