import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { type LoadHandle, startLoad } from "@godwit/agent/load";
import type { Migration } from "@godwit/contract";
import { orderFileOf } from "../../e2e/support/mortal.ts";
import { Cluster, type HostOptions, type LaunchOf } from "../../e2e/support/cluster.ts";
import { type Picture, pictureOf, settledOn, untilEnded } from "../../e2e/support/settled.ts";
import { until } from "../../e2e/support/until.ts";
import { freePort } from "../../support/ports.ts";
import type { Cell, Link, Party } from "./cells.ts";
import { give, strikeVariable } from "./order.ts";
import { type WriteWatch, watchWrites } from "./write-watch.ts";

const strike = new URL("./strike.ts", import.meta.url).href;
const clearAwayLimitMs = 10_000;
const endLimitMs = 60_000;
const lookLimitMs = 1_000;
/** Ten times as long is how long a switchover is waited for. */
const limits = { downtimeLimitMs: 1_500 };
const sizeBytes = 4 * 1024 * 1024;
const keys = 3_000;

/** What came of a cell, as it was seen from outside. */
export interface Ending {
  phase: Migration["phase"];
  code: string | undefined;
  /** The host that must have the guest, by how the migration ended. */
  serving: Extract<Party, "source" | "destination">;
  seconds: number;
  picture: Picture;
  /** What the picture has to be. */
  settled: Picture;
  faults: { lost: number; stale: number; corrupt: number };
  /** Which side accepted writes, in order. */
  turns: string[];
  /** As clients saw it. */
  longestGapMs: number;
}

/** The commands that cut a link and join it again, by the hosts that are source and destination just now. */
export interface Links {
  cut: (link: Link, hosts: Record<Party, string>) => string[][];
  join: (link: Link, hosts: Record<Party, string>) => Promise<void>;
}

export interface StageOptions {
  launch?: LaunchOf;
  links?: Links;
  /** Of the guest, where no free one can be looked for from here. */
  port?: number;
}

/** A cluster whose programs strike when told to, and a guest that is written to through all the cells. */
export class Stage implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #guest: { name: string; port: number };
  readonly #load: LoadHandle;
  readonly #watch: WriteWatch;
  readonly #links: Links | undefined;

  private constructor(cluster: Cluster, port: number, links: Links | undefined) {
    this.#cluster = cluster;
    this.#guest = { name: "web", port };
    this.#links = links;
    const endpoints = [...cluster.hosts.values()].map(({ serviceAddress }) => `${serviceAddress}:${port}`);
    this.#load = startLoad({ endpoints, keys, writesPerSecond: 200 });
    this.#watch = watchWrites(endpoints);
  }

  static async start(hosts: HostOptions[], { launch, links, port: given }: StageOptions = {}): Promise<Stage> {
    const cluster = await Cluster.start(hosts, (program, folder) => {
      const { environment, ...more } = launch?.(program, folder) ?? {};
      const striking = { [strikeVariable]: orderFileOf(folder, program) };
      return { ...more, nodeArguments: ["--import", strike], environment: { ...environment, ...striking } };
    });
    try {
      const port = given ?? (await freePort(hosts.map(({ serviceAddress }) => serviceAddress)));
      const devices = [{ name: "ram", kind: "memory", config: { sizeBytes, port } }];
      await cluster.client.guests.create({ name: "web", host: "alpha", devices });
      const stage = new Stage(cluster, port, links);
      await stage.#load.fill();
      return stage;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One migration with one fault in it, until all is settled. */
  async play(cell: Cell): Promise<Ending> {
    const { client } = this.#cluster;
    const { host } = await client.guests.get("web");
    const hosts: Record<Party, string> = {
      server: "server",
      source: host,
      destination: host === "alpha" ? "beta" : "alpha",
    };
    this.#watch.take();
    const from = performance.now();
    const orderFile = await this.#giveOrder(cell, hosts);
    const { id } = await client.migrations.create({ guest: "web", destination: hosts.destination, limits });
    await this.#struck(cell, orderFile, id);
    await this.#mend(cell, hosts, id);
    const { phase, reason } = await untilEnded(this.#cluster.client, id);
    const serving = phase === "completed" ? "destination" : "source";
    const picture = await this.#settled(hosts[serving]);
    const seconds = (performance.now() - from) / 1000;
    const { lost, stale, corrupt } = await this.#load.verifyAll();
    const { turns, longestGapMs } = this.#watch.take();
    return {
      phase,
      code: reason?.code,
      serving,
      seconds,
      picture,
      settled: settledOn(hosts[serving], picture.epoch),
      faults: { lost, stale, corrupt },
      turns: turns.map((endpoint) => this.#sideOf(endpoint, hosts)),
      longestGapMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch[Symbol.asyncDispose]();
    await this.#load[Symbol.asyncDispose]();
    for (const name of ["server", ...this.#cluster.hosts.keys()]) await this.#cluster.kill(name, "SIGCONT");
    await this.#cluster[Symbol.asyncDispose]();
  }

  /** Who is at the edge is struck last, since its own blow is the end of its say. */
  async #giveOrder({ step, blows, cut }: Cell, hosts: Record<Party, string>): Promise<string> {
    const struck = parties.filter((party) => blows[party] !== undefined && party !== step.of);
    const signals = [...struck, ...(blows[step.of] === undefined ? [] : [step.of])].map((party) => ({
      pid: this.#cluster.pid(hosts[party]),
      signal: blows[party] === "killed" ? ("SIGKILL" as const) : ("SIGSTOP" as const),
    }));
    const commands = cut.flatMap((link) => this.#links?.cut(link, hosts) ?? []);
    const file = orderFileOf(this.#cluster.folder, hosts[step.of]);
    await give(file, { edge: step.edge, commands, signals });
    return file;
  }

  /** A migration that has ended, and been cleared away after, has not come by the step at all. */
  async #struck({ step }: Cell, orderFile: string, id: string): Promise<void> {
    let endedFrom: number | undefined;
    const struck = await until(
      `${step.of} has come to "${step.edge}"`,
      async () => {
        if (existsSync(`${orderFile}.struck`)) return { reason: undefined };
        // A server that has been struck meanwhile may not answer for as long as it is paused.
        const asked = this.#cluster.client.migrations.get(id).catch(() => undefined);
        const migration = await Promise.race([asked, setTimeout(lookLimitMs, undefined)]);
        if (migration?.endedAt === undefined) return undefined;
        endedFrom ??= performance.now();
        return performance.now() - endedFrom < clearAwayLimitMs ? undefined : { reason: migration.reason };
      },
      endLimitMs,
    );
    if (struck.reason !== undefined) throw new Error(`It ended before "${step.edge}": ${struck.reason.sentence}`);
    await rm(`${orderFile}.struck`);
  }

  /** Who was killed is started again first: who is only paused wakes to find that the others have moved on. */
  async #mend({ blows, cut, holdMs, needless }: Cell, hosts: Record<Party, string>, id: string): Promise<void> {
    const [killed, paused] = [by("killed"), by("paused")];
    if (needless) await until("the guest has moved", () => this.#serves(hosts.destination));
    for (const name of killed) {
      // It has been, or is about to be: this waits for its end.
      await this.#cluster.kill(name);
      await this.#cluster.restart(name);
    }
    if (holdMs === "untilEnded") await untilEnded(this.#cluster.client, id);
    else if (paused.length + cut.length > 0) await setTimeout(holdMs);
    for (const name of paused) await this.#cluster.kill(name, "SIGCONT");
    for (const link of cut) await this.#links?.join(link, hosts);
    await this.#cluster.connected();

    function by(blow: "killed" | "paused"): string[] {
      return parties.filter((party) => blows[party] === blow).map((party) => hosts[party]);
    }
  }

  /** The picture once it is as it should be; the last one where that does not come about in time. */
  async #settled(host: string): Promise<Picture> {
    let picture: Picture | undefined;
    try {
      return await until("all is settled", async () => {
        picture = await pictureOf(this.#cluster, this.#guest);
        return JSON.stringify(picture) === JSON.stringify(settledOn(host, picture.epoch)) ? picture : undefined;
      });
    } catch (error) {
      if (picture === undefined) throw error;
      return picture;
    }
  }

  #serves(host: string): boolean {
    return this.#watch.serving?.startsWith(`${this.#cluster.host(host).serviceAddress}:`) === true;
  }

  #sideOf(endpoint: string, hosts: Record<Party, string>): string {
    const { serviceAddress } = this.#cluster.host(hosts.source);
    return endpoint.startsWith(`${serviceAddress}:`) ? "source" : "destination";
  }
}

const parties: Party[] = ["server", "source", "destination"];
