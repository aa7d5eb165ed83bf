import { closeSync, constants, fstatSync, openSync, read, readSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { Batch } from "./batch.ts";
import { blockBytes, hashOf, isZero } from "./blocks.ts";
import { type Bytes, toPath } from "./bytes.ts";
import { UnsupportedContentError, hasCode } from "./errors.ts";
import { type Entry, type Mirror, attributesOf, isAsRead, sameAttributes } from "./mirror.ts";
import { dataBytes } from "./stream.ts";
import type { Node } from "./tree.ts";
import { type Found, foundFrom } from "./walk.ts";

/** What reading files needs and measures: two buffers, so that one is read into while the other is hashed and sent. */
export class FileReader {
  readonly buffers = [Buffer.allocUnsafeSlow(dataBytes), Buffer.allocUnsafeSlow(dataBytes)] as const;
  static readonly guessedBytesPerMs = 500_000;
  #bytes = 0;
  #ms = 0;
  /** A file that was not as the walk had found it, or changed while it was read. */
  disturbed: Bytes | undefined;

  /** What reading and hashing have come to. */
  get bytesPerMs(): number {
    return this.#ms === 0 ? FileReader.guessedBytesPerMs : Math.max(1, this.#bytes / this.#ms);
  }

  took(bytes: number, ms: number): void {
    this.#bytes += bytes;
    this.#ms += ms;
  }
}

/** `done` is false when the budget is used up. Without a node the file has vanished, or had no room. */
export interface NewFile {
  done: boolean;
  node: Node | undefined;
}

/** A file of up to one block travels in one record; of a larger one the blocks follow. */
export async function sendNewFile(
  path: Bytes,
  found: Found,
  place: { parent: Node; name: Bytes },
  mirror: Mirror,
  batch: Batch,
  reader: FileReader,
): Promise<NewFile> {
  if (!(await batch.room(Math.min(found.size, blockBytes)))) return { done: false, node: undefined };
  using file = openFound(path, found);
  if (file === undefined) {
    reader.disturbed = path;
    return { done: true, node: undefined };
  }
  const { now } = file;
  const small = found.size <= blockBytes && now.size <= found.size;
  const content = small ? reader.buffers[0].subarray(0, readFully(file.fd, reader.buffers[0], now.size)) : undefined;
  const attributes = attributesOf(now, content?.length ?? now.size);
  const payload = content === undefined || isZero(content) ? undefined : content;
  const node = mirror.make(batch, "file", attributes, "", place.parent, place.name, payload);
  const entry = mirror.note(now, node);
  if (content === undefined) return { done: await sendContent(file, path, entry, batch, reader), node };
  if (payload !== undefined) node.hashes.set(0, hashOf(payload));
  reader.took(content.length, performance.now() - file.openedMs);
  settle(file, path, entry, content.length === now.size, reader);
  return { done: true, node };
}

/** Sends the blocks that differ from what was sent. */
export async function sendChangedFile(
  path: Bytes,
  found: Found,
  entry: Entry,
  mirror: Mirror,
  batch: Batch,
  reader: FileReader,
): Promise<boolean> {
  if (!(await batch.room(0))) return false;
  using file = openFound(path, found);
  if (file === undefined) {
    reader.disturbed = path;
    return true;
  }
  const attributes = attributesOf(file.now, file.now.size);
  if (!sameAttributes(entry.node, attributes)) mirror.change(batch, entry.node, attributes);
  return await sendContent(file, path, entry, batch, reader);
}

interface OpenFile extends Disposable {
  fd: number;
  now: Found;
  /** Wall clock before the file was looked at. */
  openedNs: bigint;
  /** The same on the monotonic clock. */
  openedMs: number;
}

/** Undefined if there is no longer that file. Never waits, should a FIFO be there now, and never follows a symlink. */
function openFound(path: Bytes, found: Found): OpenFile | undefined {
  const openedNs = BigInt(Date.now()) * 1_000_000n;
  const openedMs = performance.now();
  let fd: number;
  try {
    fd = openSync(toPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "ELOOP", "ENXIO")) return undefined;
    if (hasCode(error, "EACCES", "EPERM")) throw new UnsupportedContentError(path, "cannot be read by the agent");
    throw error;
  }
  const close = () => closeSync(fd);
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile() || stats.ino !== found.ino) {
    close();
    return undefined;
  }
  return { fd, now: foundFrom(stats, "file", ""), openedNs, openedMs, [Symbol.dispose]: close };
}

async function sendContent(
  file: OpenFile,
  path: Bytes,
  entry: Entry,
  batch: Batch,
  reader: FileReader,
): Promise<boolean> {
  const { now } = file;
  const { node } = entry;
  const whole = entry.trust !== "dirty";
  const first = isAsRead(now, entry) ? entry.nextBlock : 0;
  let [at, changedBytes, short] = [first * blockBytes, 0, false];
  let next = readGroup(file, at, reader.buffers[0]);
  try {
    for (let turn = 1; at < now.size && !short; turn++) {
      batch.signal.throwIfAborted();
      const from = performance.now();
      const group = await next;
      short = group.length < Math.min(dataBytes, now.size - at);
      if (!short) next = readGroup(file, at + group.length, reader.buffers[turn % 2 === 0 ? 0 : 1]);
      const hashes = hashesOf(group, short);
      reader.took(group.length, performance.now() - from);
      const sent = await sendGroup(group, hashes, at, node, batch);
      changedBytes += sent.changedBytes;
      if (sent.stoppedAt !== undefined) {
        pause(file, entry, sent.stoppedAt / blockBytes);
        return false;
      }
      at += group.length;
    }
  } finally {
    await next;
  }
  settle(file, path, entry, !short, reader);
  if (whole) entry.changedBytes = changedBytes;
  return true;
}

/** If the file turned out to be shorter than it was, the last block may be a part of one and is left out. */
function hashesOf(group: Buffer, short: boolean): Buffer[] {
  const end = short ? group.length - (group.length % blockBytes) : group.length;
  const hashes: Buffer[] = [];
  for (let at = 0; at < end; at += blockBytes) hashes.push(hashOf(group.subarray(at, Math.min(end, at + blockBytes))));
  return hashes;
}

/** Sends the blocks of a group that differ; `stoppedAt` is the offset of the first that the budget has no room for. */
async function sendGroup(
  group: Buffer,
  hashes: Buffer[],
  offset: number,
  node: Node,
  batch: Batch,
): Promise<{ changedBytes: number; stoppedAt: number | undefined }> {
  const end = Math.min(group.length, hashes.length * blockBytes);
  const firstBlock = offset / blockBytes;
  let changedBytes = 0;
  for (let block = 0; block < hashes.length;) {
    const run = runAt(block, hashes, (index, hash) => !node.hashes.equals(firstBlock + index, hash));
    if (run.blocks === 0) {
      block += 1;
      continue;
    }
    const start = block * blockBytes;
    let { blocks } = run;
    const bytes = () => Math.min(blocks * blockBytes, end - start);
    while (blocks > 0 && !(await batch.room(run.zero ? 0 : bytes()))) blocks = Math.floor(blocks / 2);
    if (blocks === 0) return { changedBytes, stoppedAt: offset + start };
    const content = group.subarray(start, start + bytes());
    if (run.zero) batch.add({ type: "zero", id: node.id, offset: offset + start, length: content.length });
    else batch.add({ type: "data", id: node.id, offset: offset + start, content: nothing }, content);
    for (const [index, hash] of hashes.slice(block, block + blocks).entries()) {
      node.hashes.set(firstBlock + block + index, hash);
    }
    if (!run.zero) changedBytes += content.length;
    block += blocks;
  }
  return { changedBytes, stoppedAt: undefined };
}

const nothing = Buffer.alloc(0);

/** Blocks from `start` on that have changed and are all zeros, or all not. */
function runAt(start: number, hashes: Buffer[], changed: (index: number, hash: Buffer) => boolean) {
  const zero = isZero(hashes[start] ?? nothing);
  let end = start;
  for (let hash = hashes[end]; hash !== undefined && changed(end, hash) && isZero(hash) === zero; hash = hashes[end]) {
    end += 1;
  }
  return { zero, blocks: end - start };
}

/** The budget is used up: if nothing could have changed unseen, the next round goes on here. */
function pause(file: OpenFile, entry: Entry, block: number): void {
  const { mtimeNs, ctimeNs, size } = file.now;
  Object.assign(entry, { mtimeNs, ctimeNs, size, trust: "dirty", nextBlock: hasSettled(file) ? block : 0 });
}

function settle(file: OpenFile, path: Bytes, entry: Entry, whole: boolean, reader: FileReader): void {
  const after = foundFrom(fstatSync(file.fd, { bigint: true }), "file", "");
  const { mtimeNs, ctimeNs, size } = file.now;
  Object.assign(entry, { mtimeNs, ctimeNs, size, nextBlock: 0 });
  if (whole && isAsRead(after, entry)) entry.trust = hasSettled(file) ? "clean" : "racy";
  else {
    entry.trust = "dirty";
    reader.disturbed = path;
  }
}

/**
 * Would a change after the file was opened show in its times? File systems take them from a clock that ticks every few
 * milliseconds, some keep whole seconds only. Git calls an entry that fails this test racily clean.
 */
function hasSettled({ now: { ctimeNs }, openedNs }: OpenFile): boolean {
  const marginNs = ctimeNs % 1_000_000_000n === 0n ? 2_000_000_000n : 20_000_000n;
  return ctimeNs + marginNs < openedNs;
}

const readInto = promisify(read);

async function readGroup(file: OpenFile, offset: number, buffer: Buffer): Promise<Buffer> {
  const wanted = Math.min(buffer.length, file.now.size - offset);
  // One block comes faster than the thread pool answers.
  if (file.now.size <= blockBytes) return buffer.subarray(0, Math.max(0, readFully(file.fd, buffer, wanted)));
  let length = 0;
  while (length < wanted) {
    const { bytesRead } = await readInto(file.fd, buffer, length, wanted - length, offset + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/** From the file's beginning; fewer than `size` bytes if there are no more. */
function readFully(fd: number, buffer: Buffer, size: number): number {
  let length = 0;
  while (length < size) {
    const bytesRead = readSync(fd, buffer, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}
