import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";

const killAfterMs = 10_000;

export interface ChildOptions {
  name: string;
  arguments: string[];
  logFile: string;
}

/** A program of the demo's in a process of its own: JSON lines on its stdout, its log in a file. */
export class Child implements AsyncDisposable {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  #lastLine = "";
  /** Resolves when it has ended, with a sentence on how. */
  readonly ended: Promise<string>;

  constructor({ name, arguments: args, logFile }: ChildOptions) {
    this.name = name;
    const log = openSync(logFile, "a", 0o600);
    const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", log], detached: true });
    closeSync(log);
    if (child.stdout === null) throw new Error(`${name} has no output`);
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on("line", (line) => (this.#lastLine = line));
    this.ended = once(this.#process, "exit").then(
      ([code, signal]: unknown[]) => `${name} ended with ${String(signal ?? code)}; its log is ${logFile}`,
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The first line that it prints; rejects when it ends before. */
  async firstLine(): Promise<string> {
    const early = this.ended.then((how) => {
      throw new Error(how);
    });
    return await Promise.race([once(this.#lines, "line").then(([line]: unknown[]) => String(line)), early]);
  }

  /** What it printed last. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /** Asks it to end, and after a while makes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), killAfterMs);
    await this.ended;
    clearTimeout(timer);
  }
}
