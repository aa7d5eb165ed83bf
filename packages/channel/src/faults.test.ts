import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { IncomingChannel, OutgoingChannel } from "./api.ts";
import { ChannelError } from "./errors.ts";
import { dial } from "./incoming.ts";
import { listen } from "./listener.ts";

const host = "127.0.0.1";
const key = { migration: "m1", device: "ram", stream: 0, ticket: "secret" };
const streamBytes = 6_000_000;
const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(seeds)("a stream cut at random places arrives whole, in order and once (seed %i)", async (seed) => {
  const random = randomFrom(seed);
  let cuts = 0;
  // Each connection but the last ones is cut somewhere; the first ones soon, to meet the hello as well.
  const plan = (connection: number): Fault | undefined => {
    if (connection >= 8) return undefined;
    cuts += 1;
    return { kind: "cut", at: Math.floor(random() * (connection < 2 ? 200 : 1_500_000)) };
  };
  const { sent, received, error, ended } = await transfer(random, plan);
  expect(error).toBeUndefined();
  expect(received).toEqual(sent);
  expect(ended).toBe(true);
  expect(cuts).toBeGreaterThan(2);
});

test.each(seeds)("a bit flipped at a random place is noticed before the end is delivered (seed %i)", async (seed) => {
  const random = randomFrom(seed);
  const at = Math.floor(random() * streamBytes);
  const bit = Math.floor(random() * 8);
  const { error, ended } = await transfer(random, () => ({ kind: "flip", at, bit }));
  expect(ended).toBe(false);
  expect(["checksum-mismatch", "bad-frame"]).toContain(error?.code);
});

test.each(seeds.slice(0, 6))("a stream truncated for good never ends (seed %i)", async (seed) => {
  const random = randomFrom(seed);
  const at = Math.floor(random() * streamBytes);
  const { error, ended } = await transfer(random, (connection) => ({ kind: "cut", at: connection === 0 ? at : 0 }));
  expect(ended).toBe(false);
  expect(error?.code).toBe("link-lost");
});

/** What happens to byte `at` of what one connection carries from the source to the destination. */
type Fault = { kind: "cut"; at: number } | { kind: "flip"; at: number; bit: number };

interface Outcome {
  sent: string[];
  received: string[];
  error: ChannelError | undefined;
  ended: boolean;
}

/** Sends a random stream through the proxy; both sides note a running digest at each mark. */
async function transfer(random: () => number, plan: (connection: number) => Fault | undefined): Promise<Outcome> {
  await using listener = await listen({ host, port: 0 });
  const windowBytes = 2 * 1024 * 1024;
  await using source = listener.open({ ...key, windowBytes, giveUpAfterMs: 2000 });
  await using proxy = await faultyProxy(listener.port, plan);
  await using destination = dial({ host, port: proxy.port, ...key, giveUpAfterMs: 1000 });
  const sending = send(source, random).catch((error: unknown): string[] => {
    if (error instanceof ChannelError) return [];
    throw error;
  });
  const outcome = await receive(destination);
  // The source may not have heard of the destination's failure over a link that is broken.
  if (outcome.error !== undefined) await source.close();
  return { ...outcome, sent: await sending };
}

async function send(source: OutgoingChannel, random: () => number): Promise<string[]> {
  const digest = createHash("sha256");
  const marks: string[] = [];
  for (let [sent, round] = [0, 1]; sent < streamBytes; round += 1) {
    for (let count = Math.floor(random() * 12); count >= 0; count -= 1) {
      const size = 1 + Math.floor(random() ** 3 * 400_000);
      const chunk = random() < 0.7 ? source.allocate(size) : new Uint8Array(size);
      for (let at = 0; at < size; at += 97) chunk[at] = random() * 256;
      digest.update(chunk);
      sent += size;
      await source.write(chunk);
    }
    source.endRound(round);
    marks.push(`${round} ${digest.copy().digest("hex")}`);
  }
  source.end({ digest: digest.digest("hex") });
  await source.acknowledged();
  return marks;
}

async function receive(destination: IncomingChannel): Promise<Omit<Outcome, "sent">> {
  const digest = createHash("sha256");
  const received: string[] = [];
  try {
    for await (const item of destination) {
      if (item.type === "chunk") digest.update(item.bytes);
      if (item.type === "round-end") received.push(`${item.round} ${digest.copy().digest("hex")}`);
      if (item.type === "end") {
        expect(digest.digest("hex")).toBe(item.digest);
        // Asking for the next item acknowledges the end.
        void destination[Symbol.asyncIterator]()
          .next()
          .catch(() => {});
        return { received, error: undefined, ended: true };
      }
    }
  } catch (error) {
    if (error instanceof ChannelError) return { received, error, ended: false };
    throw error;
  }
  return { received, error: undefined, ended: false };
}

async function faultyProxy(target: number, plan: (connection: number) => Fault | undefined) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const fault = plan(connections);
    connections += 1;
    const far = connect({ host, port: target });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    let passed = 0;
    far.on("data", (bytes: Buffer) => {
      const at = fault === undefined ? -1 : fault.at - passed;
      passed += bytes.length;
      const hit = at >= 0 && at < bytes.length;
      if (hit && fault?.kind === "flip") bytes[at] = (bytes[at] ?? 0) ^ (1 << fault.bit);
      if (hit && fault?.kind === "cut") near.write(bytes.subarray(0, at), () => near.destroy());
      else if (!near.write(bytes)) {
        far.pause();
        near.once("drain", () => far.resume());
      }
    });
  }).listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
