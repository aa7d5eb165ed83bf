import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeArguments } from "@godwit/launch";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { freePort } from "../../../../../test/support/ports.ts";
import { KeyValueServer } from "./key-value-server.ts";
import { KeyValueStore } from "./key-value.ts";
import { startLoad } from "./load.ts";
import { Pages } from "./pages.ts";

let server: KeyValueServer;
let endpoint: string;

beforeEach(async () => {
  const port = await freePort(["127.0.0.1", "127.0.0.2"]);
  endpoint = `127.0.0.1:${port}`;
  server = new KeyValueServer({ host: "127.0.0.1", port }, () => ({}));
  await server.start(KeyValueStore.create(new Pages(1024 ** 2)));
});

afterEach(() => server.stop());

test("the program takes phases, and a new rate by a line on its standard input, and ends though nobody closes that", async () => {
  const options = ["--endpoints", endpoint, "--keys", "100", "--phases", "50x3600", "--fill"];
  const program = fileURLToPath(new URL("load.ts", import.meta.url));
  const child = spawn(process.execPath, [...nodeArguments(), program, ...options], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => (complaints += text.toString()));
  const rates: unknown[] = [];
  const last = { line: "" };
  createInterface({ input: child.stdout }).on("line", (line) => {
    last.line = line;
    rates.push(Object(JSON.parse(line)).writesPerSecond);
  });
  const soon = async (check: () => void) => await vi.waitFor(check, { timeout: 20_000, interval: 10 });
  await soon(() => expect(rates).toContain(50));
  child.stdin.write("faster\nrate 1200\n");
  await soon(() => expect(rates).toContain(1200));
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect(JSON.parse(last.line)).toMatchObject({ verified: true, lost: 0, stale: 0, corrupt: 0, writesPerSecond: 1200 });
  expect(complaints).toBe("Not understood: faster\n");
});

test("a load writes at the rate that it is told last", async () => {
  await using load = startLoad({ endpoints: [endpoint], keys: 100, writesPerSecond: 0 });
  await load.fill();
  await vi.waitFor(() => expect(load.stats().acknowledged).toBe(100), { timeout: 5000 });
  expect(load.stats()).toMatchObject({ acknowledged: 100, writesPerSecond: 0 });
  load.setRate(20_000);
  await vi.waitFor(() => expect(load.stats().acknowledged).toBeGreaterThan(2000), { timeout: 10_000 });
  load.setRate(0);
  const { sent } = load.stats();
  await vi.waitFor(() => expect(load.stats().acknowledged).toBe(sent), { timeout: 5000 });
  expect(load.stats().sent).toBe(sent);
});
