/** What a running QEMU says of its guest, and how it is had go on. */
import { z } from "zod";
import type { Qmp } from "./qmp/qmp.ts";

const Status = z.object({ running: z.boolean(), status: z.string() });
const Kvm = z.object({ enabled: z.boolean() });
const MemorySize = z.object({ "base-memory": z.number(), "plugged-memory": z.number().default(0) });

export async function isRunning(qmp: Qmp): Promise<boolean> {
  return Status.parse(await qmp.execute("query-status")).running;
}

/** "running", "paused", "inmigrate", "postmigrate" and so on: `RunState` of QEMU's qapi/run-state.json. */
export async function runStateOf(qmp: Qmp): Promise<string> {
  return Status.parse(await qmp.execute("query-status")).status;
}

/** Whether its guest's processors are KVM's. */
export async function hasKvm(qmp: Qmp): Promise<boolean> {
  return Kvm.parse(await qmp.execute("query-kvm")).enabled;
}

/** Has the guest run, where it does not. */
export async function goOn(qmp: Qmp): Promise<void> {
  if (!(await isRunning(qmp))) await qmp.execute("cont");
}

/** Has the guest stand still, where it runs. */
export async function standStill(qmp: Qmp): Promise<void> {
  if (await isRunning(qmp)) await qmp.execute("stop");
}

export async function memoryBytesOf(qmp: Qmp): Promise<number> {
  const size = MemorySize.parse(await qmp.execute("query-memory-size-summary"));
  return size["base-memory"] + size["plugged-memory"];
}
