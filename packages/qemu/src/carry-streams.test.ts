import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Carry } from "./carry.ts";
import { StreamServer } from "./stream-server.ts";

const count = 3;
const whole = randomBytes(5 * 1024 * 1024 + 77);

let folder: string;
let server: StreamServer;
let clients: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-carried-"));
  const path = join(folder, "socket");
  server = await StreamServer.listen(path, count);
  clients = [];
  for (let stream = 0; stream < count; stream += 1) {
    const client = connect(path);
    await once(client, "connect");
    clients.push(client);
  }
  await server.complete(5_000);
});

afterEach(async () => {
  server.close();
  for (const client of clients) client.destroy();
  await rm(folder, { recursive: true });
});

/** In pieces of any size, so that they come in chunks of any size. */
async function send(client: Socket): Promise<void> {
  let size = 1;
  for (let at = 0; at < whole.length; at += size) {
    size = Math.floor(10 ** (6 * Math.random()));
    const piece = whole.subarray(at, at + size);
    if (!client.write(piece)) await once(client, "drain");
  }
  client.end();
}

/** Takes what comes, and does with the memory what it likes from then on. */
function taker(ready: Promise<void>) {
  const hash = createHash("sha256");
  const write = async (chunk: Uint8Array) => {
    await ready;
    hash.update(chunk);
    await new Promise((resolve) => setImmediate(resolve));
    chunk.fill(0);
  };
  return { hash, write, allocate: (size: number) => new Uint8Array(size) };
}

test("Q13: what comes on several connections is carried whole, with one that is taken only when the others have ended", async () => {
  const sent = clients.map(send);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const takers = Array.from({ length: count }, (_, stream) => taker(stream === 0 ? released : Promise.resolve()));
  const carry = new Carry(server.streams);
  void Promise.all(sent.slice(1)).then(() => release());
  while (!carry.allEnded) {
    const until = performance.now() + 20;
    await carry.turn({
      writes: takers.map(({ write }) => write),
      allocates: takers.map(({ allocate }) => allocate),
      isOver: () => performance.now() > until,
      onChunk: () => undefined,
    });
  }
  await carry.settled();
  const expected = createHash("sha256").update(whole).digest("hex");
  expect(takers.map(({ hash }) => hash.digest("hex"))).toEqual(takers.map(() => expected));
});
