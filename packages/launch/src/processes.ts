import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";

/** A process that cannot be mistaken for a later one with the same number: its start in clock ticks since boot is with it. */
export interface ProcessName {
  pid: number;
  startTicks: string;
}

const checkEveryMs = 10;
/** Freeing many gigabytes takes the kernel its time. */
const killedLimitMs = 10_000;
const threadsField = 20;
const startTicksField = 22;

/** From proc_pid_stat(5); `undefined` where there is no such process, or nobody has waited for its end yet. */
export async function startTicksOf(pid: number): Promise<string | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses, which may hold anything; the third is the first after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A process is a zombie as soon as its first thread has ended, while others may still keep its sockets open.
  const ended = fields[0] === "Z" && Number(fields[threadsField - 3]) <= 1;
  return ended ? undefined : fields[startTicksField - 3];
}

export async function isAlive({ pid, startTicks }: ProcessName): Promise<boolean> {
  return (await startTicksOf(pid)) === startTicks;
}

/** Waits for a process to end, and kills it where that takes longer than the limit. */
export async function endOf(process_: ProcessName, limitMs: number): Promise<void> {
  if (await goneWithin(process_, limitMs)) return;
  if (await isAlive(process_)) process.kill(process_.pid, "SIGKILL");
  if (await goneWithin(process_, killedLimitMs)) return;
  throw new Error(`Process ${process_.pid} cannot be ended`);
}

async function goneWithin(process_: ProcessName, limitMs: number): Promise<boolean> {
  for (const from = performance.now(); performance.now() - from < limitMs; await setTimeout(checkEveryMs)) {
    if (!(await isAlive(process_))) return true;
  }
  return false;
}
