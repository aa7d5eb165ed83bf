/**
 * The `memory` back end's process: `daemon --control <unix socket> --size <bytes> --listen <host:port> [--incoming]`. It
 * prints one line of JSON when it is ready, and ends on `shutdown` over the control socket or on SIGTERM.
 */
import { parseArgs } from "node:util";
import { serveAttached } from "@godwit/backend";
import { MemoryDevice, memoryInfo } from "./memory-device.ts";
import { requireSize } from "./memory-config.ts";
import { startTicksOf } from "@godwit/launch";

const { values } = parseArgs({
  options: {
    control: { type: "string" },
    size: { type: "string" },
    listen: { type: "string" },
    incoming: { type: "boolean", default: false },
  },
});

const controlPath = values.control ?? missing("--control");
const sizeBytes = requireSize(Number(values.size ?? missing("--size")));
const listen = endpointOf(values.listen ?? missing("--listen"));

// The sockets and files of this process are its user's alone.
process.umask(0o077);
// Whoever waited for the line below may have gone; the device is to be found again by its socket.
process.stdout.on("error", () => undefined);

const device = values.incoming ? MemoryDevice.empty(sizeBytes, listen) : await MemoryDevice.fresh(sizeBytes, listen);
const server = await serveAttached({ socketPath: controlPath, backend: memoryInfo }, device);
process.once("SIGTERM", () => void server[Symbol.asyncDispose]());
const startTicks = await startTicksOf(process.pid);
process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, startTicks })}\n`);

await server.closed;
device.stop();

function endpointOf(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(":");
  const port = Number(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--listen: no host:port: ${text}`);
  return { host: text.slice(0, at), port };
}

function missing(option: string): never {
  throw new Error(`${option} is missing`);
}
