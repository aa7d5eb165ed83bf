/** The worker thread of the embedded database: serves PGlite on a Unix socket until it is told to close. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { parentPort, workerData } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

export interface WorkerData {
  dataFolder: string;
  socketPath: string;
}

/** Made at the install. Without it a new database is made from nothing, which takes three times as long. */
const emptyDatabase = fileURLToPath(new URL("../src/generated/empty-database.tar.gz", import.meta.url));

if (parentPort === null) throw new Error("the embedded database runs in a worker thread only");
const port = parentPort;
const { dataFolder, socketPath }: WorkerData = workerData;
const database = await openDatabase(dataFolder);
// One connection is in use at a time. The others are for a client that dials anew before its old socket has closed here.
const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 4 });
await server.start();
port.once("message", () => void close());
port.postMessage("ready");

/**
 * A folder of which the making was cut short holds nothing that anybody was told is stored, and would not open: the mark,
 * which goes when the database first stands, tells to begin again.
 */
async function openDatabase(folder: string): Promise<PGlite> {
  const path = join(folder, "db");
  const mark = join(folder, "db.unfinished");
  if (existsSync(mark)) rmSync(path, { recursive: true, force: true });
  const isNew = !existsSync(path);
  if (isNew) {
    writeFileSync(mark, "");
    mkdirSync(path, { mode: 0o700 });
  }
  const start = isNew && existsSync(emptyDatabase) ? { loadDataDir: new Blob([readFileSync(emptyDatabase)]) } : {};
  const database = await PGlite.create({ dataDir: path, ...start }).catch((cause: unknown) => {
    throw new Error(`the database in ${path} does not open: ${inspect(cause)}`);
  });
  rmSync(mark, { force: true });
  return database;
}

async function close(): Promise<void> {
  await server.stop();
  await database.close();
  port.close();
}
