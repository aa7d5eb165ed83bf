import { accessSync, constants, lstatSync, readdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Check } from "@godwit/backend";
import { BadDirectoryError } from "./errors.ts";
import type { Places } from "./places.ts";

/** Is the place free, writable, and is there room for so many bytes? Without side effects. */
export function checkPlace({ path }: Places, sizeBytes: number): Check {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && (!there.isDirectory() || readdirSync(path).length > 0)) {
    const reason = `config.path: ${path} exists on this host and is not an empty directory`;
    return { ok: false, code: "address-in-use", reason, fix: "Move it away, or choose another path." };
  }
  const parent = existingParent(path);
  try {
    accessSync(parent, constants.W_OK | constants.X_OK);
  } catch {
    return { ok: false, code: "invalid-config", reason: `config.path: the agent cannot write to ${parent}` };
  }
  const { bavail, bsize } = statfsSync(parent);
  const freeBytes = bavail * bsize;
  if (freeBytes < sizeBytes) {
    return { ok: false, code: "no-room", reason: `${parent} has ${freeBytes} bytes free; the device has ${sizeBytes}` };
  }
  return { ok: true };
}

/** @throws {BadDirectoryError} unless the tree is a directory that can be renamed aside when it has moved. */
export function requireMovable({ path }: Places): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new BadDirectoryError(`${path} does not exist on this host`);
  if (!stats.isDirectory())
    throw new BadDirectoryError(`${path} is not a directory; give the path of one, not of a link to it`);
  if (stats.dev !== lstatSync(dirname(path)).dev) {
    throw new BadDirectoryError(`${path} is the root of a file system; give the path of a directory in it`);
  }
}

function existingParent(path: string): string {
  const parent = dirname(path);
  return lstatSync(parent, { throwIfNoEntry: false }) === undefined ? existingParent(parent) : parent;
}
