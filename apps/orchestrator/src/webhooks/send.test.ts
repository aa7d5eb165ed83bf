import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test } from "vitest";
import { OrchestratorConfig } from "../config.ts";
import { Receiver } from "../support/receiver.ts";
import { type Resolve, retryAfterIn, sendOnce } from "./send.ts";

const body = JSON.stringify({ type: "t", timestamp: "2026-01-31T14:03:22.871Z", data: {} });

function leadsTo(...addresses: string[]): Resolve {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_, __, done) => done(null, found);
}

async function send(url: string, resolve?: Resolve, timeoutMs = 5_000) {
  const signal = new AbortController().signal;
  const sending = { timeoutMs, signal, ...(resolve && { resolve }) };
  return await sendOnce({ url, headers: { "content-type": "application/json" }, body }, sending);
}

test("W5: a name that leads to this machine or to a metadata service is refused, whatever else it leads to", async () => {
  await using receiver = await Receiver.listen();
  const { port } = new URL(receiver.origin);
  for (const addresses of [["127.0.0.1"], ["169.254.169.254"], ["203.0.113.9", "::ffff:7f00:1"], ["0.0.0.0"]])
    expect(await send(`http://hooks.test:${port}/`, leadsTo(...addresses))).toMatchObject({
      failure: expect.stringMatching(/^hooks\.test is refused: /),
    });
  expect(await send("http://169.254.169.254/latest")).toMatchObject({ failure: expect.stringContaining("metadata") });
  expect(await send(`http://localhost:${port}/`, leadsTo("169.254.169.254"))).toMatchObject({
    failure: expect.anything(),
  });
  expect(receiver.received).toEqual([]);
  expect(await send(`http://localhost:${port}/`, leadsTo("127.0.0.1"))).toMatchObject({ status: 204 });
  expect(receiver.received).toHaveLength(1);
});

test("W4: whatever goes wrong is an answer, and takes no longer than it may", async () => {
  const silent = createServer((socket) => void socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await send(`http://127.0.0.1:${port}/`, undefined, 100)).toEqual({ failure: "no answer within 0.1 s" });
  silent.once("connection", (socket) => socket.destroy());
  expect(await send(`http://127.0.0.1:${port}/`)).toMatchObject({ failure: expect.stringMatching(/\w/) });
  silent.close();
  expect(await send("http://127.0.0.1:1/")).toMatchObject({ failure: expect.stringContaining("ECONNREFUSED") });
  const nowhere: Resolve = (_, __, done) => done(new Error("ENOTFOUND"), []);
  expect(await send("http://nowhere.test/", nowhere)).toEqual({ failure: "ENOTFOUND" });
});

test("a receiver says in seconds or by a date when it may be asked again", () => {
  expect(retryAfterIn("120", 0)).toBe(120_000);
  expect(retryAfterIn("Thu, 01 Jan 1970 00:01:00 GMT", 0)).toBe(60_000);
  expect(retryAfterIn("Thu, 01 Jan 1970 00:01:00 GMT", 90_000)).toBe(0);
  expect(retryAfterIn("soon", 0)).toBeUndefined();
  expect(retryAfterIn(undefined, 0)).toBeUndefined();
});

test.each([
  ["https://hooks.example.com", true],
  ["https://hooks.example.com:8443", true],
  ["https://10.0.0.1", true],
  ["http://127.0.0.1:9000", true],
  ["http://[::1]:9000", true],
  ["http://localhost:9000", true],
  ["https://hooks.example.com/", false],
  ["https://hooks.example.com/path", false],
  ["https://Hooks.example.com", false],
  ["https://*.example.com", false],
  ["http://hooks.example.com", false],
  ["http://10.0.0.1", false],
  ["https://169.254.169.254", false],
  ["https://[fe80::1]", false],
  ["ftp://hooks.example.com", false],
  ["hooks.example.com", false],
  ["", false],
])("W5: %j may be listed: %s", (receiver, may) => {
  const parsed = OrchestratorConfig.safeParse({ dataFolder: "/d", webhooks: { receivers: [receiver] } });
  expect(parsed.success).toBe(may);
});
