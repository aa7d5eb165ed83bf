import type { Event, Guest, Limits, Migration } from "@godwit/contract";
import { expect } from "vitest";
import type { Machines } from "./machines.ts";

/** Before all events. */
const origin = Buffer.from("0.0").toString("base64url");

/** A guest on alpha that writes so much memory over and over, at so many MiB a second; 0 as fast as it can. */
export async function busy(machines: Machines, name: string, work: { mib: number; rate: number }): Promise<Guest> {
  const guest = await machines.create(name);
  using console = await machines.console(guest, "alpha");
  await console.tell(`rate ${work.rate}`);
  await console.tell(`mib ${work.mib}`);
  return guest;
}

/** It has lost nothing on the way, and leaves the machine to the next. */
export async function calmed(machines: Machines, guest: Guest, host: string): Promise<void> {
  using console = await machines.console(guest, host);
  expect(await console.more(5)).toMatchObject({ errors: 0, bad: 0 });
  await console.tell("mib 0");
}

/** To beta, with what became of it printed. */
export async function move(machines: Machines, guest: Guest, limits: Partial<Limits>): Promise<Migration> {
  const migration = await machines.migrate(guest, "beta", { limits });
  const { phase, reason, predictedDowntimeMs, downtimeMs, report } = migration;
  console.log({ phase, because: reason?.sentence, predictedDowntimeMs, downtimeMs, report });
  return migration;
}

export async function eventsOf(machines: Machines, id: string, type: string): Promise<Event[]> {
  const events: Event[] = [];
  for await (const told of machines.cluster.client.migrations.events(id, origin))
    if (told.type === "event" && told.event.type === type) events.push(told.event);
  return events;
}
