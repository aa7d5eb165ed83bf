import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beatIn, sampleShareTag as tag } from "@godwit/qemu";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand, runCommandOn } from "../e2e/support/command.ts";
import { processesOf } from "../e2e/support/processes.ts";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { findTestGuest } from "../support/test-guest.ts";
import { commandLine, memoryMib } from "./support/guests.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
const script = fileURLToPath(new URL("../../examples/hand-over.sh", import.meta.url));
let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start();
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

async function beatsIn(log: string) {
  const said = await readFile(log, "utf8").catch(() => "");
  return said.split("\n").flatMap((line) => beatIn(line) ?? []);
}

test("Q10: a script with curl alone hands its own QEMU over and has it moved", async (context) => {
  const found = findTestGuest();
  if (found.missing !== undefined) return context.skip(found.missing);
  const folder = join(machines.guests.folder, "wrapper");
  await mkdir(folder);
  const { programs, kernel, initramfs } = found;
  const env = {
    PATH: process.env["PATH"],
    GODWIT_SERVER: machines.cluster.url,
    GODWIT_TOKEN: machines.cluster.token,
    QEMU: programs.qemu,
    VIRTIOFSD: programs.virtiofsd,
    ACCELERATOR: "tcg",
    KERNEL: kernel,
    INITRAMFS: initramfs,
    COMMAND_LINE: commandLine,
    SHARE: await machines.guests.share("wrapper-share"),
    FOLDER: folder,
    DOWNTIME_LIMIT_MS: "5000",
  };
  try {
    const { stdout } = await promisify(execFile)(script, ["theirs", "alpha", "beta"], { env });
    console.log(stdout.trim());
    expect(stdout).toMatch(/^theirs: handed over as guest [0-9a-f-]{36}$/m);
    expect(stdout).toMatch(/^theirs: completed on beta, stopped for [\d.]+ ms$/m);
    // Its own processes have ended; what runs now is of beta's agent.
    await until("alpha has left it", async () => (await machines.cluster.devicesOn("alpha")).length === 0);
    const log = join(folder, "theirs.console");
    const before = (await beatsIn(log)).at(-1)?.n ?? 0;
    const later = await until("it goes on there", async () => {
      const last = (await beatsIn(log)).at(-1);
      return last !== undefined && last.n > before + 5 && last.file > 5 ? last : undefined;
    });
    expect(later).toMatchObject({ errors: 0, bad: 0 });
    await machines.cluster.client.guests.remove("theirs");
    expect(await processesOf(folder)).toEqual([]);
  } finally {
    for (const { pid } of await processesOf(folder)) process.kill(pid, "SIGKILL");
  }
}, 240_000);

test("Q12: a machine is started from its spec, and what is wrong about one is named by its field", async (context) => {
  const found = findTestGuest();
  if (found.missing !== undefined) return context.skip(found.missing);
  const { cluster, guests } = machines;
  const { kernel: image, initramfs } = found;
  const shares = [{ tag, path: await guests.share("written"), sandbox: "none" }];
  const kernel = { image, initramfs, commandLine };
  const spec = {
    name: "written",
    host: "alpha",
    accelerator: "tcg",
    memoryMib,
    kernel,
    shares,
    restore: guests.savedState,
  };
  const file = join(guests.folder, "spec.json");
  const create = async (changed: object) => {
    await writeFile(file, JSON.stringify({ ...spec, ...changed }));
    return await runCommand(cluster, "guest", "create", "--qemu", file);
  };
  expect(await create({ memory: 512 })).toMatchObject({
    code: 2,
    talk: expect.stringContaining("memory: is not known"),
  });
  expect(await create({ cpus: 0 })).toMatchObject({ code: 2, talk: expect.stringContaining("cpus: ") });
  const made = await create({});
  expect(made).toMatchObject({ code: 0, talk: "" });
  const guest = { id: made.data.trim() };
  using console = await machines.console(guest, "alpha");
  expect(await console.more(3)).toMatchObject({ bad: 0 });
  expect(await runCommand(cluster, "guest", "delete", "written")).toMatchObject({ code: 0 });
  expect(await cluster.devicesOn("alpha")).toEqual([]);
  const pipe = async (text: string) => await runCommandOn(text, cluster, "guest", "create", "--qemu", "-");
  expect(await pipe("{")).toMatchObject({ code: 2, talk: expect.stringContaining("is no JSON object") });
  expect(await pipe(JSON.stringify({ ...spec, cpus: 0 }))).toMatchObject({
    code: 2,
    talk: expect.stringContaining("cpus: "),
  });
  const piped = await pipe(JSON.stringify({ ...spec, name: "piped" }));
  expect(piped).toMatchObject({ code: 0, talk: "" });
  using there = await machines.console({ id: piped.data.trim() }, "alpha");
  expect(await there.more(3)).toMatchObject({ bad: 0 });
  await cluster.client.guests.remove("piped");
}, 240_000);
