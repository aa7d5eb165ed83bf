/**
 * Read into a program before anything of its own (node's `--import`): watches the edges of the process, where words come and go, and
 * strikes at the one that it is told to. The file that GODWIT_STRIKE names holds the order, once one is given; struck, it bears another
 * name. Nothing in the program knows of it, and a program that is not told to strike runs as ever.
 *
 * The edges are named after what happens at them: `hears freeze` (a message has come and was not looked at), `says released` (it is about
 * to be sent), `said freeze` (it has left the process), `plane tells stopped` and `plane answers start` (the word of the agent's data
 * plane has come), `journals released` (the line is about to be written), `tears released` (half of the line is written), `syncs released`
 * (it is written, not synced), `synced released`, and `stores switchover` (the orchestrator's decision is about to go to the database).
 */
import { execFileSync } from "node:child_process";
import { readFileSync, renameSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { WebSocket } from "ws";
import { StrikeOrder, strikeVariable } from "./order.ts";

const orderFile = process.env[strikeVariable];
if (orderFile === undefined) throw new Error(`${strikeVariable} names no file`);

watchSockets();
watchPlane();
await watchJournal();
watchDatabase();

/** The order, while there is one for this edge. */
function orderAt(edge: string): StrikeOrder | undefined {
  let text: string;
  try {
    text = readFileSync(orderFile ?? "", "utf8");
  } catch {
    return undefined;
  }
  const order = StrikeOrder.parse(JSON.parse(text));
  return order.edge === edge ? order : undefined;
}

/** Carries out the order of this edge at this very point; a process that is killed by it goes no further. */
function pass(edge: string): void {
  const order = orderAt(edge);
  if (order === undefined) return;
  renameSync(orderFile ?? "", `${orderFile}.struck`);
  for (const [command = "", ...rest] of order.commands) execFileSync(command, rest);
  for (const { pid, signal } of order.signals) process.kill(pid, signal);
}

/** Both ends of the conversation between orchestrator and agent. */
function watchSockets(): void {
  around(WebSocket.prototype, "emit", (call, [event, data, ...rest]) => {
    if (event === "message") pass(`hears ${typeIn(data)}`);
    return call(event, data, ...rest);
  });
  around(WebSocket.prototype, "send", (call, [data, ...rest]) => {
    const type = typeIn(data);
    pass(`says ${type}`);
    return orderAt(`said ${type}`) === undefined ? call(data, ...rest) : call(data, () => pass(`said ${type}`));
  });
}

/** The main thread's end of the port to the data plane, over which birpc speaks: `t` is q or s, `m` the method, `i` the call. */
function watchPlane(): void {
  const asked = new Map<unknown, unknown>();
  around(Worker.prototype, "postMessage", (call, [message, ...rest]) => {
    if (isRecord(message) && message["t"] === "q") asked.set(message["i"], message["m"]);
    return call(message, ...rest);
  });
  around(Worker.prototype, "emit", (call, [event, message, ...rest]) => {
    if (event === "message" && isRecord(message)) {
      if (message["t"] === "q") pass(`plane tells ${String(message["m"])}`);
      else pass(`plane answers ${String(asked.get(message["i"]))}`);
      asked.delete(message["i"]);
    }
    return call(event, message, ...rest);
  });
}

async function watchJournal(): Promise<void> {
  const handle = await open("/dev/null");
  const prototype: object = Object.getPrototypeOf(handle);
  await handle.close();
  const last = new WeakMap<object, string>();
  around(prototype, "appendFile", (call, [line, ...rest], self) => {
    const entry = entryIn(line);
    if (entry === undefined) return call(line, ...rest);
    last.set(self, entry);
    pass(`journals ${entry}`);
    if (orderAt(`tears ${entry}`) !== undefined && "fd" in self && typeof self.fd === "number") {
      writeSync(self.fd, String(line).slice(0, String(line).length / 2));
      pass(`tears ${entry}`);
    }
    return call(line, ...rest);
  });
  around(prototype, "datasync", async (call, args, self) => {
    const entry = last.get(self);
    last.delete(self);
    pass(`syncs ${entry}`);
    await call(...args);
    pass(`synced ${entry}`);
  });
}

/** The database is reached by a Unix socket, which has no address. */
function watchDatabase(): void {
  around(Socket.prototype, "write", (call, [bytes, ...rest], self) => {
    const stored = Buffer.isBuffer(bytes) && bytes.includes('"phase":"switchover"');
    if (stored && self instanceof Socket && self.remoteAddress === undefined) pass("stores switchover");
    return call(bytes, ...rest);
  });
}

type Around = (call: (...args: unknown[]) => unknown, args: unknown[], self: object) => unknown;

function around(prototype: object, name: string, wrap: Around): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`There is no method ${name} to watch`);
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: object, ...args: unknown[]): unknown {
      return wrap((...changed): unknown => Reflect.apply(original, this, changed), args, this);
    },
  });
}

/** A message's `type` comes first in its JSON, or not far behind. */
function typeIn(data: unknown): string {
  const text = typeof data === "string" || Buffer.isBuffer(data) ? data.toString("utf8") : "{}";
  const message: unknown = JSON.parse(text);
  return isRecord(message) ? String(message["type"]) : "";
}

function entryIn(line: unknown): string | undefined {
  return typeof line === "string" ? /^[0-9a-f]{16} \{"entry":"(\w+)"/.exec(line)?.[1] : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
