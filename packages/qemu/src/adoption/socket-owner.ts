import { readdir, readFile, readlink } from "node:fs/promises";
import { type ProcessName, startTicksOf } from "@godwit/launch";

/**
 * The process that listens, or has listened, on a Unix socket: the kernel says which sockets have the path, and each process which sockets
 * it has. Where children share it, their parent. Nothing where this user may not look at it.
 */
export async function ownerOf(socket: string): Promise<ProcessName | undefined> {
  const wanted = socketsAt(await readFile("/proc/net/unix", "utf8"), socket);
  if (wanted.size === 0) return undefined;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const having = await Promise.all(pids.map(async (pid) => ((await hasOneOf(pid, wanted)) ? [pid] : [])));
  const owners = new Set(having.flat());
  for (const pid of owners) {
    const startTicks = owners.has(await parentOf(pid)) ? undefined : await startTicksOf(pid);
    if (startTicks !== undefined) return { pid, startTicks };
  }
  return undefined;
}

/** The words of a process's command line. */
export async function wordsOf({ pid }: ProcessName): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replace(/\0$/, "").split("\0");
}

/** As a process's links name them: "socket:[1234]". Accepted connections have their listener's path. */
function socketsAt(table: string, path: string): Set<string> {
  const lines = table.split("\n").map((line) => /^\S+(?: \S+){5} +(\d+) (.+)$/.exec(line));
  return new Set(lines.flatMap((found) => (found?.[2] === path ? [`socket:[${found[1]}]`] : [])));
}

async function hasOneOf(pid: number, wanted: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return links.some((link) => wanted.has(link));
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
}
