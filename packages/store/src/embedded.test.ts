import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Worker } from "node:worker_threads";
import { nodeArguments } from "@godwit/launch";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DataFolderInUseError, openStore, type Store } from "./index.ts";

let root: string;
/** A data folder that was made once; each test works on a copy, as making one takes seconds. */
let made: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "godwit-embedded-"));
  made = join(root, "d".repeat(120));
  // As a process leaves it that was killed while it made the database.
  await mkdir(join(made, "db", "base"), { recursive: true, mode: 0o755 });
  await writeFile(join(made, "db", "PG_VERSION"), "");
  await writeFile(join(made, "db.unfinished"), "");
  await writeFile(join(made, "of-the-caller"), "kept");
  await using store = await openStore({ dataFolder: made });
  await addPlan(store, "first");
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("a database of which the making was cut short is made anew, also where the path is too long for a socket", async () => {
  expect((await readdir(made)).toSorted()).toEqual(["db", "of-the-caller"]);
  expect(await readFile(join(made, "of-the-caller"), "utf8")).toBe("kept");
  expect((await stat(made)).mode & 0o777).toBe(0o700);
});

test("a folder that is open is refused, with the process that has it, until it is closed; then all is there", async () => {
  const dataFolder = await copyOfMade("locked");
  const store = await openStore({ dataFolder });
  const refusal = openStore({ dataFolder: join(dataFolder, "..", "locked") });
  await expect(refusal).rejects.toThrow(DataFolderInUseError);
  await expect(refusal).rejects.toThrow(`in use by pid ${process.pid}`);
  await store.ping();
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  expect((await readdir(dataFolder)).toSorted()).toEqual(["db", "of-the-caller"]);
  await using reopened = await openStore({ dataFolder });
  expect(await reopened.plans.find("first")).toBeDefined();
});

test("after kill -9 in the midst of writing, all that was committed is there and the lock is free", async () => {
  const dataFolder = await copyOfMade("killed");
  const program = `
    import { openStore } from ${JSON.stringify(import.meta.resolve("./index.ts"))};
    const store = await openStore({ dataFolder: process.argv[1] });
    for (let n = 1; ; n += 1) {
      await store.plans.save({ id: "plan " + n, body: { n }, createdAt: new Date(0), expiresAt: new Date(1) });
      console.log(n);
    }`;
  const child = spawn(process.execPath, [...nodeArguments(), "--input-type=module", "-e", program, dataFolder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let committed = 0;
  let refusal: unknown;
  for await (const line of createInterface(child.stdout)) {
    committed = Number(line);
    if (committed === 1) refusal = await openStore({ dataFolder }).catch(String);
    if (committed === 40) child.kill("SIGKILL");
  }
  await ended;
  expect(refusal).toContain(`in use by pid ${child.pid}`);
  expect(committed).toBeGreaterThanOrEqual(40);

  await using store = await openStore({ dataFolder });
  for (let n = 1; n <= committed; n += 1) expect((await store.plans.find(`plan ${n}`))?.body).toEqual({ n });
});

test("the owner is told once when the database ends by itself, and calls reject from then on", async () => {
  const started = new Promise<Worker>((resolve) => process.once("worker", resolve));
  let lost: (error: Error) => void;
  const loss = new Promise<Error>((resolve) => (lost = resolve));
  const store = await openStore({ dataFolder: await copyOfMade("lost"), onLost: (error) => lost(error) });
  await (await started).terminate();
  expect((await loss).message).toBe("the embedded database ended by itself");
  await expect(store.ping()).rejects.toThrow(/connect|closed|terminated/i);
  await store[Symbol.asyncDispose]();
});

test("a database that does not open rejects with the reason, and the folder is not left locked", async () => {
  const dataFolder = join(root, "broken");
  await mkdir(join(dataFolder, "db"), { recursive: true });
  await writeFile(join(dataFolder, "db", "PG_VERSION"), "");
  await expect(openStore({ dataFolder })).rejects.toThrow(`the database in ${join(dataFolder, "db")} does not open`);
  expect(await readdir(dataFolder)).toEqual(["db"]);
});

async function copyOfMade(name: string): Promise<string> {
  await cp(made, join(root, name), { recursive: true });
  return join(root, name);
}

async function addPlan(store: Store, id: string): Promise<void> {
  await store.plans.save({ id, body: {}, createdAt: new Date(0), expiresAt: new Date(1) });
}
