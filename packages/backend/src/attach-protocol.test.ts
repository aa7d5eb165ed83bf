import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { attach } from "./attach.ts";
import type { AttachedDevice } from "./attach/attached-device.ts";
import type { BackendInfo } from "./backend.ts";
import { type AttachedServer, serveAttached } from "./serve-attached.ts";

const backend: BackendInfo = {
  kind: "sample",
  version: "1.2.3",
  format: { writes: 1, reads: [1] },
  features: [],
  can: { precopy: true },
};

const nothing = () => undefined;
const device: AttachedDevice = {
  initialState: "running",
  sizeBytes: () => 3,
  pending: () => ({ initialBytes: 0, precopyBytes: 3, stopcopyBytes: 0, fixedMs: 1 }),
  precopy: async (out) => await out.write(Buffer.from("abc")),
  stop: nothing,
  final: async () => ({ digest: "ab" }),
  resume: nothing,
  forget: nothing,
  commit: nothing,
  load: async () => undefined,
  verify: () => ({ digest: "ab" }),
  start: nothing,
  discard: nothing,
};

let folder: string;
let socketPath: string;
let server: AttachedServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-attach-"));
  socketPath = join(folder, "s");
  server = await serveAttached({ socketPath, backend }, device);
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** The protocol in the raw, as a back end's author would see it. */
class Raw {
  readonly socket: Socket;
  #text = "";

  constructor() {
    this.socket = connect(socketPath);
    this.socket.setEncoding("utf8");
    this.socket.on("data", (text: string) => (this.#text += text));
  }

  send(line: unknown): void {
    this.socket.write(typeof line === "string" ? line : `${JSON.stringify(line)}\n`);
  }

  async bytes(count: number): Promise<string> {
    while (this.#text.length < count) await once(this.socket, "data");
    return this.#text;
  }

  async line(): Promise<unknown> {
    while (!this.#text.includes("\n")) await once(this.socket, "data");
    const at = this.#text.indexOf("\n");
    const line = this.#text.slice(0, at);
    this.#text = this.#text.slice(at + 1);
    return JSON.parse(line);
  }
}

test("the greeting is as documented, and unknown fields are ignored", async () => {
  const raw = new Raw();
  expect(await raw.line()).toEqual({ protocol: "godwit-attach", versions: [1], backend, pid: process.pid });
  raw.send({ attach: 1, role: "control", colour: "green" });
  expect(await raw.line()).toMatchObject({ attached: 1, session: expect.any(String) });
  raw.send({ id: 7, call: "status", colour: "green" });
  expect(await raw.line()).toEqual({ id: 7, result: { state: "running" } });
  raw.send({ id: 8, call: "fly" });
  expect(await raw.line()).toMatchObject({ id: 8, error: { code: "unsupported" } });
  raw.socket.destroy();
});

test("an unknown version is refused with those offered", async () => {
  const raw = new Raw();
  await raw.line();
  raw.send({ attach: 99, role: "control" });
  expect(await raw.line()).toMatchObject({ refused: { code: "unknown-version", versions: [1] } });
  await once(raw.socket, "close");
});

test("a bulk connection without its session is refused", async () => {
  const raw = new Raw();
  await raw.line();
  raw.send({ attach: 1, role: "bulk", session: "nonsense" });
  expect(await raw.line()).toMatchObject({ refused: { code: "no-session" } });
  await once(raw.socket, "close");
});

test("a line that is no JSON, or over 64 KiB, ends the connection and nothing else", async () => {
  for (const nonsense of ["{oops\n", "x".repeat(70_000)]) {
    const raw = new Raw();
    raw.socket.on("error", () => undefined);
    await raw.line();
    raw.send({ attach: 1, role: "control" });
    await raw.line();
    raw.send(nonsense);
    await new Promise((resolve) => raw.socket.once("close", resolve));
  }
  await using again = await vi.waitFor(() => attach(socketPath), { timeout: 5000 });
  expect(await again.status()).toEqual({ state: "running" });
});

test("a round crosses the bulk connection as blocks and an end mark, between go and the answer", async () => {
  const control = new Raw();
  await control.line();
  control.send({ attach: 1, role: "control" });
  const said = await control.line();
  control.send({ id: 1, call: "precopy" });
  expect(await control.line()).toMatchObject({ id: 1, error: { code: "bad-order" } });
  const bulk = new Raw();
  await bulk.line();
  bulk.send({ attach: 1, role: "bulk", session: Object(said).session });
  expect(await bulk.line()).toEqual({ attached: 1 });
  control.send({ id: 2, call: "precopy", budget: 1000 });
  expect(await control.line()).toEqual({ id: 2, go: true });
  expect(await control.line()).toEqual({ id: 2 });
  expect(await bulk.bytes(11)).toBe("\u0003\0\0\0abc\0\0\0\0");
  control.socket.destroy();
});

test("a second agent is refused politely, and the first is not disturbed", async () => {
  await using one = await attach(socketPath);
  await expect(attach(socketPath)).rejects.toMatchObject({ code: "busy" });
  expect(await one.status()).toEqual({ state: "running" });
});

test("a socket on which another back end answers is not taken over", async () => {
  await expect(serveAttached({ socketPath, backend }, device)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await using one = await attach(socketPath);
  expect(await one.status()).toEqual({ state: "running" });
});

test("shutdown is answered and closes the server", async () => {
  await using one = await attach(socketPath);
  await one.shutdown();
  await server.closed;
  await expect(attach(socketPath)).rejects.toMatchObject({ code: "no-answer" });
  await expect(one.status()).rejects.toMatchObject({ code: "connection-lost" });
});
