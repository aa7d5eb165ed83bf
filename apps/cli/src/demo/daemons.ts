import { randomBytes } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeArguments } from "@godwit/launch";
import { z } from "zod";
import { Child } from "./child.ts";
import { demoHosts } from "./hosts.ts";
import type { Scene, Witness } from "./scene.ts";

const MiB = 1024 * 1024;

/**
 * Four daemons: `calm` writes little, `busy` nearly as much as the link carries, `hopeless` more than that; `files` is a service with a
 * folder. They move from alpha to beta, each as far as it can.
 *
 * @param data the demo's folder
 * @param firstPort of three that are free at every host's address
 */
export function daemonScene(data: string, firstPort: number): Scene {
  const { guests, loads } = demoGuests(firstPort);
  return {
    guests,
    agentOptions: [],
    prepare: async () => await makeFiles(join(data, "alpha", "directories")),
    async watch({ name }) {
      const load = loads.find(({ guest }) => guest === name);
      return load === undefined ? undefined : await startClients(load, data);
    },
    // Stopping and starting a service by commands takes longer than the usual limit of 300 ms.
    stops: [
      { guest: "calm", to: "beta" },
      { guest: "files", to: "beta", limits: { downtimeLimitMs: 1_500 } },
      { guest: "hopeless", to: "beta" },
    ],
    tries: [
      "npx godwit migrate busy --to beta --watch",
      "npx godwit migrate hopeless --to beta --downtime-limit 5000 --watch",
      "npx godwit plan calm --to alpha",
    ],
    seen: "The guests' clients, which wrote all the while",
  };
}

/** How a demo guest is written to: by real clients, over TCP. */
interface DemoLoad {
  guest: string;
  port: number;
  keys: number;
  writesPerSecond: number;
}

function demoGuests(firstPort: number): { guests: Scene["guests"]; loads: DemoLoad[] } {
  const [calm, busy, hopeless] = [firstPort, firstPort + 1, firstPort + 2];
  const memory = (name: string, sizeBytes: number, port: number) => ({
    name,
    host: "alpha",
    devices: [{ name: "ram", kind: "memory", config: { sizeBytes, port } }],
  });
  const files = {
    name: "files",
    host: "alpha",
    devices: [
      {
        name: "data",
        kind: "directory",
        config: { path: "files", quiesce: "kill $(cat writer.pid)", resume: startWriter },
      },
    ],
  };
  return {
    guests: [
      memory("calm", 64 * MiB, calm),
      memory("busy", 256 * MiB, busy),
      memory("hopeless", 128 * MiB, hopeless),
      files,
    ],
    loads: [
      { guest: "calm", port: calm, keys: 20_000, writesPerSecond: 300 },
      { guest: "busy", port: busy, keys: 60_000, writesPerSecond: 6_000 },
      { guest: "hopeless", port: hopeless, keys: 60_000, writesPerSecond: 24_000 },
    ],
  };
}

/** The service of `files`: appends a line to its journal ten times a second, until it is told to end. */
const startWriter = `sh -c 'while :; do date +%s.%N >> journal.log; sleep 0.1; done' >/dev/null 2>&1 & echo $! > writer.pid`;

/** Something to move for `files`, where alpha's agent looks for it. */
async function makeFiles(root: string): Promise<void> {
  const folder = join(root, "files");
  await mkdir(join(folder, "archive"), { recursive: true });
  for (let index = 0; index < 200; index += 1) {
    await writeFile(
      join(folder, "archive", `page-${index}.txt`),
      `page ${index}\n${randomBytes(12_000).toString("base64")}\n`,
    );
  }
  await writeFile(join(folder, "volume.img"), randomBytes(60 * MiB));
  await symlink("volume.img", join(folder, "current"));
}

const Faults = z.object({ acknowledged: z.number(), lost: z.number(), stale: z.number() });

/** Real clients of a guest, over TCP. Resolves when they have written every key once. */
async function startClients({ guest, port, keys, writesPerSecond }: DemoLoad, data: string): Promise<Witness> {
  const program = fileURLToPath(import.meta.resolve("@godwit/agent/load"));
  const endpoints = demoHosts.map((host) => `${host.serviceAddress}:${port}`).join(",");
  const figures = ["--keys", String(keys), "--writes-per-second", String(writesPerSecond), "--fill"];
  const child = new Child({
    name: guest,
    arguments: [...nodeArguments(), program, "--endpoints", endpoints, ...figures],
    logFile: join(data, `clients-of-${guest}.log`),
  });
  await child.firstLine();
  return {
    async summary() {
      const { acknowledged, lost, stale } = Faults.parse(JSON.parse(child.lastLine));
      return `${guest} ${acknowledged} writes, ${lost} lost, ${stale} stale`;
    },
    [Symbol.asyncDispose]: async () => await child[Symbol.asyncDispose](),
  };
}
