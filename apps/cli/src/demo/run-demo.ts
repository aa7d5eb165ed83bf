import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@godwit/client";
import type { Guest } from "@godwit/contract";
import { lockFolder, nodeArguments } from "@godwit/launch";
import { freePortsFrom } from "@godwit/orchestrator";
import { z } from "zod";
import { contextFile } from "../context.ts";
import { daemonScene } from "./daemons.ts";
import { demoHosts, demoLinkBytesPerSec } from "./hosts.ts";
import { machineScene } from "./machines.ts";
import { Running } from "./running.ts";
import type { Scene, Witness } from "./scene.ts";
import { Supervised } from "./supervised.ts";
import { tour } from "./tour.ts";

export interface DemoOptions {
  folder: string;
  port: number;
  /** A folder with QEMU, virtiofsd and a guest for them: the guests are virtual machines then. */
  qemu: string | undefined;
  show: (text: string) => void;
  signal: AbortSignal;
}

const ServerReady = z.object({
  url: z.string(),
  link: z.string(),
  adminTokenFile: z.string(),
  agentTokenFile: z.string(),
});

/** An orchestrator and two hosts on this machine, each a process of its own, with guests that are written to. Every start begins afresh. */
export async function runDemo({ folder, port, qemu, show, signal }: DemoOptions): Promise<void> {
  const data = resolve(folder);
  const scene = await sceneOf(data, qemu);
  await mkdir(data, { recursive: true, mode: 0o700 });
  await using _lock = await lockFolder(data);
  await beginAfresh(data);
  await using running = new Running();
  const start = async (name: string, args: string[]) => {
    const logFile = join(data, `${name}.log`);
    const { program, ready } = await Supervised.start(
      { name, arguments: [...godwit(), ...args, "--json"], logFile },
      show,
    );
    running.use(program);
    return ready;
  };

  const free = await freePortsFrom(["127.0.0.1"], port);
  if (free !== port) show(`Port ${port} is taken; ${free} is used instead.`);
  const server = ServerReady.parse(
    JSON.parse(await start("server", ["server", "--port", String(free), "--data", join(data, "server")])),
  );
  for (const host of demoHosts)
    await start(host.name, ["agent", ...agentOptions(data, host, server), ...scene.agentOptions]);
  const token = (await readFile(server.adminTokenFile, "utf8")).trim();
  const client = new Client({ server: server.url, token, signal });
  await connected(client);

  await scene.prepare();
  running.defer(async () => await removeGuests(server.url, token));
  const witnesses = new Map<string, Witness>();
  const created: Guest[] = [];
  for (const guest of scene.guests) created.push(await client.guests.create(guest));
  const watch = async (guest: Guest) => {
    const witness = await scene.watch(guest);
    if (witness === undefined) return;
    running.use(witness);
    witnesses.set(guest.name, witness);
  };
  await Promise.all(created.map(watch));
  await writeContext({ server: server.url, tokenFile: server.adminTokenFile });
  running.defer(async () => await rm(contextFile, { force: true }));

  show(welcome(server, data, scene));
  await tour(client, scene.stops, witnesses, show);
  const seen = await Promise.all(created.flatMap(({ name }) => witnesses.get(name)?.summary() ?? []));
  show(`${scene.seen}: ${seen.join("; ")}.`);
  show("The demo goes on until Ctrl-C.");
  await ended(signal);
  show("Stopping …");
}

async function sceneOf(data: string, qemu: string | undefined): Promise<Scene> {
  if (qemu !== undefined) return machineScene(data, resolve(qemu));
  const addresses = demoHosts.map((host) => host.serviceAddress);
  return daemonScene(data, await freePortsFrom(addresses, 7200, 3));
}

function agentOptions(data: string, host: (typeof demoHosts)[number], server: z.infer<typeof ServerReady>): string[] {
  const folder = join(data, host.name);
  const identity = ["--name", host.name, "--server", server.url, "--token-file", server.agentTokenFile];
  const places = [
    "--data",
    folder,
    "--directories",
    join(folder, "directories"),
    "--service-address",
    host.serviceAddress,
  ];
  return [...identity, ...places, "--link", String(demoLinkBytesPerSec)];
}

function welcome(server: z.infer<typeof ServerReady>, data: string, { guests, tries }: Scene): string {
  const lines = [
    ["Dashboard", server.link],
    ["API", `${server.url}/v1`],
    ["Token", server.adminTokenFile],
    ["Data", data],
    ["Agents", demoHosts.map((host) => host.name).join(", ")],
    ["Guests", `${guests.map(({ name }) => name).join(", ")} (on alpha)`],
  ];
  return [
    ...lines.map(([name = "", value = ""]) => `${name.padEnd(11)}${value}`),
    "",
    "To try, in another shell in this folder:",
    ...tries.map((each) => `  ${each}`),
    "",
  ].join("\n");
}

/** What an earlier demo has left is removed; a folder that holds anything else is not touched. */
async function beginAfresh(data: string): Promise<void> {
  for (const name of ["server", "shares", ...demoHosts.map((host) => host.name)])
    await rm(join(data, name), { recursive: true, force: true });
}

async function connected(client: Client): Promise<void> {
  for (;;) {
    const { items } = await client.hosts.list();
    if (items.filter((host) => host.state === "connected").length === demoHosts.length) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Ends the guests' processes; what cannot be asked any more is said by the agents' logs. */
async function removeGuests(server: string, token: string): Promise<void> {
  const client = new Client({ server, token, signal: AbortSignal.timeout(20_000) });
  for (const { id, migrationId } of (await client.guests.list()).items) {
    if (migrationId !== undefined) {
      await client.migrations.cancel(migrationId).catch(() => undefined);
      await client.waitForEnd(migrationId);
    }
    await client.guests.remove(id);
  }
}

async function writeContext(context: { server: string; tokenFile: string }): Promise<void> {
  await mkdir(".godwit", { recursive: true, mode: 0o700 });
  await writeFile(contextFile, `${JSON.stringify(context)}\n`, { mode: 0o600 });
}

function godwit(): string[] {
  return [...nodeArguments(), fileURLToPath(new URL("../main.ts", import.meta.url))];
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
