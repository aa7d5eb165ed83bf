import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "@godwit/client";
import { lockFolder, nodeArguments } from "@godwit/launch";
import { freePortsFrom } from "@godwit/orchestrator";
import { z } from "zod";
import { contextFile } from "../context.ts";
import { Child } from "./child.ts";
import { demoGuests, demoHosts, demoLinkBytesPerSec, type DemoLoad, makeFiles } from "./guests.ts";
import { Running } from "./running.ts";
import { Supervised } from "./supervised.ts";
import { tour } from "./tour.ts";

export interface DemoOptions {
  folder: string;
  port: number;
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
export async function runDemo({ folder, port, show, signal }: DemoOptions): Promise<void> {
  const data = resolve(folder);
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
  for (const host of demoHosts) await start(host.name, ["agent", ...agentOptions(data, host, server)]);
  const token = (await readFile(server.adminTokenFile, "utf8")).trim();
  const client = new Client({ server: server.url, token, signal });
  await connected(client);

  const { guests, loads } = demoGuests(
    await freePortsFrom(
      demoHosts.map((host) => host.serviceAddress),
      7200,
      3,
    ),
  );
  await makeFiles(join(data, "alpha", "directories"));
  running.defer(async () => await removeGuests(server.url, token));
  for (const guest of guests) await client.guests.create(guest);
  const clients = await Promise.all(loads.map((load) => startClients(load, data)));
  for (const each of clients) running.use(each);
  await writeContext({ server: server.url, tokenFile: server.adminTokenFile });
  running.defer(async () => await rm(contextFile, { force: true }));

  show(welcome(server, data));
  await tour(client, show);
  show(`The guests' clients, which wrote all the while: ${clients.map(faultsOf).join("; ")}.`);
  show("The demo goes on until Ctrl-C.");
  await ended(signal);
  show("Stopping …");
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

const Faults = z.object({ acknowledged: z.number(), lost: z.number(), stale: z.number() });

/** Real clients of a guest, over TCP. Resolves when they have written every key once. */
async function startClients({ guest, port, keys, writesPerSecond }: DemoLoad, data: string): Promise<Child> {
  const program = fileURLToPath(import.meta.resolve("@godwit/agent/load"));
  const endpoints = demoHosts.map((host) => `${host.serviceAddress}:${port}`).join(",");
  const figures = ["--keys", String(keys), "--writes-per-second", String(writesPerSecond), "--fill"];
  const child = new Child({
    name: guest,
    arguments: [...nodeArguments(), program, "--endpoints", endpoints, ...figures],
    logFile: join(data, `clients-of-${guest}.log`),
  });
  await child.firstLine();
  return child;
}

function faultsOf(clients: Child): string {
  const { acknowledged, lost, stale } = Faults.parse(JSON.parse(clients.lastLine));
  return `${clients.name} ${acknowledged} writes, ${lost} lost, ${stale} stale`;
}

function welcome(server: z.infer<typeof ServerReady>, data: string): string {
  const lines = [
    ["Dashboard", server.link],
    ["API", `${server.url}/v1`],
    ["Token", server.adminTokenFile],
    ["Data", data],
    ["Agents", demoHosts.map((host) => host.name).join(", ")],
    ["Guests", "calm, busy, hopeless, files (on alpha)"],
  ];
  const tries = [
    "npx godwit migrate busy --to beta --watch",
    "npx godwit migrate hopeless --to beta --downtime-limit 5000 --watch",
    "npx godwit plan calm --to alpha",
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
  for (const name of ["server", ...demoHosts.map((host) => host.name)])
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
