import { randomBytes } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CreateGuest } from "@godwit/contract";
import type { z } from "zod";

const MiB = 1024 * 1024;

/** How a demo guest is written to: by real clients, over TCP. */
export interface DemoLoad {
  guest: string;
  port: number;
  keys: number;
  writesPerSecond: number;
}

export const demoHosts = [
  { name: "alpha", serviceAddress: "127.0.0.1" },
  { name: "beta", serviceAddress: "127.0.0.2" },
] as const;

/** The link of the demo's hosts: slow enough that what a guest writes matters. */
export const demoLinkBytesPerSec = 30_000_000;

/** `calm` writes little, `busy` nearly as much as the link carries, `hopeless` more than that; `files` is a service with a folder. */
export function demoGuests(firstPort: number): { guests: z.input<typeof CreateGuest>[]; loads: DemoLoad[] } {
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
export async function makeFiles(root: string): Promise<void> {
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
