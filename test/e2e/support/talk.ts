import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { godwit } from "./program.ts";
import { until } from "./until.ts";

/** A command of `godwit` that goes on and tells people what it does, in a process of its own. Disposing ends it. */
export class Talk implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = "";

  /** @param folder in which it works */
  constructor(words: string[], folder: string) {
    const child = spawn(process.execPath, godwit(words), { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    this.#ended = once(child, "close");
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => (this.#said += text.toString()));
  }

  /** All of it so far, on both of its outputs. */
  get said(): string {
    return this.#said;
  }

  /** Waits until it has said something like this. @returns what the first group, or all of the pattern, stands for */
  async hear(pattern: RegExp, limitMs: number): Promise<string> {
    const hasEnded = () => this.#process.exitCode !== null || this.#process.signalCode !== null;
    await until(`${pattern} is said`, () => pattern.test(this.#said) || hasEnded(), limitMs);
    const [whole, group] = pattern.exec(this.#said) ?? [];
    if (whole === undefined) throw new Error(`It has ended, and said:\n${this.#said}`);
    return group ?? whole;
  }

  /** Its exit status, once it has ended. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#process.exitCode;
  }

  /** As Ctrl-C does, once. */
  async interrupt(): Promise<number | null> {
    this.#process.kill("SIGINT");
    return await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.interrupt();
  }
}
