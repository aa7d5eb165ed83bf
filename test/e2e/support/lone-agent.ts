import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { processesOf } from "./processes.ts";
import { Program } from "./program.ts";

const Ready = z.object({ peerEndpoint: z.string() });

/** One agent as a program, of which a test is the orchestrator; its data folder outlives each of its runs. */
export class LoneAgent implements AsyncDisposable {
  readonly #server: string;
  readonly #folder: string;
  readonly #program: Program;
  endpoint = "";

  private constructor(server: string, folder: string) {
    this.#server = server;
    this.#folder = folder;
    this.#program = new Program("agent", this.log);
  }

  static async make(server: string): Promise<LoneAgent> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "godwit-lone-")));
    await writeFile(join(folder, "token"), "no token of anybody's");
    return new LoneAgent(server, folder);
  }

  get log(): string {
    return join(this.#folder, "agent.log");
  }

  get journal(): string {
    return join(this.#folder, "data", "journal");
  }

  /** Rejects with the code with which it ends where it does not start. */
  async start(name: string): Promise<void> {
    const places = ["--data", join(this.#folder, "data"), "--token-file", join(this.#folder, "token")];
    const said = await this.#program.start(["agent", "--name", name, "--server", this.#server, ...places, "--json"]);
    this.endpoint = Ready.parse(said).peerEndpoint;
  }

  async end(): Promise<void> {
    await this.#program.end();
  }

  /** Its devices go on without it, and are not wanted any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const { pid } of await processesOf(this.#folder)) process.kill(pid, "SIGKILL");
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
  }
}
