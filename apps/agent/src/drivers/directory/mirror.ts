import type { Batch } from "./batch.ts";
import type { Bytes } from "./bytes.ts";
import { type Attributes, type Kind, type Node, Tree, noOwner } from "./tree.ts";
import type { Found } from "./walk.ts";

/** What was sent of one inode, and how far it can be trusted to be what is there. */
export interface Entry {
  node: Node;
  /** Of the file when its content was read. */
  mtimeNs: bigint;
  ctimeNs: bigint;
  size: number;
  /**
   * `racy`: whole, but changed so shortly before it was read that a later change could bear the same time.
   * `dirty`: not whole, or changed while it was read.
   */
  trust: "clean" | "racy" | "dirty";
  /** Where a reading that the budget ended goes on, if the file is still the same. */
  nextBlock: number;
  /** Bytes that differed when the content was last read again: the best guess for the next time. */
  changedBytes: number | undefined;
}

/** Root may set owners; anybody else neither sends nor sets them. */
export const asRoot = process.getuid?.() === 0;

/** The source's knowledge of the destination: its tree, and which inode here each node is. */
export class Mirror {
  readonly tree = new Tree();
  readonly #entries = new Map<bigint, Entry>();

  /** What was sent of this inode. One that was deleted and used again for something else has not been sent. */
  entryOf(found: Found): Entry | undefined {
    if (found.places.length === 0) return this.#rootEntry(found);
    const entry = this.#entries.get(found.ino);
    if (entry === undefined || this.tree.nodes.get(entry.node.id) !== entry.node) return undefined;
    return entry.node.kind === found.kind && entry.node.target === found.target ? entry : undefined;
  }

  make(batch: Batch, kind: Kind, attributes: Attributes, target: Bytes, parent: Node, name: Bytes, payload?: Buffer) {
    const id = this.tree.nextId;
    const node = this.tree.make(id, kind, attributes, target, parent, name);
    batch.add({ type: "make", id, parent: parent.id, kind, attributes, name, payload: nothing }, payload);
    return node;
  }

  /** Remembers which inode a new node is. A file's content is not trusted until it has been read. */
  note(found: Found, node: Node): Entry {
    const { mtimeNs, ctimeNs, size } = found;
    const entry: Entry = { node, mtimeNs, ctimeNs, size, trust: "dirty", nextBlock: 0, changedBytes: undefined };
    this.#entries.set(found.ino, entry);
    return entry;
  }

  change(batch: Batch, node: Node, attributes: Attributes): void {
    this.tree.change(node, attributes);
    batch.add({ type: "change", id: node.id, attributes });
  }

  link(batch: Batch, node: Node, parent: Node, name: Bytes): void {
    this.tree.link(node, parent, name);
    batch.add({ type: "link", id: node.id, parent: parent.id, name });
  }

  detach(batch: Batch, parent: Node, name: Bytes): void {
    this.tree.detach(parent, name);
    batch.add({ type: "detach", parent: parent.id, name });
  }

  remove(batch: Batch, node: Node): void {
    this.tree.remove(node);
    batch.add({ type: "remove", id: node.id });
  }

  /** Lets go of inodes that are no longer in the tree. */
  forgetAllBut(inodes: ReadonlySet<bigint>): void {
    for (const inode of this.#entries.keys()) if (!inodes.has(inode)) this.#entries.delete(inode);
  }

  #rootEntry(found: Found): Entry {
    const { mtimeNs, ctimeNs } = found;
    return { node: this.tree.root, mtimeNs, ctimeNs, size: 0, trust: "clean", nextBlock: 0, changedBytes: undefined };
  }
}

const nothing = Buffer.alloc(0);

/** What is sent of a found inode's attributes. */
export function attributesOf(found: Found, size: number): Attributes {
  const { uid, gid } = asRoot ? found : { uid: noOwner, gid: noOwner };
  // Linux keeps no mode for symlinks.
  return { mode: found.kind === "symlink" ? 0o777 : found.mode, uid, gid, mtimeUs: found.mtimeUs, size };
}

/** Has the file to be read (again)? */
export function needsReading(found: Found, entry: Entry): boolean {
  return entry.trust !== "clean" || !isAsRead(found, entry);
}

export function isAsRead(found: Found, entry: Entry): boolean {
  return found.mtimeNs === entry.mtimeNs && found.ctimeNs === entry.ctimeNs && found.size === entry.size;
}

export function sameAttributes(node: Node, wanted: Attributes): boolean {
  return (
    node.mode === wanted.mode &&
    node.uid === wanted.uid &&
    node.gid === wanted.gid &&
    node.mtimeUs === wanted.mtimeUs &&
    node.size === wanted.size
  );
}
