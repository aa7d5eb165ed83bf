import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { attach, AttachError, type Attached } from "@godwit/backend";
import { endOf, entry, isAlive, nodeArguments, type ProcessName } from "@godwit/launch";

/** Longest path of a Unix socket, from unix(7), without the final zero. */
const socketPathLimitBytes = 107;
const readyLimitMs = 30_000;
const endLimitMs = 3000;
const retryEveryMs = 20;
const busyLimitMs = 2000;

export interface Spawn {
  dataFolder: string;
  sizeBytes: number;
  listen: string;
  incoming: boolean;
}

/** Where a device's process is reached: in its own folder, or, were that path too long, by a name made from it. */
export function controlPathOf(dataFolder: string): string {
  const path = join(dataFolder, "control.sock");
  if (Buffer.byteLength(path) <= socketPathLimitBytes) return path;
  const name = createHash("sha256").update(path).digest("hex").slice(0, 24);
  return join(tmpdir(), `godwit-memory-${name}.sock`);
}

/** Starts the device's process, which outlives this one, and resolves when it is ready. Its log is in the data folder. */
export async function spawnDaemon({ dataFolder, sizeBytes, listen, incoming }: Spawn): Promise<void> {
  const logPath = join(dataFolder, "daemon.log");
  await using log = await open(logPath, "a", 0o600);
  const child = spawn(
    process.execPath,
    [
      ...nodeArguments(),
      entry(import.meta.url, "./daemon"),
      "--control",
      controlPathOf(dataFolder),
      "--size",
      String(sizeBytes),
      "--listen",
      listen,
      ...(incoming ? ["--incoming"] : []),
    ],
    { detached: true, stdio: ["ignore", "pipe", log.fd], cwd: dataFolder },
  );
  child.unref();
  const ready = child.stdout === null ? undefined : await readyLine(child.stdout, once(child, "exit"));
  child.stdout?.destroy();
  if (ready === undefined) {
    child.kill("SIGKILL");
    throw Object.assign(new Error(`The memory's process did not start: ${await lastErrorIn(logPath)}`), {
      code: "not-started",
    });
  }
  await writeFile(processPath(dataFolder), JSON.stringify(ready), { mode: 0o600 });
}

/** Attaches to the device's process; `undefined` where there is none. */
export async function findDaemon(dataFolder: string): Promise<Attached | undefined> {
  for (const from = performance.now(); ;) {
    try {
      return await attach(controlPathOf(dataFolder));
    } catch (error) {
      const code = error instanceof AttachError ? error.code : undefined;
      if (code === "no-answer" && !(await isRecordedAlive(dataFolder))) return undefined;
      // An agent that has just died may still be parted from; then it is this one's turn.
      if (code !== "busy" || performance.now() - from > busyLimitMs) throw error;
      await setTimeout(retryEveryMs);
    }
  }
}

/** Ends the device's process: asks, and if that does not help kills it. Its state is gone then. */
export async function endDaemon(dataFolder: string, attached: Attached | undefined): Promise<void> {
  const answered = attached !== undefined && (await shutDown(attached));
  const name = await recorded(dataFolder);
  if (name !== undefined) await endOf(name, answered ? endLimitMs : 0);
  await rm(processPath(dataFolder), { force: true });
  await rm(controlPathOf(dataFolder), { force: true });
}

/** Whether it ended its side of the connection in time; whatever kept it from that, the process must go. */
async function shutDown(attached: Attached): Promise<boolean> {
  await using ending = attached;
  const answer = ending.shutdown().then(
    () => true,
    () => false,
  );
  return await Promise.race([answer, setTimeout(endLimitMs, false, { ref: false })]);
}

function processPath(dataFolder: string): string {
  return join(dataFolder, "process.json");
}

async function readyLine(stdout: Readable, exit: Promise<unknown>): Promise<ProcessName | undefined> {
  const lines = createInterface({ input: stdout });
  const late = AbortSignal.timeout(readyLimitMs);
  try {
    const said: unknown = await Promise.race([once(lines, "line", { signal: late }), exit.then(() => undefined)]);
    return Array.isArray(said) ? parseProcess(String(said[0])) : undefined;
  } catch {
    return undefined;
  } finally {
    lines.close();
  }
}

async function recorded(dataFolder: string): Promise<ProcessName | undefined> {
  try {
    return parseProcess(await readFile(processPath(dataFolder), "utf8"));
  } catch {
    return undefined;
  }
}

async function isRecordedAlive(dataFolder: string): Promise<boolean> {
  const name = await recorded(dataFolder);
  return name !== undefined && (await isAlive(name));
}

function parseProcess(text: string): ProcessName | undefined {
  const said: unknown = JSON.parse(text);
  if (typeof said !== "object" || said === null || !("pid" in said) || !("startTicks" in said)) return undefined;
  const { pid, startTicks } = said;
  return typeof pid === "number" && typeof startTicks === "string" ? { pid, startTicks } : undefined;
}

async function lastErrorIn(logPath: string): Promise<string> {
  const lines = (await readFile(logPath, "utf8")).trim().split("\n");
  return lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? "it left no message";
}
