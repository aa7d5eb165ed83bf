import { execFile } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { blockBytes, hashOf } from "./blocks.ts";
import { type Bytes, fromText, toPath } from "./bytes.ts";
import { BadStreamError } from "./errors.ts";
import { asRoot } from "./mirror.ts";
import type { Change } from "./stream.ts";
import { type Node, Tree, depthOf, noOwner } from "./tree.ts";

const zeros = Buffer.alloc(blockBytes);

/**
 * The tree being received, in a folder that only the agent can enter. A path is always made of names that `tree` has
 * accepted, below directories that were made here: nothing in the stream can lead outside.
 */
export class Staging {
  readonly tree = new Tree();
  readonly path: Bytes;
  readonly #limbo: Bytes;
  /** Nodes whose owner, mode or time on disk is not yet what it shall be. Directories stay writable until the end. */
  readonly #unsettled = new Set<Node>([this.tree.root]);
  /** The file that was last written to. */
  #open: { node: Node; fd: number } | undefined;

  /** The folder is made here and must not exist. */
  constructor(folder: string) {
    this.path = fromText(`${folder}/tree`);
    this.#limbo = fromText(`${folder}/limbo`);
    for (const path of [fromText(folder), this.path, this.#limbo]) mkdirSync(toPath(path), { mode: 0o700 });
  }

  async apply(change: Change): Promise<void> {
    switch (change.type) {
      case "make":
        return await this.#make(change);
      case "change":
        return this.#change(change);
      case "data":
        return this.#write(this.#fileOf(change.id), change.offset, change.content);
      case "zero":
        return this.#zero(this.#fileOf(change.id), change.offset, change.length);
      case "link":
        return this.#link(change);
      case "detach":
        return this.#detach(change);
      case "remove":
        return this.#remove(this.tree.node(change.id));
      case "end":
        return this.#finish(change.nodes);
    }
  }

  close(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) closeSync(open.fd);
  }

  async #make({ id, kind, attributes, name, payload, parent }: Change & { type: "make" }): Promise<void> {
    requireOwnersAllowed(attributes.uid);
    if (kind !== "symlink" && payload.length > 0 && (kind !== "file" || payload.length !== attributes.size)) {
      throw new BadStreamError(`Node ${id} is made with content that does not fit it`);
    }
    const target = kind === "symlink" ? payload.toString("latin1") : "";
    const node = this.tree.make(id, kind, attributes, target, this.tree.node(parent), name);
    const path = this.#pathOf(node);
    this.#unsettled.add(node);
    switch (kind) {
      case "file":
        return this.#makeFile(node, path, payload);
      case "directory":
        mkdirSync(path, { mode: 0o700 });
        return;
      case "symlink":
        symlinkSync(payload, path);
        return this.#settle(node);
      case "fifo":
        return await this.#makeFifo(node, path);
    }
  }

  #makeFile(node: Node, path: Buffer, content: Buffer): void {
    this.#closeFile();
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    this.#open = { node, fd };
    if (node.size > 0) ftruncateSync(fd, node.size);
    if (content.length > 0) this.#write(node, 0, content);
    if (node.size <= blockBytes) this.#closeFile();
  }

  /** `mkfifo` takes its path as text, so that the FIFO gets its name afterwards. */
  async #makeFifo(node: Node, path: Buffer): Promise<void> {
    const made = `${this.#limbo}/${node.id}`;
    await promisify(execFile)("mkfifo", ["-m", "600", toPath(made).toString()]);
    renameSync(toPath(made), path);
    this.#settle(node);
  }

  #change({ id, attributes }: Change & { type: "change" }): void {
    requireOwnersAllowed(attributes.uid);
    const node = this.tree.node(id);
    const resized = attributes.size !== node.size;
    this.tree.change(node, attributes);
    this.#unsettled.add(node);
    if (resized) ftruncateSync(this.#openFile(node), node.size);
  }

  #write(node: Node, offset: number, content: Buffer): void {
    requireBlocks(node, offset, content.length);
    const fd = this.#openFile(node);
    for (let at = 0; at < content.length;) at += writeSync(fd, content, at, content.length - at, offset + at);
    for (let at = 0; at < content.length; at += blockBytes) {
      node.hashes.set((offset + at) / blockBytes, hashOf(content.subarray(at, at + blockBytes)));
    }
  }

  #zero(node: Node, offset: number, length: number): void {
    requireBlocks(node, offset, length);
    for (let at = offset; at < offset + length; at += blockBytes) {
      if (node.hashes.isZero(at / blockBytes)) continue;
      this.#write(node, at, zeros.subarray(0, Math.min(blockBytes, offset + length - at)));
    }
  }

  #link({ id, parent, name }: Change & { type: "link" }): void {
    const node = this.tree.node(id);
    const from = this.#pathOf(node);
    const inLimbo = node.places.length === 0;
    this.tree.link(node, this.tree.node(parent), name);
    const to = this.#pathOf(node, node.places.length - 1);
    if (inLimbo) renameSync(from, to);
    else linkSync(from, to);
  }

  #detach({ parent, name }: Change & { type: "detach" }): void {
    const directory = this.tree.node(parent);
    const from = toPath(`${this.#textOf(directory)}/${name}`);
    const node = this.tree.detach(directory, name);
    if (node.places.length > 0) unlinkSync(from);
    else renameSync(from, this.#pathOf(node));
  }

  #remove(node: Node): void {
    if (this.#open?.node === node) this.close();
    const paths = node.places.map((_, index) => this.#pathOf(node, index));
    if (paths.length === 0) paths.push(this.#pathOf(node));
    this.tree.remove(node);
    this.#unsettled.delete(node);
    for (const path of paths) {
      if (node.kind === "directory") rmdirSync(path);
      else unlinkSync(path);
    }
  }

  #finish(nodes: number): void {
    if (nodes !== this.tree.nodes.size) throw new BadStreamError(`Of ${nodes} nodes ${this.tree.nodes.size} have come`);
    this.#closeFile();
    // A directory is closed to its owner, if that is its mode, only when all below it is done.
    const deepest = [...this.#unsettled].map((node) => ({ node, depth: orderOf(node) }));
    for (const { node } of deepest.toSorted((a, b) => b.depth - a.depth)) this.#settle(node);
  }

  #settle(node: Node): void {
    const path = this.#pathOf(node);
    const time = timeOf(node);
    if (node.uid !== noOwner) lchownSync(path, node.uid, node.gid);
    if (node.kind !== "symlink") chmodSync(path, node.mode);
    lutimesSync(path, time, time);
    this.#unsettled.delete(node);
  }

  #openFile(node: Node): number {
    if (this.#open?.node === node) return this.#open.fd;
    this.#closeFile();
    const path = this.#pathOf(node);
    if (!asRoot) chmodSync(path, 0o600);
    const fd = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW);
    this.#open = { node, fd };
    this.#unsettled.add(node);
    return fd;
  }

  /** Writing clears set-user-id bits and changes the time, so that attributes come last. */
  #closeFile(): void {
    const open = this.#open;
    if (open === undefined) return;
    const { node, fd } = open;
    const time = timeOf(node);
    if (node.uid !== noOwner) fchownSync(fd, node.uid, node.gid);
    fchmodSync(fd, node.mode);
    futimesSync(fd, time, time);
    this.close();
    this.#unsettled.delete(node);
  }

  #fileOf(id: number): Node {
    const node = this.tree.node(id);
    if (node.kind !== "file") throw new BadStreamError(`Node ${id} has no content`);
    return node;
  }

  #pathOf(node: Node, place = 0): Buffer {
    return toPath(this.#textOf(node, place));
  }

  #textOf(node: Node, place = 0): Bytes {
    if (node === this.tree.root) return this.path;
    const at = node.places[place];
    return at === undefined ? `${this.#limbo}/${node.id}` : `${this.#textOf(at.parent)}/${at.name}`;
  }
}

/** Files first, then directories from the deepest up. */
function orderOf(node: Node): number {
  return node.kind === "directory" ? depthOf(node) : Infinity;
}

/**
 * Seconds as Node takes them, to the middle of the microsecond: however it rounds, the microsecond stays. As text,
 * since Node takes a negative number for the present.
 */
function timeOf({ mtimeUs }: Node): string {
  return String((mtimeUs + (mtimeUs < 0 ? -0.5 : 0.5)) / 1e6);
}

function requireBlocks(node: Node, offset: number, length: number): void {
  const end = offset + length;
  const whole = offset % blockBytes === 0 && (length % blockBytes === 0 || end === node.size);
  if (length === 0 || !whole || end > node.size) {
    throw new BadStreamError(`Content for node ${node.id} does not fit its size`);
  }
}

function requireOwnersAllowed(uid: number): void {
  if (uid !== noOwner && !asRoot)
    throw new BadStreamError("The stream sets owners, which takes an agent that runs as root");
}
