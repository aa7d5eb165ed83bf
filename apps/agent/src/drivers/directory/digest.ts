import { createHash } from "node:crypto";
import { BadStreamError } from "./errors.ts";
import { type Bytes, shown } from "./bytes.ts";
import { type Node, type Tree, noOwner } from "./tree.ts";
import { type Found, type Walked, pathOf } from "./walk.ts";

/** The digest of the state as the source has sent it. */
export function digestOfTree(tree: Tree): string {
  const lines: Line[] = [];
  const collect = (node: Node, path: Bytes): void => {
    lines.push({ path, inode: node.id, node, ...node });
    for (const [name, child] of node.children) collect(child, `${path}/${name}`);
  };
  collect(tree.root, "");
  return digestOf(lines);
}

/**
 * The digest of the state as it lies in the file system: everything from a walk but the content, of which the hashes
 * were taken when it was written.
 */
export function digestOfWalk(walked: Walked, tree: Tree): string {
  const lines = walked.found.flatMap((found) => {
    const places = found.places.length === 0 ? [""] : found.places.map((place) => placePath(place));
    return places.map((path) => ({ ...found, path, inode: found.ino, node: nodeAt(tree, path) }));
  });
  return digestOf(lines);
}

interface Line extends Pick<Found, "kind" | "mode" | "uid" | "gid" | "mtimeUs" | "size" | "target"> {
  path: Bytes;
  /** Equal for the names of one file. */
  inode: number | bigint;
  node: Node;
}

function digestOf(lines: Line[]): string {
  const sorted = lines.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
  const firstPaths = new Map<number | bigint, Bytes>();
  const digest = createHash("sha256");
  for (const { path, inode, node, kind, mode, uid, gid, mtimeUs, size, target } of sorted) {
    const firstPath = firstPaths.get(inode) ?? path;
    firstPaths.set(inode, firstPath);
    const content = kind === "file" ? node.hashes.digest() : "";
    if (content === undefined) throw new BadStreamError(`A part of ${shown(path)} has not been sent`);
    const owner = node.uid === noOwner ? "-" : `${uid}:${gid}`;
    // A NUL cannot be part of a name, and no other field can hold one.
    const fields = [path, firstPath, kind, mode.toString(8), owner, mtimeUs, size, target, content];
    digest.update(`${fields.join("\0")}\0\n`, "latin1");
  }
  return digest.digest("hex");
}

function placePath({ parent, name }: { parent: Found; name: Bytes }): Bytes {
  return `${pathOf(parent, "")}/${name}`;
}

function nodeAt(tree: Tree, path: Bytes): Node {
  let node: Node | undefined = tree.root;
  for (const name of path.split("/").slice(1)) node = node?.children.get(name);
  if (node === undefined) throw new BadStreamError(`${shown(path)} was not sent, and is there`);
  return node;
}
