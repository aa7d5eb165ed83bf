import type { Guest, Limits, Plan } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { busy, calmed, eventsOf, move } from "./support/busy.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
/** So slow that a busy machine keeps it up too. */
const linkBytesPerSec = 16_000_000;
const mib = 1024 * 1024;
const memoryBytes = 256 * mib;
const longMs = 120_000;

let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start({ linkBytesPerSec });
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

async function planOf(guest: Guest, limits: Partial<Limits>): Promise<Plan> {
  return await machines.cluster.client.plans.create({ guest: guest.id, destination: "beta", limits });
}

function figure(inputs: Record<string, unknown> | undefined, name: string): number {
  return Number(inputs?.[name]);
}

test("C6, Q14, Q16: a guest that is written faster than its link carries is called hopeless by its figures, and the next time before it starts", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const guest = await busy(machines, "hopeless", { mib: 112, rate: 30 });
  // With a ladder it is tried, whatever was seen before; there is no cap that could be raised.
  const tried = await move(machines, guest, { downtimeLimitMs: 300, ladder: [{ remedy: "bandwidth" }] });
  expect(tried.phase).toBe("aborted");
  expect(["DIRTY_RATE", "WORKING_SET"]).toContain(tried.reason?.code);
  expect(tried.reason?.sentence).toMatch(
    /^machine is written at .* and the link gives .*hopeless goes on serving on alpha/,
  );
  const told = tried.reason?.inputs;
  expect(figure(told, "bytesPerSec")).toBeLessThan(1.1 * linkBytesPerSec);
  expect(figure(told, "dirtyBytesPerSec")).toBeGreaterThan(0.7 * figure(told, "bytesPerSec"));
  expect(figure(told, "needLimitMs")).toBeGreaterThan(300);
  // Within two passes.
  expect(tried.sentBytes).toBeLessThan(2 * memoryBytes);

  const plan = await until(
    "its plan calls it hopeless",
    async () => {
      const made = await planOf(guest, { downtimeLimitMs: 300 });
      return made.outlook?.verdict.code === "DIRTY_RATE" && made;
    },
    longMs,
  );
  expect(plan.outlook).toMatchObject({ probability: 0, verdict: { kind: "hopeless" } });
  // It writes 31.5 MB a second.
  const foreseen = figure(plan.outlook?.verdict.inputs, "dirtyBytesPerSec");
  console.log({ foreseen, outlook: plan.outlook?.verdict.sentence });
  expect(foreseen).toBeGreaterThan(25_000_000);
  expect(foreseen).toBeLessThan(38_000_000);
  const unmoved = await move(machines, guest, { downtimeLimitMs: 300 });
  expect(unmoved).toMatchObject({ phase: "aborted", sentBytes: 0 });
  // By the planner, or by the judge once it was let start.
  expect(["CANNOT_CONVERGE", "DIRTY_RATE"]).toContain(unmoved.reason?.code);
  await calmed(machines, guest, "alpha");
}, 400_000);

test("C7, C10, L2: a guest that its migration's cap holds back is told so, moves once its policy has raised that, and has taught no bandwidth by it", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const guest = await busy(machines, "capped", { mib: 24, rate: 6 });
  const limits = { downtimeLimitMs: 400, bandwidthBytesPerSec: 4_000_000 };
  const moved = await move(machines, guest, { ...limits, ladder: [{ remedy: "bandwidth" }] });
  expect(`${moved.phase}: ${moved.reason?.sentence}`).toMatch(/^completed/);
  expect(moved.limits.bandwidthBytesPerSec).toBeUndefined();
  const verdicts = await eventsOf(machines, moved.id, "migration.verdict");
  const blocked = verdicts.find(({ data }) => data["kind"] === "needsMore");
  expect(blocked?.data).toMatchObject({ capBytesPerSec: 4_000_000, device: "machine" });
  expect(blocked?.sentence).toMatch(/machine is written at .* and the migration may use 4 MB\/s/);
  const [raised] = await eventsOf(machines, moved.id, "migration.decision");
  expect(raised?.data).toMatchObject({ remedy: "bandwidth" });
  await calmed(machines, guest, "beta");
}, 400_000);

test("C10: a guest of QEMU's whose limit is too short moves where its policy may raise that, and each step is told", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const guest = await busy(machines, "patient", { mib: 24, rate: 24 });
  const limits = { downtimeLimitMs: 20, ladder: [{ remedy: "downtimeLimit" as const, maxMs: 8_000 }] };
  const { id, phase, reason, limits: last } = await move(machines, guest, limits);
  expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
  expect(last.downtimeLimitMs).toBeGreaterThanOrEqual(40);
  const sentences = (await eventsOf(machines, id, "migration.decision")).map(({ sentence }) => sentence);
  expect(sentences.filter((sentence) => sentence.startsWith("The downtime may last"))).not.toEqual([]);
  await calmed(machines, guest, "beta");
}, 400_000);
