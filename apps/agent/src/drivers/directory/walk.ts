import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { type Bytes, toPath } from "./bytes.ts";
import { BadDirectoryError, UnsupportedContentError, hasCode } from "./errors.ts";
import { Slices } from "./slices.ts";
import type { Kind } from "./tree.ts";

/** One inode, as a walk found it. */
export interface Found {
  kind: Kind;
  ino: bigint;
  mode: number;
  uid: number;
  gid: number;
  /** Microseconds since 1970, rounded down. */
  mtimeUs: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  /** Bytes of content; 0 for what is not a regular file. */
  size: number;
  /** Bytes of content that take room; less than `size` for a sparse file. */
  storedBytes: number;
  target: Bytes;
  /** Every name that it has in the tree; none for the root. */
  places: { parent: Found; name: Bytes }[];
}

export interface Walked {
  path: Bytes;
  /** Directories before what is in them; the first is the root. */
  found: Found[];
  tookMs: number;
}

const entriesLimit = 16 * 1024 * 1024;

/** Walks the tree without leaving its file system. What vanishes meanwhile is left out; sockets are skipped. */
export async function walk(path: Bytes, signal?: AbortSignal): Promise<Walked> {
  const from = performance.now();
  const slices = new Slices(signal);
  const rootStats = lstatSync(toPath(path), { bigint: true });
  if (!rootStats.isDirectory()) throw new BadDirectoryError(`${path} is not a directory`);
  const root = foundFrom(rootStats, "directory", "");
  const found = [root];
  const byInode = new Map([[root.ino, root]]);
  const directories = [{ directory: root, path }];
  for (const { directory, path } of directories) {
    for (const name of namesIn(path)) {
      if (slices.over) await slices.turn();
      const entryPath = `${path}/${name}`;
      const entry = entryAt(entryPath, rootStats.dev, byInode);
      if (entry === undefined) continue;
      // A directory that is moved during the walk can be met twice; the next walk will see where it is.
      if (entry.kind === "directory" && entry.places.length > 0) continue;
      if (entry.places.length === 0) found.push(entry);
      entry.places.push({ parent: directory, name });
      if (entry.kind === "directory") directories.push({ directory: entry, path: entryPath });
      if (found.length > entriesLimit) throw new UnsupportedContentError(path, `has over ${entriesLimit} entries`);
    }
  }
  return { path, found, tookMs: performance.now() - from };
}

export function pathOf(found: Found, root: Bytes): Bytes {
  const place = found.places[0];
  return place === undefined ? root : `${pathOf(place.parent, root)}/${place.name}`;
}

/** Microseconds, rounded down before 1970 as after. */
export function microseconds(ns: bigint): number {
  const us = ns / 1000n;
  return Number(us * 1000n > ns ? us - 1n : us);
}

function namesIn(path: Bytes): Bytes[] {
  try {
    return readdirSync(toPath(path), { encoding: "latin1" });
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

function entryAt(path: Bytes, device: bigint, byInode: Map<bigint, Found>): Found | undefined {
  try {
    const stats = lstatSync(toPath(path), { bigint: true });
    if (stats.isSocket()) return undefined;
    if (stats.dev !== device) throw new UnsupportedContentError(path, "is the root of another file system");
    const known = byInode.get(stats.ino);
    if (known !== undefined) return known;
    const kind = kindOf(stats, path);
    const entry = foundFrom(stats, kind, kind === "symlink" ? readlinkSync(toPath(path), "latin1") : "");
    byInode.set(entry.ino, entry);
    return entry;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EINVAL")) return undefined;
    throw error;
  }
}

function kindOf(stats: BigIntStats, path: Bytes): Kind {
  if (stats.isFile()) return "file";
  if (stats.isDirectory()) return "directory";
  if (stats.isSymbolicLink()) return "symlink";
  if (stats.isFIFO()) return "fifo";
  throw new UnsupportedContentError(path, "is a device node, which is not carried");
}

/** An inode without its places. */
export function foundFrom(stats: BigIntStats, kind: Kind, target: Bytes): Found {
  const size = kind === "file" ? Number(stats.size) : 0;
  return {
    kind,
    ino: stats.ino,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeUs: microseconds(stats.mtimeNs),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    size,
    storedBytes: Math.min(size, Number(stats.blocks) * 512),
    target,
    places: [],
  };
}
