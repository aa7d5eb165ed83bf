import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DeviceContext } from "@godwit/backend";
import { runCommand } from "./command.ts";
import type { DirectoryConfig } from "./config.ts";
import type { Places } from "./places.ts";
import { forgetState, readState, writeState } from "./state.ts";

/** How long the user's commands took when they last ran here, in ms. */
export interface CommandTimes {
  quiesceMs?: number;
  resumeMs?: number;
}

/** What a command that never ran is taken to need. */
const firstGuessMs = 200;

/** The user's service on the tree, started and stopped by the user's own commands. */
export class Service {
  readonly #ctx: DeviceContext<DirectoryConfig>;
  readonly #places: Places;
  readonly #times: CommandTimes;

  constructor(ctx: DeviceContext<DirectoryConfig>, places: Places, times: CommandTimes) {
    this.#ctx = ctx;
    this.#places = places;
    this.#times = times;
  }

  get fixedMs(): number {
    const { quiesce, resume } = this.#ctx.config;
    const quiesceMs = quiesce === undefined ? 0 : (this.#times.quiesceMs ?? firstGuessMs);
    return quiesceMs + (resume === undefined ? 0 : (this.#times.resumeMs ?? firstGuessMs));
  }

  async start(signal?: AbortSignal): Promise<void> {
    await this.#run("resume", signal);
    await writeState(this.#ctx.dataFolder, "serving");
  }

  async stop(signal?: AbortSignal): Promise<void> {
    await writeState(this.#ctx.dataFolder, "stopped");
    await this.#run("quiesce", signal);
  }

  /** Starts the service unless the agent has started it since the machine booted. */
  async startIfDown(): Promise<void> {
    if ((await readState(this.#ctx.dataFolder)) !== "serving") await this.start();
  }

  /** After a start that failed: as much of the service as came up goes down, and this host no longer has the device. */
  async standStill(): Promise<void> {
    // The service is not up, so that stopping it may well fail; the error that matters is the start's.
    await this.#run("quiesce").catch(() => undefined);
    await this.forget();
  }

  async forget(): Promise<void> {
    await forgetState(this.#ctx.dataFolder);
  }

  async #run(name: "quiesce" | "resume", signal?: AbortSignal): Promise<void> {
    const { config, guest, device, host, dataFolder } = this.#ctx;
    const shell = config[name];
    if (shell === undefined) return;
    const { path } = this.#places;
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    const env = { GODWIT_GUEST: guest.name, GODWIT_DEVICE: device, GODWIT_DIRECTORY: path, GODWIT_HOST: host };
    const cwd = lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : dirname(path);
    const logFile = join(dataFolder, `${name}.log`);
    const timeoutMs = config.commandTimeoutMs;
    this.#times[`${name}Ms`] = await runCommand({ name, shell, cwd, env, timeoutMs, logFile }, signal);
  }
}
