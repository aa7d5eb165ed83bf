import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { FencingCommand } from "../config.ts";

/** How a fencing command ended. Only its exit status 0 proves anything. */
export interface Outcome {
  dead: boolean;
  /** "ended with 1", say. */
  how: string;
  /** The last lines that it wrote. */
  said: string[];
}

const keptCharacters = 4_096;
const keptLines = 5;
/** A child of the command's may keep its output open: so long is waited for the rest of it. */
const restMs = 250;

/** Runs it without a shell, as the leader of a group of its own, so that it ends at the timeout with all that it has started. */
export async function runFencingCommand(
  { command, timeoutMs }: FencingCommand,
  host: { id: string; name: string },
  signal: AbortSignal,
): Promise<Outcome> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: environmentFor(host),
    detached: true,
  });
  const output = new Tail();
  output.follow(child.stdout);
  output.follow(child.stderr);
  const closed = once(child, "close").catch(() => undefined);
  const end = new Promise<string | number>((resolve) => {
    child.once("exit", (code, killedBy) => resolve(code ?? String(killedBy)));
    child.once("error", (error) => resolve(error.message));
  });
  let late = false;
  const kill = () => void (child.pid !== undefined && killGroup(child.pid));
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, timeoutMs);
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const ended = await end;
  clearTimeout(timer);
  signal.removeEventListener("abort", kill);
  await Promise.race([closed, pause(restMs)]);
  const how =
    late && ended !== 0
      ? `was still running after ${timeoutMs} ms and was killed`
      : howOf(ended, child.pid !== undefined);
  return { dead: ended === 0, how, said: output.lines() };
}

function howOf(ended: string | number, started: boolean): string {
  return started ? `ended with ${ended}` : `could not be started: ${ended}`;
}

/** What it needs to know the host; how the database is reached is none of its business. */
function environmentFor({ id, name }: { id: string; name: string }): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, ...environment } = process.env;
  return { ...environment, GODWIT_HOST: name, GODWIT_HOST_ID: id };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

/** The end of what was written, whatever its length. */
class Tail {
  #text = "";

  follow(stream: Readable): void {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (this.#text = `${this.#text}${text}`.slice(-keptCharacters)));
    stream.on("error", () => undefined);
  }

  lines(): string[] {
    return this.#text
      .split("\n")
      .map((line) => line.replaceAll(/\p{Cc}/gu, " ").trim())
      .filter((line) => line !== "")
      .slice(-keptLines);
  }
}
