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
