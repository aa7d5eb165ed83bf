import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { type Bytes, toPath } from "./bytes.ts";
import { hasCode } from "./errors.ts";
import { Slices } from "./slices.ts";

/** Removes a tree, also one with directories that its owner has made read-only. It may be missing. */
export async function removeTree(path: Bytes): Promise<void> {
  const slices = new Slices();
  // Each directory is met a second time once what is in it has gone.
  const stack = [{ path, emptied: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (slices.over) await slices.turn();
    if (top.emptied) rmdirSync(toPath(top.path));
    else if (!isDirectory(top.path)) unlinkQuietly(top.path);
    else {
      chmodSync(toPath(top.path), 0o700);
      const parent = top.path;
      const names = readdirSync(toPath(parent), { encoding: "latin1" });
      stack.push({ path: parent, emptied: true });
      for (const name of names) stack.push({ path: `${parent}/${name}`, emptied: false });
    }
  }
}

function isDirectory(path: Bytes): boolean {
  return lstatSync(toPath(path), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function unlinkQuietly(path: Bytes): void {
  try {
    unlinkSync(toPath(path));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
