import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { machineBy } from "./machine.ts";

const knowsStarts = existsSync("/proc/sys/kernel/random/boot_id");
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "godwit-machine-"));
  path = join(folder, "machine-start");
});
afterEach(async () => await rm(folder, { recursive: true }));

test("H8: a first run and a restart of the agent are no start of the machine", async () => {
  const first = await machineBy(path);
  expect(first.startedAnew).toBe(false);
  await first.noteStart();
  expect((await machineBy(path)).startedAnew).toBe(false);
});

test("H8: another start of the machine is noticed until it is noted", async () => {
  await writeFile(path, "another start\n");
  expect((await machineBy(path)).startedAnew).toBe(knowsStarts);
  const again = await machineBy(path);
  expect(again.startedAnew).toBe(knowsStarts);
  await again.noteStart();
  expect((await machineBy(path)).startedAnew).toBe(false);
  expect(await readFile(path, "utf8")).not.toBe(knowsStarts ? "another start\n" : "");
});
