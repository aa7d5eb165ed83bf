import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Guest } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";
import { Witness } from "./support/witness.ts";

const qemu = need("qemu");
/** Beyond some 19,000 they are known by handles alone. */
const shares = [
  { files: 100, fileHandles: false },
  { files: 15_000, fileHandles: false },
  { files: 100, fileHandles: true },
  { files: 21_000, fileHandles: true },
];
const journeys = 4;
const filesInFolder = 1_000;
/** What a machine that does something else as well may add to any time. */
const slackMs = 40;
const limits = { hold: true, downtimeLimitMs: 3_000, patience: "untilDeadline" as const, deadlineMs: 120_000 };

let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start();
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

test("Q7, L5: the downtime of a guest is foreseen, however many files of its share it knows", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const rows: Row[] = [];
  for (const share of shares) rows.push(...(await travel(share)));
  console.table(rows);
  for (const { files, handles } of rows.filter((_, index) => index % journeys === 0)) {
    const alike = rows.filter((row) => row.files === files && row.handles === handles);
    const predicted = medianOf(alike.map((row) => row.predictedMs));
    const actual = medianOf(alike.map((row) => row.actualMs));
    expect(actual, `of ${files} files`).toBeLessThan(2 * predicted + slackMs);
    expect(actual, `of ${files} files`).toBeGreaterThan(predicted / 2 - slackMs);
  }
}, 480_000);

interface Row {
  files: number;
  handles: boolean;
  predictedMs: number;
  actualMs: number;
  error: string;
}

/** A guest that has looked at every file of its share goes back and forth. */
async function travel({ files, fileHandles }: (typeof shares)[number]): Promise<Row[]> {
  const name = `with-${files}-${fileHandles ? "handles" : "open"}`;
  const monitor = join(machines.guests.folder, `${name}.sock`);
  const words = Witness.arguments(monitor);
  const share = await machines.guests.share(name);
  await fill(share, files);
  const guest = await machines.create(name, "alpha", { share, machine: { arguments: words }, files: { fileHandles } });
  const known = await walk(guest);
  expect(known).toBeGreaterThanOrEqual(files);
  let witness = await Witness.at(monitor);
  const rows: Row[] = [];
  for (let journey = 0; journey < journeys; journey += 1) {
    const moved = await journeyOf(guest, journey % 2 === 0 ? "beta" : "alpha", witness);
    witness[Symbol.dispose]();
    witness = moved.witness;
    const { predictedMs, actualMs } = moved;
    const error = `${Math.round((100 * (predictedMs - actualMs)) / actualMs)} %`;
    rows.push({ files: known, handles: fileHandles, predictedMs, actualMs, error });
  }
  witness[Symbol.dispose]();
  await machines.cluster.client.guests.remove(guest.id);
  return rows;
}

async function fill(share: string, files: number): Promise<void> {
  for (let made = 0; made < files; made += filesInFolder) {
    const folder = join(share, `folder-${made}`);
    await mkdir(folder);
    const names = Array.from({ length: Math.min(filesInFolder, files - made) }, (_, index) => `file-${index}`);
    await Promise.all(names.map((name) => writeFile(join(folder, name), "")));
  }
}

/** How many there were. */
async function walk(guest: Guest): Promise<number> {
  using console = await machines.console(guest, "alpha");
  await console.more(1);
  await console.tell("walk");
  const said = console.said.find((line) => line.startsWith("walked "));
  return Number(said?.split(" ")[1]);
}

/** From the stop of one QEMU to the other's going on, as both tell it by the one clock of this machine; and what was foreseen at the brink. */
async function journeyOf(guest: Guest, to: string, witness: Witness) {
  const { client } = machines.cluster;
  const { id } = await client.migrations.create({ guest: guest.id, destination: to, limits });
  const there = await witness.next();
  const atBrink = await until("the brink", async () => {
    const { verdict, predictedDowntimeMs, devices } = await client.migrations.get(id);
    const left = devices.find(({ kind }) => kind === "qemu")?.pending?.precopyBytes ?? Infinity;
    return verdict?.kind === "ready" && left < 2_000_000 ? predictedDowntimeMs : undefined;
  });
  const [stopped, resumed] = [witness.event("STOP"), there.event("RESUME")];
  await client.migrations.hold(id, false);
  const [{ atMs: stoppedAtMs }, { atMs: resumedAtMs }] = await Promise.all([stopped, resumed]);
  const { phase, reason } = await client.waitForEnd(id);
  expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
  return { witness: there, predictedMs: atBrink, actualMs: Math.round(10 * (resumedAtMs - stoppedAtMs)) / 10 };
}

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}
