/**
 * Read into an agent before anything of its own (node's `--import`): writes down, 50 times a second, how many bytes the data plane has
 * handed to each of its connections. The file that GODWIT_WEIGH names takes it; nothing in the agent knows of it.
 */
import { appendFileSync } from "node:fs";
import { subscribe } from "node:diagnostics_channel";
import { syncBuiltinESMExports } from "node:module";
import { Socket } from "node:net";
import threads, { isMainThread } from "node:worker_threads";
import { type Weight, weighVariable } from "./weights.ts";

const everyMs = 20;
const file = process.env[weighVariable];
if (file === undefined) throw new Error(`${weighVariable} names no file`);

if (isMainThread) weighInWorkers();
else weighHere(file);

/** The data plane lives in a thread of its own. */
function weighInWorkers(): void {
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(path: string | URL, options: threads.WorkerOptions = {}) {
      super(path, { ...options, execArgv: [...(options.execArgv ?? []), "--import", import.meta.url] });
    }
  };
  syncBuiltinESMExports();
}

function weighHere(into: string): void {
  const ways = new Map<Socket, Omit<Weight, "atMs" | "bytes">>();
  subscribe("net.server.socket", (message) => watch(Object(message), "accepted"));
  subscribe("net.client.socket", (message) => watch(Object(message), "dialled"));
  setInterval(() => weigh([...ways]), everyMs).unref();

  function watch(message: object, how: Weight["how"]): void {
    if (!("socket" in message) || !(message.socket instanceof Socket)) return;
    const { socket } = message;
    if (how === "accepted") return take(socket, how);
    socket.once("connect", () => take(socket, how));
  }

  function take(socket: Socket, how: Weight["how"]): void {
    const { localPort, remotePort } = socket;
    // One between two processes of this machine, by a file, is none of a link's.
    if (localPort === undefined || remotePort === undefined) return;
    const way = { how, localPort, remotePort };
    ways.set(socket, way);
    socket.once("close", () => {
      weigh([[socket, way]]);
      ways.delete(socket);
    });
  }

  function weigh(some: [Socket, Omit<Weight, "atMs" | "bytes">][]): void {
    const atMs = performance.timeOrigin + performance.now();
    const lines = some.map(([{ bytesWritten }, way]) => `${JSON.stringify({ ...way, atMs, bytes: bytesWritten })}\n`);
    if (lines.length > 0) appendFileSync(into, lines.join(""));
  }
}
