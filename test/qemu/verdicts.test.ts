import type { Event } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
/** Before all events. */
const origin = Buffer.from("0.0").toString("base64url");

let machines: Machines;

beforeAll(async () => {
  if (qemu.path !== undefined) machines = await Machines.start({ linkBytesPerSec: 400_000_000 });
}, 300_000);

afterAll(async () => await machines?.[Symbol.asyncDispose](), 120_000);

async function decisionsOf(id: string): Promise<Event[]> {
  const events: Event[] = [];
  for await (const told of machines.cluster.client.migrations.events(id, origin))
    if (told.type === "event" && told.event.type === "migration.decision") events.push(told.event);
  return events;
}

test("C10: a guest of QEMU's whose limit is too short moves where its policy may raise that, and each step is told", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  const guest = await machines.create("patient");
  using here = await machines.console(guest, "alpha");
  await here.tell("rate 24");
  await here.tell("mib 24");
  const limits = { downtimeLimitMs: 20, ladder: [{ remedy: "downtimeLimit" as const, maxMs: 4_000 }] };
  const { id, phase, reason, limits: last } = await machines.migrate(guest, "beta", { limits });
  expect(`${phase}: ${reason?.sentence}`).toMatch(/^completed/);
  expect(last.downtimeLimitMs).toBeGreaterThanOrEqual(40);
  const sentences = (await decisionsOf(id)).map(({ sentence }) => sentence);
  expect(sentences.filter((sentence) => sentence.startsWith("The downtime may last"))).not.toEqual([]);
  using there = await machines.console(guest, "beta");
  expect(await there.more(5)).toMatchObject({ errors: 0, bad: 0 });
}, 240_000);
