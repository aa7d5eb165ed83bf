import { expect, test } from "vitest";
import { bandwidthToMove, busiestLinkMs, isMovable, writtenBytes } from "./fleet.ts";
import { errands, fleetOf } from "./fleet-of.ts";
import { fleet, guest, host } from "./support/fleets.ts";

test("a guest needs what it writes in the time that its limit leaves, and what only the stop can move", () => {
  const still = guest("g", { stopcopyBytes: 95e6, limitMs: 250, fixedMs: 50 });
  expect(bandwidthToMove(still)).toBeCloseTo(95e6 / 0.19);
  const busy = guest("g", { regions: [{ bytes: 1e9, writesPerSec: 1 }] });
  expect(writtenBytes(busy, 1)).toBeCloseTo(1e9 * (1 - Math.exp(-1)));
  expect(writtenBytes(busy, 1, 2)).toBeCloseTo(1e9 * (1 - Math.exp(-2)));
  expect(bandwidthToMove(guest("g", { fixedMs: 300 }))).toBe(Infinity);
});

test("the bound is the busiest link's, in either direction, or the cluster's; guests that cannot be moved do not count", () => {
  const hot = guest("hot", { regions: [{ bytes: 5e9, writesPerSec: 1 }] });
  const two = [guest("g1"), guest("g2", { destination: 2 }), guest("g3", { source: 2 }), hot];
  const moved = fleet({ guests: two });
  expect(two.map((each) => isMovable(moved, each))).toEqual([true, true, true, false]);
  expect(busiestLinkMs(moved)).toBe(20_000);
  const narrow = [host("a"), host("b", { inBytesPerSec: 0.5e9 }), host("c")];
  expect(busiestLinkMs({ ...moved, hosts: narrow })).toBe(40_000);
  expect(busiestLinkMs({ ...moved, clusterBytesPerSec: 0.25e9 })).toBe(120_000);
});

test("an errand and a seed give the same fleet each time, whatever was drawn before", () => {
  const before = errands.map((errand) => fleetOf(errand, 7));
  expect(errands.toReversed().map((errand) => fleetOf(errand, 7))).toEqual(before.toReversed());
  expect(fleetOf("drain 1", 8)).not.toEqual(before[0]);
});

test("a drain leaves only from what is drained and comes only to what is not; no guest stays where it is", () => {
  for (const errand of errands) {
    const { hosts, guests } = fleetOf(errand, 11);
    for (const { source, destination } of guests) {
      expect(destination).not.toBe(source);
      if (errand === "rebalance") continue;
      expect([hosts[source]?.drained, hosts[destination ?? source]?.drained]).toEqual([true, false]);
    }
  }
  const movable = fleetOf("drain 4, all movable", 11);
  expect(movable.guests.every((each) => isMovable(movable, each))).toBe(true);
});
