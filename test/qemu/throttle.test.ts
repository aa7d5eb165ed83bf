import { expect, test } from "vitest";
import { need } from "../support/requirements.ts";
import { busy, calmed, eventsOf, move } from "./support/busy.ts";
import { Machines } from "./support/machines.ts";

const qemu = need("qemu");
/** However it is slowed down, a guest writes for 10 ms at a time, some 50 MB where nothing else holds it back: they are to fit the limit. */
const linkBytesPerSec = 192_000_000;
/** Takes more than twice the limit to send, so that nothing but slowing it down gets it moved. */
const mib = 320;
const size = { memoryMib: 512, roomMib: mib };
const downtimeLimitMs = 700;

test("C10, Q17: a guest that writes as fast as it can moves where its policy may slow it down, each step is told, and it stands still for less than twice its limit", async (context) => {
  if (qemu.path === undefined) return context.skip(qemu.missing);
  await using machines = await Machines.start({ linkBytesPerSec }, {}, undefined, size);
  const guest = await busy(machines, "throttled", { mib, rate: 0 });
  const ladder = [{ remedy: "throttle" as const, maxShare: 0.99 }];
  const limits = { downtimeLimitMs, ladder };
  const plan = await machines.cluster.client.plans.create({ guest: guest.id, destination: "beta", limits });
  expect(plan.remedies).toMatchObject([{ remedy: "throttle", usable: true, most: { lostShare: 0.99 } }]);
  const moved = await move(machines, guest, limits);
  const decided = await eventsOf(machines, moved.id, "migration.decision");
  const shares = decided.flatMap(({ data }) => (data["remedy"] === "throttle" ? [Number(data["lostShare"])] : []));
  console.log({ shares });
  expect(`${moved.phase}: ${moved.reason?.sentence}`).toMatch(/^completed/);
  expect(shares).not.toEqual([]);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  // What a machine with other work to do adds is not what was to be seen: that nobody has sent for the guest what it has written anew.
  expect(moved.downtimeMs).toBeLessThan(2 * downtimeLimitMs);
  await calmed(machines, guest, "beta");
}, 600_000);
