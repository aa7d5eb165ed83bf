import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeArguments } from "@godwit/launch";
import { Namespaces } from "./namespaces.ts";
import type { Ending } from "./stage.ts";

const main = fileURLToPath(new URL("./play-apart.ts", import.meta.url));

/** The cells with cut links, played in namespaces that are gone in the end, whatever comes of it. */
export class Apart implements AsyncDisposable {
  readonly #namespaces: Namespaces;
  readonly #program: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(namespaces: Namespaces, program: ChildProcess, lines: AsyncIterator<string>) {
    this.#namespaces = namespaces;
    this.#program = program;
    this.#lines = lines;
  }

  /** @param ip the program of that name */
  static async start(ip: string): Promise<Apart> {
    const namespaces = await Namespaces.make();
    const inHub = ["netns", "exec", namespaces.hub, process.execPath, ...nodeArguments(), main, namespaces.prefix];
    const program = spawn(ip, inHub, { stdio: ["ignore", "pipe", "inherit"] });
    return new Apart(namespaces, program, createInterface({ input: program.stdout })[Symbol.asyncIterator]());
  }

  /** What came of a cell; rejects with what went wrong in it. All are played in their order, those that nobody asks for as well. */
  async endingOf(title: string): Promise<Ending> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) throw new Error("The program in the hub has ended before its time");
      const said: unknown = JSON.parse(value);
      if (!isOf(said, title)) continue;
      if (isEnding(said)) return said;
      throw new Error(`It went wrong in the hub: ${value}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Once it has told of every cell it clears its stage away; who has not waited for all of them does not wait for that.
    const late = setTimeout(() => this.#program.kill("SIGKILL"), endLimitMs);
    if (this.#program.exitCode === null && this.#program.signalCode === null) await once(this.#program, "exit");
    clearTimeout(late);
    await this.#namespaces.remove();
  }
}

const endLimitMs = 20_000;

function isOf(said: unknown, title: string): boolean {
  return typeof said === "object" && said !== null && "title" in said && said.title === title;
}

function isEnding(said: unknown): said is Ending {
  return typeof said === "object" && said !== null && "picture" in said;
}
