import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readInto } from "./read-into.ts";

let folder: string;
let ends: (Socket | Server)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gw-read-"));
  ends = [];
});

afterEach(async () => {
  for (const end of ends) if ("destroy" in end) end.destroy();
  for (const end of ends) if (!("destroy" in end)) end.close();
  await rm(folder, { recursive: true });
});

async function connected(options: { pauseOnConnect: boolean }): Promise<{ accepted: Socket; writer: Socket }> {
  const path = join(folder, "socket");
  const server = createServer(options).listen(path);
  await once(server, "listening");
  const accepting = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const writer = connect(path);
  const accepted = await accepting;
  ends.push(server, writer, accepted);
  return { accepted, writer };
}

test("a connection is read and answered through one socket alone, whatever becomes of the one that it was", async () => {
  const { accepted, writer } = await connected({ pauseOnConnect: true });
  const read: string[] = [];
  const socket = readInto(accepted, 4, (bytes) => read.push(bytes.toString()) > 0);
  ends.push(socket);
  accepted.destroy();
  writer.end("sixteen letters!");
  socket.write("answer");
  const [answer] = await once(writer, "data");
  expect(String(answer)).toBe("answer");
  await expect.poll(() => read.join("")).toBe("sixteen letters!");
  expect(Math.max(...read.map(({ length }) => length))).toBe(4);
});

test("one that another reads already is refused", async () => {
  const { accepted } = await connected({ pauseOnConnect: true });
  ends.push(readInto(accepted, 4, () => true));
  expect(() => readInto(accepted, 4, () => true)).toThrow("nothing that could be read");
});

test("one that may have been read from is refused", async () => {
  const { accepted } = await connected({ pauseOnConnect: false });
  expect(() => readInto(accepted, 4, () => true)).toThrow("may have been read from");
});
