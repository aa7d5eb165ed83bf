import { mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@godwit/client";
import type { Guest } from "@godwit/contract";
import { z } from "zod";
import { type Answer, type Ask, ask } from "./ask.ts";
import { processesOf } from "./processes.ts";
import { type Launch, Program } from "./program.ts";
import { until } from "./until.ts";

export interface HostOptions {
  name: string;
  /** Where its devices serve: each host has an address of its own. */
  serviceAddress: string;
  linkBytesPerSec?: number;
  capacityBytes?: number;
  slots?: number;
  /** Further options of `godwit agent`. */
  options?: string[];
}

/** The usual two hosts, with what they have in common. */
export function alphaAndBeta(both: Omit<HostOptions, "name" | "serviceAddress"> = {}): HostOptions[] {
  return [
    { name: "alpha", serviceAddress: "127.0.0.1", ...both },
    { name: "beta", serviceAddress: "127.0.0.2", ...both },
  ];
}

/** How each program is started, in which folder of the cluster's; `options` are further ones of its command. */
export type LaunchOf = (program: string, folder: string) => Launch & { options?: string[] };

const ServerReady = z.object({ url: z.string(), adminTokenFile: z.string(), agentTokenFile: z.string() });
const removalLimitMs = 60_000;

/** An orchestrator and its hosts, each in a process of its own, in a folder that is gone with them. */
export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly hosts: ReadonlyMap<string, HostOptions>;
  readonly #programs = new Map<string, Program>();
  readonly #launch: LaunchOf;
  #ready: { url: string; token: string; agentTokenFile: string } | undefined;

  private constructor(folder: string, hosts: HostOptions[], launch: LaunchOf) {
    this.folder = folder;
    this.#launch = launch;
    this.hosts = new Map(hosts.map((host) => [host.name, host]));
    for (const name of ["server", ...this.hosts.keys()])
      this.#programs.set(name, new Program(name, join(folder, `${name}.log`)));
  }

  /** Resolves when every agent is connected. */
  static async start(hosts: HostOptions[], launch: LaunchOf = () => ({})): Promise<Cluster> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "godwit-e2e-")));
    const cluster = new Cluster(folder, hosts, launch);
    try {
      await cluster.restart("server");
      await Promise.all(hosts.map(({ name }) => cluster.restart(name)));
      await cluster.connected();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get url(): string {
    return this.#known.url;
  }

  get token(): string {
    return this.#known.token;
  }

  get tokenFile(): string {
    return join(this.folder, "server", "token");
  }

  get agentTokenFile(): string {
    return this.#known.agentTokenFile;
  }

  get client(): Client {
    return new Client({ server: this.url, token: this.token });
  }

  /** A request as any program would make it. The admin's token is shown unless another header says otherwise. */
  async ask(method: string, path: string, request: Ask = {}): Promise<Answer> {
    return await ask(new URL(path, this.url), method, {
      ...request,
      headers: { authorization: `Bearer ${this.token}`, ...request.headers },
    });
  }

  host(name: string): HostOptions & { folder: string; directories: string } {
    const host = this.hosts.get(name);
    if (host === undefined) throw new Error(`There is no host ${name} in this test`);
    const folder = join(this.folder, name);
    return { ...host, folder, directories: join(folder, "directories") };
  }

  pid(name: string): number {
    return this.#program(name).pid;
  }

  async kill(name: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#program(name).kill(signal);
  }

  /** Resolves with its exit status once it has ended. */
  async ended(name: string): Promise<unknown> {
    return await this.#program(name).ended();
  }

  /** Starts a program that does not run; the orchestrator at the port that it had. */
  async restart(name: string): Promise<void> {
    const { options = [], ...launch } = this.#launch(name, this.folder);
    const command = [...(name === "server" ? this.#server() : this.#agent(name)), ...options, "--json"];
    const said = await this.#program(name).start(command, launch);
    if (name !== "server") return;
    const { url, adminTokenFile, agentTokenFile } = ServerReady.parse(said);
    this.#ready = { url, agentTokenFile, token: (await readFile(adminTokenFile, "utf8")).trim() };
  }

  /** Until the agents of these hosts, or of all, are connected. */
  async connected(names: string[] = [...this.hosts.keys()]): Promise<void> {
    await until(`the agents of ${names.join(", ")} are connected`, async () => {
      const { items } = await this.client.hosts.list({ limit: 200 });
      return names.every((name) => items.some((host) => host.name === name && host.state === "connected"));
    });
  }

  /** The devices' processes and services on a host. */
  async devicesOn(host: string): Promise<string[]> {
    const { folder } = this.host(host);
    const agent = this.#program(host).pid;
    return (await processesOf(folder)).filter(({ pid }) => pid !== agent).map(({ command }) => command);
  }

  /** Removes the guests, ends the programs, and expects that nothing of theirs is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const removed = await this.#removeGuests().then(
      () => true,
      () => false,
    );
    await Promise.all([...this.#programs.values()].map((program) => program.end()));
    const left = await processesOf(this.folder);
    for (const { pid } of left) process.kill(pid, "SIGKILL");
    if (process.env["GODWIT_KEEP"] === undefined)
      await rm(this.folder, { recursive: true, force: true, maxRetries: 3, retryDelay: 100 });
    if (removed && left.length > 0)
      throw new Error(`Processes were left behind: ${left.map(({ command }) => command).join("; ")}`);
    if (!removed) throw new Error(`The guests of ${this.folder} could not be removed`);
  }

  async #removeGuests(): Promise<void> {
    if (this.#ready === undefined) return;
    const client = new Client({ server: this.url, token: this.token, signal: AbortSignal.timeout(removalLimitMs) });
    const remove = async ({ id, migrationId }: Guest): Promise<void> => {
      if (migrationId !== undefined) {
        await client.migrations.cancel(migrationId).catch(() => undefined);
        await client.waitForEnd(migrationId);
      }
      await client.guests.remove(id);
    };
    await Promise.all((await client.guests.list({ limit: 200 })).items.map(remove));
  }

  get #known(): { url: string; token: string; agentTokenFile: string } {
    if (this.#ready === undefined) throw new Error("The orchestrator has not started");
    return this.#ready;
  }

  #program(name: string): Program {
    const program = this.#programs.get(name);
    if (program === undefined) throw new Error(`There is no program ${name} in this test`);
    return program;
  }

  #server(): string[] {
    const port = this.#ready === undefined ? "0" : new URL(this.#ready.url).port;
    return ["server", "--port", port, "--data", join(this.folder, "server")];
  }

  #agent(name: string): string[] {
    const {
      serviceAddress,
      folder,
      directories,
      linkBytesPerSec,
      capacityBytes,
      slots,
      options = [],
    } = this.host(name);
    const figures = { link: linkBytesPerSec, capacity: capacityBytes, outgoing: slots, incoming: slots };
    const given = Object.entries(figures).flatMap(([option, value]) =>
      value === undefined ? [] : [`--${option}`, String(value)],
    );
    const identity = ["--name", name, "--server", this.url, "--token-file", this.agentTokenFile];
    const places = ["--data", folder, "--directories", directories, "--service-address", serviceAddress];
    return ["agent", ...identity, ...places, ...given, ...options];
  }
}
