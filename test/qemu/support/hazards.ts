import { join } from "node:path";
import type { Guest, Migration } from "@godwit/contract";
import { isRunning, placesIn, processIn, Qmp, sharePlacesIn } from "@godwit/qemu";
import { expect } from "vitest";
import { orderFileOf } from "../../e2e/support/mortal.ts";
import { SlowLink } from "../../e2e/support/slow-link.ts";
import { until } from "../../e2e/support/until.ts";
import { give, strikeVariable } from "../../faults/support/order.ts";
import { freePort } from "../../support/ports.ts";
import { Machines } from "./machines.ts";
import { askedSocket, type Pretence, PretendedQemu } from "./pretended-qemu.ts";

export const hosts = ["alpha", "beta"] as const;
export type HostName = (typeof hosts)[number];
export type Part = "QEMU" | "virtiofsd" | "agent";

const strike = new URL("../../faults/support/strike.ts", import.meta.url).href;
const askLimitMs = 5_000;

/**
 * Two hosts between which a link can be slow or dead, whose agents can be struck at any of their edges, and whose QEMUs can be asked by
 * the tests themselves.
 */
export class Hazards implements AsyncDisposable {
  readonly machines: Machines;
  readonly link: SlowLink;
  readonly #qemus: Record<HostName, PretendedQemu>;

  private constructor(machines: Machines, link: SlowLink, qemus: Record<HostName, PretendedQemu>) {
    this.machines = machines;
    this.link = link;
    this.#qemus = qemus;
  }

  static async start(): Promise<Hazards> {
    const [link, alpha, beta] = await Promise.all([SlowLink.start(), PretendedQemu.make(), PretendedQemu.make()]);
    link.targetPort = await freePort();
    await Promise.all([alpha, beta].map((qemu) => qemu.pretend({ isAsked: true })));
    const behindLink = ["--listen", `127.0.0.1:${link.targetPort}`, "--advertise", link.endpoint];
    const machines = await Machines.start({}, { alpha: alpha.folder, beta: beta.folder }, (program, folder) => ({
      nodeArguments: ["--import", strike],
      environment: { [strikeVariable]: orderFileOf(folder, program) },
      ...(program === "alpha" && { options: behindLink }),
    }));
    return new Hazards(machines, link, { alpha, beta });
  }

  async pretend(host: HostName, pretence: Pretence): Promise<void> {
    await this.#qemus[host].pretend({ isAsked: true, ...pretence });
  }

  /** At that edge of a host's agent something happens; the agent goes no further meanwhile. */
  async order(at: HostName, edge: string, commands: string[][], killed: number[] = []): Promise<void> {
    const signals = killed.map((pid) => ({ pid, signal: "SIGKILL" as const }));
    await give(orderFileOf(this.machines.cluster.folder, at), { edge, commands, signals });
  }

  /** What kills a part of a guest on a host, wherever it has got to by then. */
  deathOf(guest: Guest, host: HostName, part: Part): { commands: string[][]; killed: number[] } {
    if (part === "agent") return { commands: [], killed: [this.machines.cluster.pid(host)] };
    return { commands: [["sh", "-c", `kill -9 $(cat "${this.#pidFileOf(guest, host, part)}")`]], killed: [] };
  }

  async kill(guest: Guest, host: HostName, part: Part): Promise<void> {
    if (part === "agent") return await this.machines.cluster.kill(host);
    const folder = this.machines.folderOf(guest, host, part === "QEMU" ? "machine" : "files");
    const mark = part === "QEMU" ? placesIn(folder).qmp : sharePlacesIn(folder).socket;
    const found = await processIn(this.#pidFileOf(guest, host, part), mark);
    if (found === undefined) throw new Error(`${guest.name} has no ${part} on ${host}`);
    process.kill(found.pid, "SIGKILL");
  }

  /** Asks the QEMU itself, over a monitor of its own; undefined where there is none. */
  async isRunningOn(guest: Guest, host: HostName, limitMs = askLimitMs): Promise<boolean | undefined> {
    const path = join(this.machines.folderOf(guest, host), askedSocket);
    const asked = await Qmp.connect(path, { deadlineMs: limitMs }).catch((error: unknown) => {
      if (isNobody(error)) return undefined;
      throw error;
    });
    if (asked === undefined) return undefined;
    using qmp = asked;
    return await isRunning(qmp).catch((error: unknown) => {
      if (isNobody(error)) return undefined;
      throw error;
    });
  }

  /** Those of both QEMUs that say that the guest runs there. */
  async runners(guest: Guest): Promise<HostName[]> {
    const asked = await Promise.all(
      hosts.map(async (host) => ((await this.isRunningOn(guest, host)) === true ? [host] : [])),
    );
    return asked.flat();
  }

  /** It settles so that just this host runs it, or none, and the API says so. */
  async settles(guest: Guest, on: HostName | undefined): Promise<void> {
    const { cluster } = this.machines;
    await until(`${guest.name} is settled on ${on ?? "no host"}`, async () => {
      expect(await this.runners(guest)).toEqual(on === undefined ? [] : [on]);
      const { state, host } = await cluster.client.guests.get(guest.id);
      expect(on === undefined ? [state] : [state, host]).toEqual(on === undefined ? ["lost"] : ["running", on]);
      return true;
    });
  }

  async begin(guest: Guest, limits: Record<string, unknown> = {}): Promise<string> {
    const all = { deadlineMs: 300_000, patience: "untilDeadline" as const, ...limits };
    return (await this.machines.cluster.client.migrations.create({ guest: guest.id, destination: "beta", limits: all }))
      .id;
  }

  async ended(id: string): Promise<Migration> {
    return await until(
      "the migration has ended",
      async () => {
        const migration = await this.machines.cluster.client.migrations.get(id);
        return migration.endedAt !== undefined && migration;
      },
      90_000,
    );
  }

  async isSending(id: string): Promise<void> {
    const { phase, reason } = await until("it is on its way, or has ended", async () => {
      const migration = await this.machines.cluster.client.migrations.get(id);
      const isSending = migration.devices.some(({ sentBytes }) => sentBytes > 1_000_000);
      return (isSending || migration.endedAt !== undefined) && migration;
    });
    expect(`${phase}: ${reason?.sentence ?? "nothing is said against it"}`).toMatch(/^precopy/);
  }

  /** An agent that was killed is there again. */
  async revive(host: HostName): Promise<void> {
    const { cluster } = this.machines;
    await cluster.ended(host);
    await cluster.restart(host);
    await cluster.connected();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.dead = false;
    await this.machines[Symbol.asyncDispose]();
    await this.link[Symbol.asyncDispose]();
    await Promise.all(Object.values(this.#qemus).map((qemu) => qemu[Symbol.asyncDispose]()));
  }

  #pidFileOf(guest: Guest, host: HostName, part: Part): string {
    return part === "QEMU"
      ? placesIn(this.machines.folderOf(guest, host)).pidFile
      : sharePlacesIn(this.machines.folderOf(guest, host, "files")).pidFile;
  }
}

function isNobody(error: unknown): boolean {
  return error instanceof Error && "kind" in error && error.kind === "closed";
}
