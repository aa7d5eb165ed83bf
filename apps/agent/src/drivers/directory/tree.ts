import { BlockHashes } from "./blocks.ts";
import type { Bytes } from "./bytes.ts";
import { BadStreamError } from "./errors.ts";

export type Kind = "file" | "directory" | "symlink" | "fifo";

export interface Attributes {
  mode: number;
  /** `noOwner` where the sender does not run as root. */
  uid: number;
  gid: number;
  mtimeUs: number;
  size: number;
}

/** What has one inode at the source and one at the destination. */
export interface Node extends Attributes {
  readonly id: number;
  readonly kind: Kind;
  readonly target: Bytes;
  readonly hashes: BlockHashes;
  /** Empty while the node is in limbo: taken from its place, and not yet put into another. */
  readonly places: { parent: Node; name: Bytes }[];
  readonly children: Map<Bytes, Node>;
}

export const noOwner = 0xffff_ffff;
export const rootId = 0;

/**
 * The tree as it stands at the destination. Both sides keep one and apply the same changes to it, so that the source
 * knows at any moment, also in the middle of a round, what the destination holds. Every change is checked: the
 * destination does not trust the stream.
 */
export class Tree {
  readonly nodes = new Map<number, Node>();
  readonly root: Node;
  #nextId = rootId + 1;

  constructor() {
    this.root = newNode(rootId, "directory", { mode: 0o700, uid: noOwner, gid: noOwner, mtimeUs: 0, size: 0 }, "");
    this.nodes.set(rootId, this.root);
  }

  /** Of the node that is made next: they are numbered in order. */
  get nextId(): number {
    return this.#nextId;
  }

  node(id: number): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new BadStreamError(`There is no node ${id}`);
    return node;
  }

  make(id: number, kind: Kind, attributes: Attributes, target: Bytes, parent: Node, name: Bytes): Node {
    if (id !== this.#nextId) throw new BadStreamError(`Node ${id} is made where ${this.#nextId} was due`);
    if (kind !== "file" && attributes.size !== 0) throw new BadStreamError(`Node ${id} cannot have a size`);
    requireFree(parent, name);
    this.#nextId += 1;
    const node = newNode(id, kind, attributes, target);
    this.nodes.set(id, node);
    put(node, parent, name);
    return node;
  }

  change(node: Node, attributes: Attributes): void {
    if (node.kind !== "file" && attributes.size !== 0) throw new BadStreamError(`Node ${node.id} cannot have a size`);
    node.hashes.resize(node.size, attributes.size);
    const { mode, uid, gid, mtimeUs, size } = attributes;
    Object.assign(node, { mode, uid, gid, mtimeUs, size });
  }

  link(node: Node, parent: Node, name: Bytes): void {
    requireFree(parent, name);
    if (node === this.root) throw new BadStreamError("The root has no place");
    if (node.kind === "directory") {
      if (node.places.length > 0) throw new BadStreamError(`Directory ${node.id} has a place already`);
      for (let above: Node | undefined = parent; above !== undefined; above = above.places[0]?.parent) {
        if (above === node) throw new BadStreamError(`Directory ${node.id} cannot be put into itself`);
      }
    }
    put(node, parent, name);
  }

  /** Takes a node from one of its places; with the last one it comes into limbo. */
  detach(parent: Node, name: Bytes): Node {
    const node = parent.children.get(name);
    if (node === undefined) throw new BadStreamError(`Directory ${parent.id} has no such entry`);
    parent.children.delete(name);
    const index = node.places.findIndex((place) => place.parent === parent && place.name === name);
    node.places.splice(index, 1);
    return node;
  }

  remove(node: Node): void {
    if (node === this.root) throw new BadStreamError("The root cannot be removed");
    if (node.children.size > 0) throw new BadStreamError(`Directory ${node.id} is not empty`);
    for (const { parent, name } of node.places) parent.children.delete(name);
    node.places.length = 0;
    this.nodes.delete(node.id);
  }
}

export function depthOf(node: Node): number {
  let depth = 0;
  for (let above = node.places[0]?.parent; above !== undefined; above = above.places[0]?.parent) depth += 1;
  return depth;
}

function newNode(id: number, kind: Kind, attributes: Attributes, target: Bytes): Node {
  const { mode, uid, gid, mtimeUs, size } = attributes;
  const children = kind === "directory" ? new Map<Bytes, Node>() : none;
  return { id, kind, mode, uid, gid, mtimeUs, size, target, hashes: new BlockHashes(), places: [], children };
}

/** Shared by all that is not a directory; `requireFree` keeps it empty. */
const none = new Map<Bytes, Node>();

function requireFree(parent: Node, name: Bytes): void {
  if (parent.kind !== "directory") throw new BadStreamError(`Node ${parent.id} is not a directory`);
  if (name === "" || name === "." || name === ".." || name.length > 255 || /[/\0]/.test(name)) {
    throw new BadStreamError("A name in the stream is not one of a directory entry");
  }
  if (parent.children.has(name)) throw new BadStreamError(`Directory ${parent.id} has an entry of that name already`);
}

function put(node: Node, parent: Node, name: Bytes): void {
  parent.children.set(name, node);
  node.places.push({ parent, name });
}
