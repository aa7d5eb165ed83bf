import { createServer } from "node:net";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { Answers, watchServing } from "./serving-watch.ts";

const [a, b] = ["127.0.0.1:1", "127.0.0.2:1"];

test("two endpoints that answer in turn, on connections that do not overlap, never served at once", () => {
  const answers = new Answers(() => 100);
  const first = answers.begin(a, 10);
  answers.extend(first, 12, 14);
  answers.extend(first, 20, 31);
  const second = answers.begin(b, 30);
  answers.extend(second, 33, 35);
  const third = answers.begin(a, 40);
  answers.extend(third, 43, 45);
  expect(answers.report()).toMatchObject({ answers: 7, bothServing: 0, evidence: [] });
});

test("an endpoint that answers while another answers before and after on one connection is evidence", () => {
  const answers = new Answers(() => 100);
  const first = answers.begin(a, 10);
  const second = answers.begin(b, 15);
  answers.extend(second, 18, 19);
  answers.extend(first, 30, 31);
  answers.extend(first, 40, 41);
  expect(answers.report()).toMatchObject({
    bothServing: 1,
    evidence: [{ one: { endpoint: a, fromMs: 10 }, other: { endpoint: b, fromMs: 15, toMs: 18 } }],
  });
});

test("a single answer proves nothing", () => {
  const answers = new Answers(() => 100);
  const first = answers.begin(a, 10);
  answers.begin(b, 15);
  answers.extend(first, 30, 31);
  expect(answers.report().bothServing).toBe(0);
});

test("the longest gap is the time between two answers of any endpoint", () => {
  const answers = new Answers(() => 100);
  const first = answers.begin(a, 10);
  answers.extend(first, 12, 14);
  const second = answers.begin(b, 60);
  answers.extend(second, 61, 63);
  expect(answers.report()).toMatchObject({ longestGapMs: 46, sinceLastMs: 37 });
});

test("two servers that both answer are found out", async () => {
  const servers = await Promise.all(
    ["127.0.0.1", "127.0.0.2"].map(async (host) => {
      const server = createServer((socket) =>
        socket.on("data", () => socket.write("{}\n")).on("error", () => undefined),
      );
      server.listen(0, host);
      await once(server, "listening");
      return server;
    }),
  );
  const endpoints = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? `${address.address}:${address.port}` : "";
  });
  const watch = watchServing(endpoints);
  await vi.waitFor(() => expect(watch.report().bothServing).toBe(1));
  await watch[Symbol.asyncDispose]();
  for (const server of servers) server.close();
});
