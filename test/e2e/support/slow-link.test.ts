import { type ChannelListener, dial, type IncomingChannel, listen, type OutgoingChannel } from "@godwit/channel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SlowLink } from "./slow-link.ts";
import { until } from "./until.ts";

const host = "127.0.0.1";
const key = { migration: "m1", device: "ram", stream: 0, ticket: "secret" };
const MB = 1_000_000;

let listener: ChannelListener;
let link: SlowLink;
let source: OutgoingChannel;
let destination: IncomingChannel;
let reading: Promise<number>;

beforeEach(async () => {
  listener = await listen({ host, port: 0 });
  link = await SlowLink.start(4 * MB);
  link.targetPort = listener.port;
  source = listener.open({ ...key, windowBytes: 2 * MB });
  destination = dial({ host, port: link.port, ...key });
  reading = readAll(destination);
  // A test that does not wait for all of it closes the channel while it is read.
  reading.catch(() => undefined);
});

afterEach(async () => {
  await destination.close();
  await link[Symbol.asyncDispose]();
  await listener.close();
});

async function readAll(channel: IncomingChannel): Promise<number> {
  let bytes = 0;
  for await (const item of channel) if (item.type === "chunk") bytes += item.bytes.length;
  return bytes;
}

/** Writes until so much has arrived, and says at what rate the source saw it go. */
async function sendFor(bytes: number): Promise<number> {
  const before = source.stats();
  for (let sent = 0; sent < bytes; sent += 65_536) await source.write(Buffer.alloc(65_536));
  await source.acknowledged();
  const { ackedBytes, busyMs } = source.stats();
  return ((ackedBytes - before.ackedBytes) / (busyMs - before.busyMs)) * 1000;
}

test("what a source measures over its busy time is no more than the link carries, and changes with it", async () => {
  const slow = await sendFor(4 * MB);
  expect(slow).toBeLessThan(4.4 * MB);
  link.bytesPerSec = 40 * MB;
  expect(await sendFor(20 * MB)).toBeGreaterThan(1.5 * slow);
  link.bytesPerSec = 2 * MB;
  expect(await sendFor(MB)).toBeLessThan(2.4 * MB);
});

test("over a dead link nothing passes and nothing ends, and all of it arrives once it lives again", async () => {
  const sending = sendFor(8 * MB);
  await until("something has passed", () => link.passedBytes > MB);
  link.dead = true;
  const [{ passedBytes }, { busyMs, connections }] = [link, source.stats()];
  await until("the source has seen its bytes wait for a while", () => source.stats().busyMs > busyMs + 300);
  // What was on its way into the link when it died is all that may still be counted.
  expect(link.passedBytes - passedBytes).toBeLessThanOrEqual(65_536);
  expect(source.stats().queuedBytes).toBeGreaterThan(0);
  link.dead = false;
  await sending;
  source.end({ digest: "ab" });
  await source.acknowledged();
  await source.close();
  expect(await reading).toBeGreaterThanOrEqual(8 * MB);
  expect(source.stats().connections).toBe(connections);
});

test("a link that dies for a time lives again by itself", async () => {
  const sending = sendFor(MB);
  await link.dieFor(50);
  expect(link.dead).toBe(false);
  await sending;
});
