import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sharePlacesIn } from "./places.ts";
import { Virtiofsd } from "./virtiofsd.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "gw-share-"))));
afterEach(async () => await rm(folder, { recursive: true }));

const connected = "[2026-07-01T00:00:00Z INFO  virtiofsd] Client connected, servicing requests";

/** Says something and stays, without a socket, as one has none any more that its QEMU has connected to. */
async function programSaying(text: string): Promise<string> {
  const program = join(folder, "virtiofsd");
  await writeFile(program, `#!/bin/sh\necho '${text}'\nexec sleep 60\n`, { mode: 0o700 });
  return program;
}

const spec = () => ({ name: "files of web", folder, directory: folder, sandbox: "none" as const });

test("one that its QEMU has connected to before anybody looked has started", async () => {
  const virtiofsd = await Virtiofsd.start(await programSaying(connected), spec(), { deadlineMs: 10_000 });
  expect(virtiofsd.process.pid).toBeGreaterThan(0);
  await virtiofsd.end();
});

test("what an earlier one has said in the same folder says nothing of this one", async () => {
  await writeFile(sharePlacesIn(folder).log, `${connected}\n`);
  const starting = Virtiofsd.start(await programSaying("Waiting"), spec(), { deadlineMs: 300 });
  await expect(starting).rejects.toThrow(/not within 300 ms: .*Waiting/);
});
