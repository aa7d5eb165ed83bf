import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeArguments } from "@godwit/launch";

const main = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));
const endLimitMs = 5_000;

/** Node's arguments that run a command of `godwit`; `more` come before the program's path. */
export function godwit(command: string[], more: string[] = []): string[] {
  return [...nodeArguments(), ...more, main, ...command];
}

/** How a program is started beyond its command. */
export interface Launch {
  /** What node is to read in before the program, `--import` say. */
  nodeArguments?: string[];
  /** Besides what this process has itself. */
  environment?: Record<string, string>;
  /** A command that becomes the program, as `ip netns exec` does, so that its process id is the program's. */
  within?: string[];
}

/** A command of `godwit` that goes on, in a process of its own. Its log is a file; what it prints first is a line of JSON. */
export class Program {
  readonly #name: string;
  readonly #logFile: string;
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(name: string, logFile: string) {
    this.#name = name;
    this.#logFile = logFile;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.#name} does not run`);
    return pid;
  }

  /** Resolves with the first line that it prints. */
  async start(
    command: string[],
    { nodeArguments: more = [], environment = {}, within = [] }: Launch = {},
  ): Promise<unknown> {
    const log = openSync(this.#logFile, "a");
    const [program = process.execPath, ...rest] = [...within, process.execPath, ...godwit(command, more)];
    const env = { ...process.env, ...environment };
    const child: ChildProcess = spawn(program, rest, { stdio: ["ignore", "pipe", log], env });
    closeSync(log);
    if (child.stdout === null) throw new Error(`${this.#name} has no output`);
    this.#process = child;
    const ended = once(child, "exit");
    this.#ended = ended;
    const lines = createInterface({ input: child.stdout });
    const early = ended.then(([code, signal]: unknown[]) => {
      throw new Error(`${this.#name} ended with ${String(signal ?? code)} before it was ready; see ${this.#logFile}`);
    });
    // Once it is ready, nobody waits for that any more.
    early.catch(() => undefined);
    const [line]: unknown[] = await Promise.race([once(lines, "line"), early]);
    return JSON.parse(String(line));
  }

  /** Resolves with its exit status, or the signal that ended it, once it has ended. */
  async ended(): Promise<unknown> {
    await this.#ended;
    return this.#process?.signalCode ?? this.#process?.exitCode;
  }

  /** A signal that ends a process is waited for until it has. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#process?.kill(signal);
    if (signal !== "SIGSTOP" && signal !== "SIGCONT") await this.#ended;
  }

  /** Asks it to end, and makes it where that does not help. */
  async end(): Promise<void> {
    if (this.#process === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGCONT");
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process?.kill("SIGKILL"), endLimitMs);
    await this.#ended;
    clearTimeout(late);
  }
}
