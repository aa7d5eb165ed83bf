import { readFile } from "node:fs/promises";
import { queryMigration, type Qmp, type QmpEvent } from "@godwit/qemu";

/** A migration, as the two QEMUs tell it by the one clock of this machine. */
export interface Journey {
  /** From QEMU's first look at its memory to the end of what is counted: all of it once, or what went over before the stop. */
  passMs: number;
  passBytes: number;
  /** From the stop of the source to the destination's going on. */
  stoppedMs: number;
  /** Sent meanwhile. */
  stoppedBytes: number;
  /** Processor time up to the end of the pass: of both agents, or of both QEMUs alone. */
  cpuMs: number;
}

/** Asked for before what brings it about. One that nobody waits for any more fails quietly. */
export function told(qmp: Qmp, name: string, data: QmpEvent["data"] = {}): Promise<QmpEvent> {
  const isIt = (event: QmpEvent) =>
    event.name === name && Object.entries(data).every(([key, value]) => event.data[key] === value);
  const event = qmp.event(`${name} ${JSON.stringify(data)}`, isIt, { deadlineMs: 60_000 });
  event.catch(() => undefined);
  return event;
}

export async function sentBytesOf(qmp: Qmp): Promise<number> {
  return (await queryMigration(qmp)).sentBytes;
}

/** Of the processes with all their threads, so far (proc_pid_stat(5); the kernel counts in ticks of 10 ms). */
export async function cpuMsOf(pids: number[]): Promise<number> {
  const used = pids.map(async (pid) => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return 10 * (Number(user) + Number(system));
  });
  return (await Promise.all(used)).reduce((sum, each) => sum + each, 0);
}
