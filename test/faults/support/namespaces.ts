import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { HostOptions, LaunchOf } from "../../e2e/support/cluster.ts";
import type { Link, Party } from "./cells.ts";
import type { Links } from "./stage.ts";

/**
 * Two hosts, each in a network namespace of its own, and a hub where the orchestrator and the clients are, joined by veth(4) pairs: of
 * each host one to the orchestrator, one to the clients and one to the other host. All addresses are loopback ones, since plain TCP is
 * for those only; `route_localnet` lets them leave a namespace.
 */
export class Namespaces {
  readonly hub: string;
  readonly #prefix: string;

  /** Those that were made under this name, by whichever process. */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.hub = this.#of("hub");
  }

  static async make(): Promise<Namespaces> {
    await removeOrphans();
    const made = new Namespaces(`godwit-${process.pid}`);
    // Also where the tests are ended from outside.
    process.once("exit", () => made.removeAtExit());
    try {
      for (const name of ["hub", ...hostNames]) await made.#add(name);
      for (const [index, host] of hostNames.entries()) {
        const last = index + 2;
        await made.#join(["hub", `server-${host}`, "127.7.0.1"], [host, "server", `127.7.0.${last}`]);
        await made.#join(["hub", `clients-${host}`, "127.7.1.1"], [host, "clients", `127.7.1.${last}`]);
      }
      await made.#join(["alpha", "peer", "127.7.2.2"], ["beta", "peer", "127.7.2.3"]);
    } catch (error) {
      await made.remove();
      throw error;
    }
    return made;
  }

  /** With whatever still runs in them: it was started there by these tests. */
  async remove(): Promise<void> {
    for (const name of ["hub", ...hostNames]) {
      const pids = await ip("netns", "pids", this.#of(name)).catch(() => "");
      for (const pid of pids.split("\n").filter((line) => line !== "")) process.kill(Number(pid), "SIGKILL");
      await ip("netns", "delete", this.#of(name)).catch(() => undefined);
    }
  }

  removeAtExit(): void {
    for (const name of ["hub", ...hostNames]) {
      try {
        execFileSync("ip", ["netns", "delete", this.#of(name)], { stdio: "ignore" });
      } catch {
        // It is gone already.
      }
    }
  }

  readonly launch: LaunchOf = (program) =>
    program === "server"
      ? { options: ["--host", "127.7.0.1"] }
      : { within: ["ip", "netns", "exec", this.#of(program)] };

  readonly hosts: HostOptions[] = hostNames.map((name, index) => ({
    name,
    serviceAddress: `127.7.1.${index + 2}`,
    options: ["--listen", `127.7.2.${index + 2}:0`],
  }));

  readonly links: Links = {
    cut: (link, hosts) => [["ip", ...this.#set(link, hosts, "down")]],
    join: async (link, hosts) => void (await ip(...this.#set(link, hosts, "up"))),
  };

  #set(link: Link, hosts: Record<Party, string>, state: "up" | "down"): string[] {
    const ends = {
      "source to server": [hosts.source, "server"],
      "destination to server": [hosts.destination, "server"],
      "source to destination": [hosts.source, "peer"],
      "source to clients": [hosts.source, "clients"],
    } as const;
    const [host, device] = ends[link];
    return ["-n", this.#of(host), "link", "set", device, state];
  }

  async #add(name: string): Promise<void> {
    const namespace = this.#of(name);
    await ip("netns", "add", namespace);
    await ip("-n", namespace, "link", "set", "lo", "up");
    // Else all of 127.0.0.0/8 were here.
    await ip("-n", namespace, "addr", "del", "127.0.0.1/8", "dev", "lo");
    await ip("-n", namespace, "addr", "add", "127.0.0.1/32", "dev", "lo");
  }

  async #join(...ends: [[string, string, string], [string, string, string]]): Promise<void> {
    const [[here, device, address], [there, otherDevice, otherAddress]] = ends;
    const [one, other] = [this.#of(here), this.#of(there)];
    await ip("link", "add", device, "netns", one, "type", "veth", "peer", "name", otherDevice, "netns", other);
    for (const [namespace, name, own, peer] of [
      [one, device, address, otherAddress],
      [other, otherDevice, otherAddress, address],
    ] as const) {
      const setting = `net.ipv4.conf.${name}.route_localnet=1`;
      await ip("netns", "exec", namespace, "sysctl", "-q", "-w", setting);
      await ip("-n", namespace, "addr", "add", own, "peer", peer, "dev", name);
      await ip("-n", namespace, "link", "set", name, "up");
    }
  }

  #of(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  get prefix(): string {
    return this.#prefix;
  }
}

/** Those of a process that was killed before it could remove them. */
async function removeOrphans(): Promise<void> {
  for (const line of (await ip("netns", "list")).split("\n")) {
    const [, prefix, pid = ""] = /^(godwit-(\d+))-hub\b/.exec(line) ?? [];
    if (prefix !== undefined && !existsSync(`/proc/${pid}`)) await new Namespaces(prefix).remove();
  }
}

const hostNames = ["alpha", "beta"];

async function ip(...rest: string[]): Promise<string> {
  return (await promisify(execFile)("ip", rest)).stdout;
}
