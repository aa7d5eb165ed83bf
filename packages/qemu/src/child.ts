import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { endOf, isAlive, type ProcessName, startTicksOf } from "@godwit/launch";
import { killedForMemory, wantOfMemory } from "./want-of-memory.ts";

export interface Launch {
  program: string;
  arguments: string[];
  /** What it says is added to this file. */
  log: string;
  /** A program with its arguments that is to exec the rest, such as `setpriv`. */
  through?: string[];
}

export interface StartOptions {
  deadlineMs: number;
  /** A program with its arguments that is to exec what is started. */
  through?: string[];
}

/** An emulated start on a busy host. */
export const startLimitMs = 30_000;

/** A process of a guest, and where it writes what it has to say. */
interface Watched {
  what: string;
  process: ProcessName;
  log: string;
}

const lookEveryMs = 10;
const watchEveryMs = 100;
const killedLimitMs = 3000;
/** What a program says last names the cause; what it said at its start does not. */
const shownLines = 3;
const shownOfLog = 1000;
/** How those have ended that this process started itself: of any other nobody is told. */
const endings = new WeakMap<ProcessName, string>();

/** Starts a process that outlives this one and gets none of its signals. */
export async function startApart(launch: Launch): Promise<ProcessName> {
  const [command = launch.program, ...rest] = [...(launch.through ?? []), launch.program, ...launch.arguments];
  const log = openSync(launch.log, "a", 0o600);
  try {
    const child = spawn(command, rest, { detached: true, stdio: ["ignore", log, log] });
    await once(child, "spawn");
    child.unref();
    const pid = child.pid ?? 0;
    const process = { pid, startTicks: (await startTicksOf(pid)) ?? "ended" };
    child.once("exit", (status, signal) =>
      endings.set(process, signal === null ? ` with status ${status}` : ` by ${signal}`),
    );
    return process;
  } finally {
    closeSync(log);
  }
}

/** Looks until there is something to see; fails as soon as the process has ended, with what it said last. */
export async function untilReady<Seen>(
  what: string,
  { process, log, deadlineMs }: { process: ProcessName; log: string; deadlineMs: number },
  look: () => Promise<Seen | undefined> | Seen | undefined,
): Promise<Seen> {
  const looked = async () => {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (!(await isAlive(process)))
      throw new Error(`${what}: the process has ended${endings.get(process) ?? ""}: ${await lastSaid(log)}`);
    return undefined;
  };
  return await within(deadlineMs, what, looked, async () => await lastSaid(log));
}

/** Looks until there is something to see, for so long. */
export async function within<Seen>(
  deadlineMs: number,
  what: string,
  look: () => Promise<Seen | undefined> | Seen | undefined,
  more?: () => Promise<string>,
): Promise<Seen> {
  for (const from = performance.now(); performance.now() - from < deadlineMs; await setTimeout(lookEveryMs)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  const said = more === undefined ? "" : `: ${await more()}`;
  throw new Error(`${what}: not within ${deadlineMs} ms${said}`);
}

/** The process that a file names, where it lives and is what is looked for: numbers are given again, and files outlive reboots. */
export async function processIn(pidFile: string, mark: string): Promise<ProcessName | undefined> {
  try {
    const pid = Number(await readFile(pidFile, "utf8"));
    const startTicks = await startTicksOf(pid);
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ");
    return startTicks !== undefined && command.includes(mark) ? { pid, startTicks } : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves when the process has ended, to what it said last, and never once nobody wants to know any longer. */
export async function lossOf({ what, process, log }: Watched, signal: AbortSignal): Promise<string> {
  const killedBefore = await killedForMemory();
  while (!signal.aborted) {
    if (!(await isAlive(process))) {
      const ending = endings.get(process);
      const killed = (await killedForMemory()) - killedBefore;
      return `${what} has ended${ending ?? ""}${wantOfMemory(ending, killed)}: ${await lastSaid(log)}`;
    }
    await setTimeout(watchEveryMs, undefined, { ref: false });
  }
  return await new Promise<never>(() => undefined);
}

export async function endNow(process_: ProcessName): Promise<void> {
  if (await isAlive(process_)) process.kill(process_.pid, "SIGKILL");
  await endOf(process_, killedLimitMs);
}

async function lastSaid(log: string): Promise<string> {
  const said = await readFile(log, "utf8").catch(() => "");
  const lines = said.trim().split("\n").slice(-shownLines);
  return lines.join("; ").slice(-shownOfLog) || "it said nothing";
}
