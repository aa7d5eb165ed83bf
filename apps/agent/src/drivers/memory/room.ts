import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { freemem } from "node:os";
import type { Check } from "@godwit/backend";

const mib = 1024 ** 2;

/** Is the address free on this host? Found out by listening on it for a moment. */
export async function checkAddress(host: string, port: number): Promise<Check> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, "listening");
    return { ok: true };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const inUse = detail.includes("EADDRINUSE");
    return {
      ok: false,
      code: inUse ? "address-in-use" : "invalid-config",
      reason: inUse ? `${host}:${port} is in use on this host` : `nothing can be served on ${host}:${port}: ${detail}`,
      ...(inUse ? { fix: "End what listens there, or give the device another port." } : {}),
    };
  } finally {
    server.close();
  }
}

/** Is there room for `sizeBytes` more, besides the `takenBytes` of this host's memory devices? */
export async function checkRoom(sizeBytes: number, takenBytes: number, capacityBytes = Infinity): Promise<Check> {
  if (takenBytes + sizeBytes > capacityBytes) {
    const figures = `${inMib(sizeBytes)} are needed, ${inMib(capacityBytes - takenBytes)} of ${inMib(capacityBytes)} are left`;
    return { ok: false, code: "no-room", reason: `the host's capacity for memory devices is too small: ${figures}` };
  }
  const availableBytes = await memoryAvailableBytes();
  if (sizeBytes <= availableBytes) return { ok: true };
  return {
    ok: false,
    code: "no-room",
    reason: `the host has too little memory: ${inMib(sizeBytes)} are needed, ${inMib(availableBytes)} available`,
  };
}

/** What the kernel could give without swapping: `MemAvailable` of proc_meminfo(5), or what is free where there is none. */
async function memoryAvailableBytes(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? freemem() : Number(kib) * 1024;
}

function inMib(bytes: number): string {
  return `${Math.round(bytes / mib)} MiB`;
}
