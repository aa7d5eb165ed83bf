import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import type { Item } from "./api.ts";
import { ChannelError } from "./errors.ts";
import { encodeHeader, paddingOf } from "./frame.ts";
import { dial } from "./incoming.ts";
import { controlChecksum, controlFrame } from "./messages.ts";

const host = "127.0.0.1";
const key = { migration: "m1", device: "ram", stream: 0, ticket: "secret" };
const first = chunk(1, "first");
const second = chunk(2, "second");

test("an end with the running digest of the chunks that came is delivered", async () => {
  const { items, code } = await consume([first, second, end(3, [first, second])]);
  expect(items).toEqual(["first", "second", "end"]);
  expect(code).toBe("peer-closed");
});

test.each([
  ["a chunk more", [first]],
  ["a chunk less", [first, second, second]],
  ["the chunks in another order", [second, first]],
])("an end for a stream with %s is refused as digest-mismatch and not delivered", async (_, digested) => {
  const { items, code } = await consume([first, second, end(3, digested)]);
  expect(items).not.toContain("end");
  expect(code).toBe("digest-mismatch");
});

test("a frame that comes twice reaches the consumer once and ends the channel as bad-sequence", async () => {
  const { items, code } = await consume([first, first, end(2, [first])]);
  expect(items).toEqual(["first"]);
  expect(code).toBe("bad-sequence");
});

test.each([
  ["a frame left out", [first, chunk(3, "third")]],
  ["a chunk after the end", [first, end(2, [first]), chunk(3, "late")]],
  ["a second end", [first, end(2, [first]), end(3, [first])]],
])("%s ends the channel as bad-sequence", async (_, frames) => {
  expect((await consume(frames)).code).toBe("bad-sequence");
});

interface Written {
  header: Buffer;
  payload: Uint8Array;
}

function chunk(sequence: number, text: string): Written {
  const payload = Buffer.from(text);
  const checksum = controlChecksum(payload);
  return { header: encodeHeader({ type: "chunk", sequence, length: payload.length, checksum }), payload };
}

function end(sequence: number, digested: Written[]): Written {
  const digest = createHash("sha256");
  for (const { header } of digested) digest.update(header);
  return controlFrame("end", sequence, { digest: "state", stream: digest.digest("hex") });
}

/** What a consumer gets of these frames, one read each, from a source that then closes the channel, and how it ends. */
async function consume(frames: Written[]): Promise<{ items: string[]; code: string | undefined }> {
  await using source = await sourceOf(frames);
  await using destination = dial({ host, port: source.port, ...key });
  const items: string[] = [];
  try {
    for await (const item of destination) {
      items.push(described(item));
      source.sendNext();
    }
  } catch (error) {
    if (error instanceof ChannelError) return { items, code: error.code };
    throw error;
  }
  return { items, code: undefined };
}

function described(item: Item): string {
  return item.type === "chunk" ? Buffer.from(item.bytes).toString() : item.type;
}

/** Answers one connection with a welcome and the first frame, and goes on when told to; last comes an error. */
async function sourceOf(frames: Written[]) {
  const last = controlFrame("error", 0, { code: "peer-closed", detail: "that was all" });
  const waiting = [...frames, last];
  let peer: Socket | undefined;
  const sendNext = (): void => {
    const frame = waiting.shift();
    if (frame !== undefined) peer?.write(bytesOf(frame));
  };
  const server = createServer((socket) => {
    peer = socket;
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(bytesOf(controlFrame("welcome")));
      sendNext();
    });
  }).listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the source has no port");
  return {
    port: address.port,
    sendNext,
    async [Symbol.asyncDispose]() {
      peer?.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function bytesOf({ header, payload }: Written): Buffer {
  return Buffer.concat([header, payload, paddingOf(payload.length)]);
}
