import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** A process that has to do with a folder: it works there, or its command line names it. */
export interface Found {
  pid: number;
  /** Its arguments with spaces between. */
  command: string;
}

/** From proc(5): what runs in or for the folder, whoever started it. What has ended and was not waited for is left out. */
export async function processesOf(folder: string): Promise<Found[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const looked = await Promise.all(pids.map((pid) => look(pid, folder)));
  return looked.filter((found) => found !== undefined);
}

async function look(pid: number, folder: string): Promise<Found | undefined> {
  if (pid === process.pid) return undefined;
  const at = join("/proc", String(pid));
  try {
    const command = (await readFile(join(at, "cmdline"), "utf8")).replaceAll("\0", " ").trim();
    const worksIn = await readlink(join(at, "cwd"));
    if (isCompiler(command)) return undefined;
    return command !== "" && (command.includes(`${folder}/`) || `${worksIn}/`.startsWith(`${folder}/`))
      ? { pid, command }
      : undefined;
  } catch {
    // It has ended meanwhile, or is another user's.
    return undefined;
  }
}

/** What tsx keeps beside a program that runs from source; it ends with it. */
function isCompiler(command: string): boolean {
  return /\/esbuild --service=/.test(command);
}
