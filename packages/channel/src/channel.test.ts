import { execFile } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { ChannelListener, DialOptions, IncomingChannel, Item, OpenOptions, Visit } from "./api.ts";
import { ChannelError } from "./errors.ts";
import { headerBytes, paddingOf, preamble } from "./frame.ts";
import { dial } from "./incoming.ts";
import { listen } from "./listener.ts";
import { controlFrame } from "./messages.ts";
import { RateLimit } from "./rate-limit.ts";

const host = "127.0.0.1";
const key = { migration: "m1", device: "ram", stream: 0, ticket: "secret" };

test("a stream with all its marks arrives in order, then loaded goes back and grant comes", async () => {
  await using pair = await connected();
  const { source, destination } = pair;
  const sent = Array.from({ length: 40 }, (_, index) => Buffer.alloc(1 + ((index * 7919) % 100_000), index));
  const writing = (async () => {
    for (const chunk of sent) await source.write(chunk);
    source.endRound(1);
    source.noticeSwitchover();
    await source.write(filled(source.allocate(3_000_000), 9));
    source.end({ digest: "state" });
    expect(await source.loaded).toEqual({ epoch: 7, digest: "state" });
    source.grant(7);
    await source.acknowledged();
    await source.close();
  })();
  const marks: Item[] = [];
  const received: Buffer[] = [];
  for await (const item of destination) {
    if (item.type === "chunk") received.push(Buffer.from(item.bytes));
    else marks.push(item);
    if (item.type === "end") destination.loaded(7, item.digest);
  }
  await writing;
  expect(Buffer.concat(received).equals(Buffer.concat([...sent, Buffer.alloc(3_000_000, 9)]))).toBe(true);
  expect(marks).toEqual([
    { type: "round-end", round: 1 },
    { type: "switchover" },
    { type: "end", digest: "state" },
    { type: "grant", epoch: 7 },
  ]);
  expect(await source.closed).toBeUndefined();
  expect(await destination.closed).toBeUndefined();
  expect(source.stats()).toMatchObject({ queuedBytes: 0, ackedBytes: Buffer.concat(received).length, connections: 1 });
  expect(source.stats().busyMs).toBeGreaterThan(0);
});

test("rounds can be read by loops of their own", async () => {
  await using pair = await connected();
  await pair.source.write(Buffer.from("one"));
  pair.source.endRound(1);
  await pair.source.write(Buffer.from("two"));
  pair.source.endRound(2);
  expect(await readRound(pair.destination)).toBe("one");
  expect(await readRound(pair.destination)).toBe("two");
});

test("a stopped consumer stops the writer within the window", async () => {
  const windowBytes = 4 * 1024 * 1024;
  await using pair = await connected({ windowBytes });
  let written = 0;
  const writing = (async () => {
    for (; written < 64 * 1024 * 1024; written += 65_536) await pair.source.write(Buffer.alloc(65_536));
  })();
  const iterator = pair.destination[Symbol.asyncIterator]();
  await iterator.next();
  // With nothing acknowledged, so much has been taken in and no more ever will be.
  await until(() => pair.source.stats().queuedBytes >= windowBytes);
  await settled();
  expect(written).toBeLessThanOrEqual(windowBytes + 65_536);
  for (let item = await iterator.next(); pair.source.stats().ackedBytes < 16 * 1024 * 1024;) {
    expect(item.done).toBe(false);
    item = await iterator.next();
  }
  const [outcome] = await Promise.allSettled([writing, pair.source.close()]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { code: "closed" } });
});

test.each([
  ["another ticket", { ticket: "guess" }, "wrong-ticket"],
  ["another migration", { migration: "m2" }, "unknown-channel"],
  ["another stream", { stream: 1 }, "unknown-channel"],
])("a dialler with %s is refused", async (_, change, code) => {
  await using listener = await listen({ host, port: 0 });
  await using _source = listener.open(key);
  await using destination = dial({ host, port: listener.port, ...key, ...change });
  await expect(destination[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
});

test.each([
  ["garbage", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "bad-hello"],
  ["a frame that is no hello", Buffer.concat([preamble, frame("ping")]), "bad-hello"],
  ["a hello without its fields", Buffer.concat([preamble, frame("hello", {})]), "bad-hello"],
  ["a damaged header", Buffer.concat([preamble, Buffer.alloc(headerBytes, 1)]), "bad-frame"],
  ["another version", Buffer.from("GDWT\u0007\0\0\0"), "version-mismatch"],
  [
    "frames that were never sent",
    Buffer.concat([preamble, frame("hello", { ...key, resumeFrom: 5 })]),
    "cannot-resume",
  ],
])("a connection that begins with %s is refused with its code", async (_, bytes, code) => {
  await using listener = await listen({ host, port: 0 });
  await using _source = listener.open(key);
  expect(await answerTo(listener, bytes)).toContain(`"code":"${code}"`);
});

test("a connection without a hello is ended, and more of them than allowed are turned away", async () => {
  await using listener = await listen({ host, port: 0, helloLimitMs: 300, unauthenticatedLimit: 1 });
  const slow = answerTo(listener, Buffer.from("GD"));
  const second = await answerTo(listener, Buffer.alloc(0));
  expect(second).toContain("too-many-connections");
  expect(await slow).toContain("bad-hello");
});

test("H11: who is turned away is told of with what it asked for; who is to try again, and who is let in, is not", async () => {
  const visits: (string | undefined)[][] = [];
  const onTurnedAway = ({ frame: type, migration, error }: Visit) => visits.push([type, migration, error.code]);
  await using listener = await listen({ host, port: 0, helloLimitMs: 300, onTurnedAway });
  await using busy = await listen({ host, port: 0, unauthenticatedLimit: 0, onTurnedAway });
  await using _source = listener.open(key);
  const say = async (...frames: Buffer[]) => await answerTo(listener, Buffer.concat([preamble, ...frames]));
  await say(frame("hello", { ...key, ticket: "guess", resumeFrom: 1 }));
  await say(frame("hello", { ...key, migration: "m2", resumeFrom: 1 }));
  await say(frame("hello", {}));
  await say(frame("ping"));
  await answerTo(listener, Buffer.from("GD"));
  expect(await answerTo(busy, Buffer.alloc(0))).toContain("too-many-connections");
  await using destination = dial({ host, port: listener.port, ...key });
  destination.fail("over", "it has been let in");
  await destination.closed;
  expect(visits).toEqual([
    ["hello", "m1", "wrong-ticket"],
    ["hello", "m2", "unknown-channel"],
    ["hello", undefined, "bad-hello"],
    ["ping", undefined, "bad-hello"],
    [undefined, undefined, "bad-hello"],
  ]);
});

test("a second connection for a channel supersedes a half-open one", async () => {
  await using listener = await listen({ host, port: 0 });
  await using source = listener.open(key);
  await source.write(Buffer.from("abc"));
  const halfOpen = connect({ host, port: listener.port });
  halfOpen.write(Buffer.concat([preamble, frame("hello", { ...key, resumeFrom: 1 })]));
  await once(halfOpen, "data");
  await using destination = dial({ host, port: listener.port, ...key });
  await once(halfOpen, "close");
  source.endRound(1);
  expect(await readRound(destination)).toBe("abc");
  expect(source.stats().connections).toBe(2);
});

test("a peer that says nothing is given up, and a channel nobody dials fails as link-lost", async () => {
  await using listener = await listen({ host, port: 0 });
  const states: string[] = [];
  const onLink = (state: string) => states.push(state);
  await using source = listener.open({ ...key, silenceLimitMs: 200, giveUpAfterMs: 300, onLink });
  const silent = connect({ host, port: listener.port });
  silent.write(Buffer.concat([preamble, frame("hello", { ...key, resumeFrom: 1 })]));
  silent.resume();
  expect((await source.closed)?.code).toBe("link-lost");
  expect(states).toEqual(["connected", "disconnected"]);
});

test("a dialler that finds nobody fails as link-lost", async () => {
  const listener = await listen({ host, port: 0 });
  const { port } = listener;
  await listener.close();
  await using destination = dial({ host, port, ...key, giveUpAfterMs: 200 });
  await expect(destination[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "link-lost" });
});

test("what one side gives as the reason of its failure reaches the other", async () => {
  await using one = await connected();
  one.source.fail("device-gone", "the device has gone");
  const error = await one.destination.closed;
  expect(error).toMatchObject({ code: "peer-failed", reason: "device-gone", message: "the device has gone" });
  await using other = await connected();
  other.destination.fail("no-room", "the disk is full");
  await expect(other.source.loaded).rejects.toMatchObject({ code: "peer-failed", reason: "no-room" });
  await expect(other.source.write(Buffer.alloc(1))).rejects.toMatchObject({ code: "peer-failed" });
});

test("an aborted signal ends both sides as aborted", async () => {
  const stop = new AbortController();
  await using one = await connected({ signal: stop.signal });
  stop.abort(new Error("cancelled"));
  expect((await one.source.closed)?.code).toBe("aborted");
  expect((await one.destination.closed)?.code).toBe("aborted");
  await using other = await connected({}, { signal: AbortSignal.abort() });
  await expect(other.destination[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "aborted" });
});

test("a source that closes before the end is no end", async () => {
  await using pair = await connected();
  await pair.source.write(Buffer.from("half"));
  const iterator = pair.destination[Symbol.asyncIterator]();
  expect((await iterator.next()).done).toBe(false);
  await pair.source.close();
  await expect(iterator.next()).rejects.toMatchObject({ code: "peer-closed" });
});

test("addresses that are not loopback are refused with tls-required", async () => {
  for (const far of ["0.0.0.0", "192.0.2.1", "::", "example.org"]) {
    await expect(listen({ host: far, port: 0 })).rejects.toMatchObject({ code: "tls-required" });
    expect(() => dial({ host: far, port: 1, ...key })).toThrow(ChannelError);
  }
});

test("a channel cannot be opened twice, but again after it was closed", async () => {
  await using listener = await listen({ host, port: 0 });
  const first = listener.open(key);
  expect(() => listener.open(key)).toThrow("is open already");
  await first.close();
  await listener.open(key).close();
});

test("a buffer of the pool can be written once", async () => {
  await using pair = await connected();
  const buffer = pair.source.allocate(10);
  await pair.source.write(buffer);
  await expect(pair.source.write(buffer)).rejects.toThrow("may be written once");
});

test("limits hold for the stream: it takes no less time than its bytes at the rate", async () => {
  const limit = new RateLimit(1_000_000);
  await using pair = await connected({ limit });
  const since = performance.now();
  await pair.source.write(Buffer.alloc(300_000));
  pair.source.endRound(1);
  expect((await readRound(pair.destination)).length).toBe(300_000);
  expect(performance.now() - since).toBeGreaterThan(280);
  limit.bytesPerSec = undefined;
  await pair.source.write(Buffer.alloc(10_000_000));
  pair.source.endRound(2);
  expect((await readRound(pair.destination)).length).toBe(10_000_000);
});

test("busy time counts what is on its way, not what waits for a connection, and not idleness", async () => {
  await using listener = await listen({ host, port: 0 });
  await using source = listener.open(key);
  await source.write(Buffer.from("waits for a connection"));
  await past(performance.now() + 20);
  expect(source.stats().busyMs).toBe(0);
  const since = performance.now();
  await using destination = dial({ host, port: listener.port, ...key });
  const iterator = destination[Symbol.asyncIterator]();
  await iterator.next();
  // What the consumer has not dealt with is on its way, however long that takes.
  await past(performance.now() + 20);
  const busyMs = source.stats().busyMs;
  expect(busyMs).toBeGreaterThanOrEqual(20);
  expect(busyMs).toBeLessThanOrEqual(performance.now() - since);
  const next = iterator.next();
  await source.acknowledged();
  const idleMs = source.stats().busyMs;
  await past(performance.now() + 20);
  expect(source.stats().busyMs).toBe(idleMs);
  source.endRound(1);
  expect(await next).toEqual({ done: false, value: { type: "round-end", round: 1 } });
  await until(() => source.stats().busyMs > idleMs);
});

test("closing both ends leaves nothing that keeps a process alive", async () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const script = `
    import { dial, listen } from ${JSON.stringify(new URL("index.ts", import.meta.url).href)};
    const listener = await listen({ host: "${host}", port: 0 });
    const source = listener.open(${JSON.stringify(key)});
    const destination = dial({ host: "${host}", port: listener.port, ...${JSON.stringify(key)} });
    await source.write(new Uint8Array(5_000_000));
    await destination[Symbol.asyncIterator]().next();
    await destination.close();
    await listener.close();
    console.log("closed");`;
  const parameters = ["--conditions=source", "--import", tsx, "--input-type=module", "--eval", script];
  // Whatever stayed open, a timer of 30 seconds included, would have the process ended by force, and this rejected.
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: 20_000 });
  expect(stdout).toBe("closed\n");
});

async function connected(open: Partial<OpenOptions> = {}, dialled: Partial<DialOptions> = {}) {
  const listener = await listen({ host, port: 0 });
  const source = listener.open({ ...key, ...open });
  const destination = dial({ host, port: listener.port, ...key, ...dialled });
  return {
    source,
    destination,
    async [Symbol.asyncDispose]() {
      await destination.close();
      await listener.close();
    },
  };
}

async function readRound(destination: IncomingChannel): Promise<string> {
  const parts: Buffer[] = [];
  for await (const item of destination) {
    if (item.type === "round-end") break;
    if (item.type === "chunk") parts.push(Buffer.from(item.bytes));
  }
  return Buffer.concat(parts).toString("latin1");
}

/** All that the listener says, until it ends the connection. */
async function answerTo(listener: ChannelListener, bytes: Uint8Array): Promise<string> {
  const socket: Socket = connect({ host, port: listener.port });
  socket.write(bytes);
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  await once(socket, "close");
  return Buffer.concat(parts).toString("latin1");
}

function frame(type: "ping" | "hello", message?: object): Buffer {
  const { header, payload } = controlFrame(type, 0, message);
  return Buffer.concat([header, payload, paddingOf(payload.length)]);
}

function filled(buffer: Uint8Array, value: number): Uint8Array {
  return buffer.fill(value);
}

async function past(time: number): Promise<void> {
  await until(() => performance.now() > time);
}

/** Looks at each turn of the event loop. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns enough of the event loop for whatever could still happen by itself. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
