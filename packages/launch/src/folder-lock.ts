import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

/** Another process, or this one, has the data folder open. */
export class DataFolderInUseError extends Error {
  override name = "DataFolderInUseError";
}

/**
 * Keeps every other process out of the folder until it is disposed of or the process ends, however it ends: the lock is an abstract
 * Unix socket named after the folder's real path, which the kernel closes. The file with the process id beside it only serves the
 * message. Processes in different network namespaces do not see each other's lock.
 *
 * @throws {DataFolderInUseError} when the folder is locked.
 */
export async function lockFolder(folder: string): Promise<AsyncDisposable> {
  const pidFile = join(folder, "lock.pid");
  const name = createHash("sha256")
    .update(await realpath(folder))
    .digest("hex");
  const socket = createServer((connection) => connection.destroy());
  socket.unref();
  try {
    await once(socket.listen(`\0godwit-${name}`), "listening");
  } catch (error) {
    if (!isAddressInUse(error)) throw error;
    const pid = await readFile(pidFile, "utf8").catch(() => "(not known)");
    throw new DataFolderInUseError(`the data folder ${folder} is in use by pid ${pid.trim()}`);
  }
  await writeFile(pidFile, `${process.pid}\n`);
  return {
    async [Symbol.asyncDispose]() {
      await rm(pidFile, { force: true });
      await new Promise((resolve) => socket.close(resolve));
    },
  };
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
