import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { hasCode } from "./errors.ts";

export interface Command {
  /** The field of the configuration that it comes from, for messages. */
  name: "quiesce" | "resume";
  shell: string;
  cwd: string;
  env: Record<string, string>;
  timeoutMs: number;
  /**
   * Receives the output of this run. A file and not a pipe: a service that the command leaves in the background keeps
   * its output, and does not keep the command from ending.
   */
  logFile: string;
}

/** A command of the user's did not do its work. */
export class CommandError extends Error {
  override name = "CommandError";
  readonly code = "command-failed";
}

const tailBytes = 2_048;

/**
 * Runs the command in a process group of its own, which is killed when the time is over or the signal aborts.
 * Resolves with the time it took in ms. @throws {CommandError} with the end of its output.
 */
export async function runCommand(command: Command, signal?: AbortSignal): Promise<number> {
  signal?.throwIfAborted();
  const from = performance.now();
  await using log = await open(command.logFile, "w+", 0o600);
  const child = spawn("/bin/sh", ["-c", command.shell], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", log.fd, log.fd],
    detached: true,
  });
  let killedFor: string | undefined;
  const kill = (reason: string) => {
    killedFor ??= reason;
    killGroup(child.pid);
  };
  const timer = setTimeout(() => kill(`took longer than ${command.timeoutMs} ms`), command.timeoutMs);
  const onAbort = () => kill("was called off");
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const [code, killedBy] = await once(child, "exit");
    if (killedFor === undefined && code === 0) return performance.now() - from;
    const outcome = killedFor ?? (code === null ? `was ended by ${String(killedBy)}` : `ended with ${String(code)}`);
    throw new CommandError(`The ${command.name} command ${outcome}${await tailOf(log)}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

async function tailOf(log: { stat(): Promise<{ size: number }>; read: Read }): Promise<string> {
  const { size } = await log.stat();
  const length = Math.min(size, tailBytes);
  if (length === 0) return "";
  const { buffer, bytesRead } = await log.read(Buffer.alloc(length), 0, length, size - length);
  return `: ${buffer.toString("utf8", 0, bytesRead).trim()}`;
}

type Read = (
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
) => Promise<{ buffer: Buffer; bytesRead: number }>;
