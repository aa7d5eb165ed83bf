import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StreamServer } from "./stream-server.ts";

const longMs = 5_000;

let folder: string;
let path: string;
let server: StreamServer;
let clients: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-streams-"));
  path = join(folder, "socket");
  clients = [];
});

afterEach(async () => {
  server.close();
  for (const client of clients) client.destroy();
  await rm(folder, { recursive: true });
});

async function come(text: string): Promise<Socket> {
  const client = connect(path);
  clients.push(client);
  client.on("error", () => undefined);
  await once(client, "connect");
  client.write(text);
  return client;
}

async function closed(client: Socket): Promise<void> {
  if (!client.closed) await new Promise<void>((resolve) => client.once("close", () => resolve()));
}

test("Q13: the streams are those that have come, in their order, and the first one is answered", async () => {
  server = await StreamServer.listen(path, 3);
  const complete = server.complete(longMs);
  const first = await come("first");
  await come("second");
  await come("third");
  await complete;
  const said = await Promise.all(server.streams.map(async (stream) => String(await stream.next(longMs))));
  expect(said).toEqual(["first", "second", "third"]);
  server.answer(Buffer.from("go"));
  expect(String((await once(first, "data"))[0])).toBe("go");
});

test("one more than are to come is not taken", async () => {
  server = await StreamServer.listen(path, 1);
  await come("one");
  await server.complete(longMs);
  const other = await come("two");
  await closed(other);
  expect(server.streams).toHaveLength(1);
});

test("Q13: where not all have come in time it is told how many are lacking", async () => {
  server = await StreamServer.listen(path, 5);
  await come("one");
  await expect.poll(() => server.streams.length).toBe(1);
  await expect(server.complete(10)).rejects.toThrow("QEMU has not begun to send on 4 of 5 streams");
});

test("closing it ends what has come, and its socket can be listened on again", async () => {
  const former = await StreamServer.listen(path, 2);
  const client = await come("one");
  await expect.poll(() => former.streams.length).toBe(1);
  former.close();
  await closed(client);
  expect(await former.streams[0]?.next(longMs).then(String)).toMatch(/one|undefined/);
  server = await StreamServer.listen(path, 1);
  await come("again");
  await server.complete(longMs);
});
