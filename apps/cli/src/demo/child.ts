import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createInterface } from "node:readline";

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
  /** Resolves when it has ended, with a sentence on how. */
  readonly ended: Promise<string>;

  constructor({ name, arguments: args, logFile }: ChildOptions) {
    this.name = name;
    this.#process = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", openSync(logFile, "a", 0o600)],
      detached: true,
    });
    this.ended = once(this.#process, "exit").then(
      ([code, signal]: unknown[]) => `${name} ended with ${String(signal ?? code)}; its log is ${logFile}`,
    );
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The first line that it prints; rejects when it ends before. */
  async firstLine(): Promise<string> {
    const { stdout } = this.#process;
    if (stdout === null) throw new Error(`${this.name} has no output`);
    const lines = createInterface({ input: stdout });
    const early = this.ended.then((how) => {
      throw new Error(how);
    });
    return await Promise.race([once(lines, "line").then(([line]: unknown[]) => String(line)), early]);
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
