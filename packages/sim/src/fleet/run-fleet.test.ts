import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fleetFigures } from "./figures.ts";
import type { Fleet } from "./fleet.ts";
import { errands, fleetOf } from "./fleet-of.ts";
import { fleetPeers } from "./peers.ts";
import type { FleetPolicy } from "./policy.ts";
import { runFleet } from "./run-fleet.ts";
import { fleet, guest, host } from "./support/fleets.ts";

const sequential = (of: Fleet) => fleetFigures(of, runFleet(of, fleetPeers.sequential()));
const busy = (writesPerSec: number) => [{ bytes: 4e9, writesPerSec }];

test("a guest that nobody writes is moved in one pass, and is away for what passes whatever the bandwidth", () => {
  const { moved, makespanMs, sentBytes, downtimesMs } = sequential(fleet({ guests: [guest("g")] }));
  expect(moved).toBe(1);
  expect(makespanMs / 10_050).toBeGreaterThan(0.97);
  expect(makespanMs / 10_050).toBeLessThan(1.04);
  expect(sentBytes).toBeCloseTo(10e9);
  expect(downtimesMs[0]).toBeGreaterThan(30);
  expect(downtimesMs[0]).toBeLessThan(70);
});

test("what is written meanwhile is sent again, and what is written faster than the link is given up or times out", () => {
  const light = sequential(fleet({ guests: [guest("g", { regions: busy(0.02) })] }));
  expect(light.moved).toBe(1);
  expect(light.bytesOfRam).toBeGreaterThan(1.02);
  const hot = fleet({ guests: [guest("g", { regions: busy(0.6) })] });
  const patient = fleetFigures(hot, runFleet(hot, fleetPeers["all at once"]()));
  const ours = fleetFigures(hot, runFleet(hot, fleetPeers["all at once + our give-up"]()));
  expect([patient.givenUp, ours.givenUp, ours.failedMovable]).toEqual([1, 1, 0]);
  expect(ours.makespanMs).toBeLessThan(30_000);
  expect(patient.makespanMs).toBeGreaterThan(1_000_000);
});

test("what can never start is left waiting, and the run ends with what runs", () => {
  const full = [host("a"), host("b", { freeBytes: 12e9 }), host("c", { freeBytes: 0 })];
  const of = fleet({ hosts: full, guests: [guest("g1"), guest("g2"), guest("g3", { destination: undefined })] });
  const { guests, cut } = runFleet(of, fleetPeers["all at once"]());
  expect(guests.map(({ outcome }) => outcome)).toEqual(["moved", "waiting", "waiting"]);
  expect(cut).toBe(false);
});

test("where plans are to be made seldom, what waits for the end of another still starts", () => {
  const policy: FleetPolicy = {
    ...fleetPeers.sequential(),
    // One guest at a time, and the next only when nothing runs.
    plan: ({ waiting, running }) => {
      const [next] = running.length > 0 ? [] : waiting;
      return { starts: next === undefined ? [] : [{ guest: next, destination: 1 }], refusals: [], shares: undefined };
    },
  };
  // However long before the first one's end the last plan was made.
  for (const ramBytes of [8e9, 9e9, 10e9, 11e9, 12e9]) {
    const of = fleet({ guests: [guest("g1", { ramBytes }), guest("g2")] });
    const { guests } = runFleet(of, policy, { leastBetweenPlansMs: 1_000, stepMs: 600 });
    expect(guests.map(({ outcome }) => outcome)).toEqual(["moved", "moved"]);
  }
});

test("what runs when time is up is told as running", () => {
  const { guests, cut } = runFleet(fleet({ guests: [guest("g")] }), fleetPeers.sequential(), { cutAtMs: 5_000 });
  expect([cut, guests[0]?.outcome, guests[0]?.endedAtMs]).toEqual([true, "running", undefined]);
});

test("a guest without a destination goes where most memory is, never to a host that is drained or its own", () => {
  const hosts = [
    host("a"),
    host("b", { freeBytes: 50e9 }),
    host("c", { freeBytes: 60e9 }),
    host("d", { drained: true }),
  ];
  const two = fleet({ hosts, guests: ["g1", "g2"].map((id) => guest(id, { destination: undefined, ramBytes: 20e9 })) });
  expect(runFleet(two, fleetPeers.sequential()).guests.map(({ destination }) => destination)).toEqual([2, 1]);
});

const counted = {
  sequential: [1, 1, 1],
  "nova, 1 out a host": [Infinity, 1, Infinity],
  "ovirt, 2 in / 2 out": [Infinity, 2, 2],
  "kubevirt, 5 / 2 out": [5, 2, Infinity],
} as const;

test("no policy of counts has more under way than it counts, in any fleet", () => {
  const names = fc.constantFrom<keyof typeof counted>(
    "sequential",
    "nova, 1 out a host",
    "ovirt, 2 in / 2 out",
    "kubevirt, 5 / 2 out",
  );
  fc.assert(
    fc.property(names, fc.constantFrom(...errands), fc.nat(1_000), (name, errand, seed) => {
      const [cluster, outgoing, incoming] = counted[name];
      const most = { all: 0, out: 0, into: 0 };
      const policy = fleetPeers[name]();
      const watched: FleetPolicy = {
        ...policy,
        plan(view) {
          const plan = policy.plan(view);
          const ends = [
            ...view.running,
            ...plan.starts.map(({ guest, destination }) => ({
              source: view.fleet.guests[guest]?.source ?? -1,
              destination,
            })),
          ];
          const mostOf = (hosts: number[]) =>
            Math.max(0, ...hosts.map((host) => hosts.filter((each) => each === host).length));
          most.all = Math.max(most.all, ends.length);
          most.out = Math.max(most.out, mostOf(ends.map(({ source }) => source)));
          most.into = Math.max(most.into, mostOf(ends.map(({ destination }) => destination)));
          return plan;
        },
      };
      runFleet(fleetOf(errand, seed), watched, { cutAtMs: 60_000 });
      expect([most.all <= cluster, most.out <= outgoing, most.into <= incoming]).toEqual([true, true, true]);
    }),
    { numRuns: 12 },
  );
});

test("a fleet and a policy give the same outcome each time", () => {
  const once = () => runFleet(fleetOf("drain 1", 3), fleetPeers["kubevirt + our give-up"]());
  expect(once()).toEqual(once());
});
