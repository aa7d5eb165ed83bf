import type { Guest } from "@godwit/contract";
import { placesIn, processIn } from "@godwit/qemu";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
/** So that there is time to strike. */
const slowly = { limits: { bandwidthBytesPerSec: 4_000_000, deadlineMs: 120_000, patience: "untilDeadline" as const } };

let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start();
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

async function killQemu(guest: Guest, host: string): Promise<void> {
  const { pidFile, qmp } = placesIn(machines.folderOf(guest, host));
  const found = await processIn(pidFile, qmp);
  if (found === undefined) throw new Error(`${guest.name} has no QEMU on ${host}`);
  process.kill(found.pid, "SIGKILL");
}

/** Begins a migration to beta, kills a QEMU in the middle of it, and says how it ended. */
async function struck(guest: Guest, host: string): Promise<{ phase: string; said: string }> {
  const { client } = machines.cluster;
  const { id } = await client.migrations.create({ guest: guest.id, destination: "beta", ...slowly });
  await until("it is on its way", async () => {
    const { devices } = await client.migrations.get(id);
    return devices.some(({ sentBytes }) => sentBytes > 1_000_000);
  });
  await killQemu(guest, host);
  const { phase, reason } = await client.waitForEnd(id);
  return { phase, said: reason?.sentence ?? "" };
}

test("Q6, M18: the end of the destination's QEMU is named, and the guest runs on where it was", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const guest = await machines.create("kept");
  using here = await machines.console(guest, "alpha");
  const { phase, said } = await struck(guest, "beta");
  console.log(said);
  expect(phase).toBe("failed");
  expect(said).toMatch(/^beta gave up: .*QEMU for kept has ended by SIGKILL.*kept goes on serving on alpha/);
  expect(await here.more(5)).toMatchObject({ errors: 0, bad: 0 });
  await until("nothing is left on beta", async () => (await machines.cluster.devicesOn("beta")).length === 0);
  expect((await machines.migrate(guest, "beta")).phase).toBe("completed");
}, 240_000);

test("Q6, M17: the end of the source's QEMU is named, its guest is lost, and its agent goes on with its other guests", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const [guest, other] = [await machines.create("killed"), await machines.create("bystander")];
  const agent = machines.cluster.pid("alpha");
  const { phase, said } = await struck(guest, "alpha");
  console.log(said);
  expect(phase).toBe("lost");
  expect(said).toContain("alpha has nothing left of killed that could run: QEMU for killed has ended by SIGKILL");
  expect((await machines.cluster.client.guests.get(guest.id)).state).toBe("lost");
  expect((await machines.migrate(other, "beta")).phase).toBe("completed");
  expect(machines.cluster.pid("alpha")).toBe(agent);
  await until("nothing is left on beta but the other guest", async () => {
    const left = await machines.cluster.devicesOn("beta");
    return left.every((command) => !command.includes(guest.id));
  });
}, 240_000);
