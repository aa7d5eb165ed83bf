import type { Guest } from "@godwit/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { struck } from "../e2e/support/mortal.ts";
import { until } from "../e2e/support/until.ts";
import { need } from "../support/requirements.ts";
import { isDeaf } from "./support/deaf.ts";
import { Hazards } from "./support/hazards.ts";

const qemu = need("qemu");
/** Of a link on which the rest of a guest takes seconds. */
const slowBytesPerSec = 6_000_000;
/** What stalls must be more than all buffers on the way hold. */
const begun = "mib 64";

let hazards: Hazards;

beforeAll(async () => {
  if (qemu.path !== undefined) hazards = await Hazards.start();
}, 300_000);

afterAll(async () => await hazards?.[Symbol.asyncDispose](), 120_000);

/** The guest stands still, and nothing of what its QEMU sends goes any further. */
async function stalledIn(guest: Guest): Promise<string> {
  const { link, machines } = hazards;
  link.bytesPerSec = slowBytesPerSec;
  const id = await hazards.begin(guest);
  await hazards.isSending(id);
  await hazards.order("alpha", "says frozen", []);
  await machines.cluster.client.migrations.switchover(id, "now");
  await struck(machines.cluster, "alpha");
  link.dead = true;
  // Between the stop and the rest of its memory it still answers.
  const asked = async () => await hazards.isRunningOn(guest, "alpha", 2_000).catch(isDeaf);
  await until("its QEMU hears nothing any more", async () => (await asked()) === "deaf");
  return id;
}

test.for(["cancelled by somebody", "left alone"] as const)(
  "Q15: a stream that stalls with the guest stopped is cut, and the guest goes on where it was: %s",
  { timeout: 200_000 },
  async (what, context) => {
    if (qemu.path === undefined) return context.skip(qemu.missing);
    const { link, machines } = hazards;
    const guest = await machines.create(what === "left alone" ? "alone" : "cancelled");
    using heartbeats = await machines.heartbeats(guest, "alpha");
    await heartbeats.console.tell(begun);
    await heartbeats.console.more(2);
    const id = await stalledIn(guest);
    if (what !== "left alone") await machines.cluster.client.migrations.cancel(id);
    const ended = await hazards.ended(id);
    console.log(`${ended.phase}: ${ended.reason?.sentence}`);
    expect([ended.phase, ended.reason?.code]).toEqual(
      what === "left alone" ? ["failed", "stalled"] : ["aborted", "CANCELLED"],
    );
    expect(ended.reason?.sentence).toMatch(
      what === "left alone" ? /its stream has stalled: for 10 s/ : /cancelled in the switchover/,
    );
    expect(ended.reason?.sentence).toContain(`${guest.name} goes on serving on alpha`);
    // The link is dead still.
    await hazards.settles(guest, "alpha");
    const { gaps, last } = await heartbeats.summary();
    expect([gaps, last.errors, last.bad]).toEqual([[], 0, 0]);
    link.dead = false;
    link.bytesPerSec = undefined;
    await machines.cluster.client.guests.remove(guest.id);
  },
);
