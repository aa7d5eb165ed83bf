import { startLoad } from "@godwit/agent/load";
import type { Guest } from "@godwit/contract";
import type { Cluster } from "./cluster.ts";
import { freePort } from "../../support/ports.ts";
import { until } from "./until.ts";

export const MiB = 1024 * 1024;

export interface MemoryGuest extends Guest {
  port: number;
  /** Where it serves on each host of the test. */
  endpoints: string[];
}

/** A guest with one `memory` device, at a port that is free on every host. */
export async function memoryGuest(
  cluster: Cluster,
  { name, host = "alpha", sizeBytes = 4 * MiB }: { name: string; host?: string; sizeBytes?: number },
): Promise<MemoryGuest> {
  const addresses = [...cluster.hosts.values()].map(({ serviceAddress }) => serviceAddress);
  const port = await freePort(addresses);
  const devices = [{ name: "ram", kind: "memory", config: { sizeBytes, port } }];
  const guest = await cluster.client.guests.create({ name, host, devices });
  return { ...guest, port, endpoints: addresses.map((address) => `${address}:${port}`) };
}

/** Writes about so many bytes into the guest: each key takes a slot of 256 bytes. */
export async function fill(guest: MemoryGuest, bytes: number): Promise<void> {
  const keys = Math.floor(bytes / 256);
  await using load = startLoad({ endpoints: guest.endpoints, keys, writesPerSecond: 1 });
  await load.fill();
  await until("every key is written", () => load.stats().acknowledged >= keys);
}
