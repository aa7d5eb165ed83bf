/** The embedded database: PGlite in a worker thread, reached through a Unix socket like any PostgreSQL. */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { entry, lockFolder, workerArguments } from "@godwit/launch";
import type { Connection } from "./connect.ts";
import type { WorkerData } from "./pglite-worker.ts";

export interface Embedded extends AsyncDisposable {
  connection: Connection;
  /**
   * One. The socket server feeds the protocol messages of all its connections into a single session, in the order of their
   * arrival: with two connections the parse of one statement may come between the parse and the execution of another.
   */
  connectionsAtMost: 1;
}

/** What a PostgreSQL client appends to the folder that it takes for its host. */
const socketName = ".s.PGSQL.5432";
const longestSocketPathBytes = 107;
const closeLimitMs = 30_000;

/** @throws {DataFolderInUseError} when the folder is open already. */
export async function openEmbedded(dataFolder: string, onLost: (error: Error) => void): Promise<Embedded> {
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  // Whoever reaches the socket has the database.
  await chmod(dataFolder, 0o700);
  const held: AsyncDisposable[] = [];
  const release = async (): Promise<void> => {
    for (const each of held.toReversed()) await each[Symbol.asyncDispose]();
  };
  try {
    held.push(await lockFolder(dataFolder));
    const socket = await socketFolder(dataFolder);
    held.push(socket);
    held.push(await startWorker({ dataFolder, socketPath: join(socket.path, socketName) }, onLost));
    const connection = { host: socket.path, user: "postgres", database: "postgres" };
    return { connection, connectionsAtMost: 1, [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The data folder, or a private one where its path is too long for a socket. */
async function socketFolder(dataFolder: string): Promise<AsyncDisposable & { path: string }> {
  const path = join(dataFolder, socketName);
  if (Buffer.byteLength(path) <= longestSocketPathBytes) {
    // Left behind by a process that was killed: the lock is ours, so nobody listens on it.
    await rm(path, { force: true });
    return { path: dataFolder, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
  }
  const privateFolder = await mkdtemp(join(tmpdir(), "godwit-"));
  return {
    path: privateFolder,
    [Symbol.asyncDispose]: () => rm(privateFolder, { recursive: true, force: true }),
  };
}

async function startWorker(workerData: WorkerData, onLost: (error: Error) => void): Promise<AsyncDisposable> {
  const worker = new Worker(entry(import.meta.url, "./pglite-worker"), { workerData, execArgv: workerArguments() });
  // A thread that fails says why, then ends; one that is stopped or runs out of memory may only end.
  let failure: Error | undefined;
  worker.on("error", (error) => (failure = asError(error)));
  const ended = new Promise<Error>((resolve) => {
    worker.once("exit", () => resolve(failure ?? new Error("the embedded database ended by itself")));
  });
  const ready = new Promise<void>((resolve) => worker.once("message", () => resolve()));
  await Promise.race([ready, ended.then((error) => Promise.reject(error))]);

  let closing = false;
  void ended.then((error) => closing || onLost(error));
  return {
    async [Symbol.asyncDispose]() {
      closing = true;
      // A thread has no origin to name.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      worker.postMessage("close");
      const limit = setTimeout(() => void worker.terminate(), closeLimitMs);
      await ended;
      clearTimeout(limit);
    },
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
