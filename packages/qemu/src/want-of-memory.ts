import { readFile } from "node:fs/promises";

/** How many processes the kernel of this machine has killed because there was no memory left, since its start (proc_vmstat(5)). */
export async function killedForMemory(): Promise<number> {
  const text = await readFile("/proc/vmstat", "utf8").catch(() => "");
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/**
 * Whom the kernel has killed it tells nobody but its log: one that was killed while it did so was most likely among them.
 *
 * @param ending how the process has ended, where that is known
 * @param killed how many the kernel has killed since the process is watched
 */
export function wantOfMemory(ending: string | undefined, killed: number): string {
  if (killed <= 0 || (ending !== undefined && ending !== " by SIGKILL")) return "";
  return `, while the kernel killed ${killed === 1 ? "a process" : `${killed} processes`} for want of memory`;
}
