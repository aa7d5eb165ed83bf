import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ScheduleDecision } from "./decision.ts";
import { plan } from "./plan.ts";
import type { FleetSnapshot } from "./snapshot.ts";
import { host, now, queued, running } from "./support/fleet.ts";

const hostIds = ["a", "b", "c", "d"];
const budget = fc.option(fc.integer({ min: 200, max: 2_000 }), { nil: undefined });
const small = fc.integer({ min: 1, max: 4 });

const hosts = fc.tuple(
  ...hostIds.map((id) =>
    fc
      .record({
        preparing: small,
        outgoing: small,
        incoming: small,
        out: budget,
        into: budget,
        freeBytes: fc.integer({ min: 0, max: 60_000 }),
        connected: fc.boolean(),
        cordoned: fc.boolean(),
      })
      .map(({ preparing, outgoing, incoming, out, into, ...rest }) =>
        host(id, {
          ...rest,
          connected: rest.connected || id < "c",
          slots: { preparing, outgoing, incoming },
          link: { outBytesPerSec: out, inBytesPerSec: into },
        }),
      ),
  ),
);

const common = {
  sourceId: fc.constantFrom(...hostIds),
  guestId: fc.integer({ min: 1, max: 14 }).map((number) => `g${number}`),
  priority: fc.constantFrom(250, 500, 750),
  group: fc.constantFrom("ada", "bob"),
  memoryBytes: fc.integer({ min: 1_000, max: 30_000 }),
  neededBytesPerSec: fc.option(fc.integer({ min: 1, max: 1_500 }), { nil: undefined }),
  capBytesPerSec: fc.option(fc.integer({ min: 50, max: 900 }), { nil: undefined }),
  keepApart: fc.constantFrom(undefined, undefined, "db"),
};
const destinations = fc.constantFrom(...hostIds);
const queuedMoves = fc.array(
  fc
    .record({
      ...common,
      destinationId: fc.option(destinations, { nil: undefined }),
      placement: fc.constantFrom("spread" as const, "pack" as const),
      askedAt: fc.integer({ min: now - 2_000_000, max: now }),
    })
    .filter(({ sourceId, destinationId }) => sourceId !== destinationId),
  { maxLength: 14 },
);
const runningMoves = fc.array(
  fc
    .record({
      ...common,
      destinationId: destinations,
      stage: fc.constantFrom("preparing" as const, "moving" as const, "switching" as const),
      startedAt: fc.integer({ min: now - 9, max: now }),
      leftBytes: fc.nat(20_000),
      guaranteedBytesPerSec: fc.integer({ min: 0, max: 900 }),
    })
    .filter(({ sourceId, destinationId }) => sourceId !== destinationId),
  { maxLength: 6 },
);

const snapshots: fc.Arbitrary<FleetSnapshot> = fc
  .record({
    hosts,
    queuedMoves,
    runningMoves,
    cluster: fc.record({
      preparing: fc.integer({ min: 1, max: 6 }),
      moving: fc.integer({ min: 1, max: 8 }),
      bytesPerSec: budget,
      streamBytesPerSec: budget,
    }),
  })
  .map(({ hosts, queuedMoves, runningMoves, cluster: { preparing, moving, ...cluster } }) => ({
    cluster: { paused: false, limits: { preparing, moving }, ...cluster },
    hosts,
    running: runningMoves.map((over, index) =>
      running(`r${index}`, over.sourceId, over.destinationId, { ...over, guestId: `of-r${index}` }),
    ),
    queued: queuedMoves.map((over, index) => queued(`q${index}`, over.sourceId, over.destinationId, over)),
  }));

type Admitted = FleetSnapshot["queued"][number] & { destinationId: string; bytesPerSec: number | undefined };

function admittedOf({ queued }: FleetSnapshot, all: ScheduleDecision[]): Admitted[] {
  return all.flatMap((each) => {
    const move = queued.find(({ id }) => id === each.migrationId);
    return each.kind !== "admit" || move === undefined
      ? []
      : [{ ...move, destinationId: each.destinationId, bytesPerSec: each.bytesPerSec }];
  });
}

test("S5: never over a count: slots, preparations, the cluster's, and a host's memory", () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const admitted = admittedOf(snapshot, plan(snapshot, now));
      // Limits may have been lowered under those that run; then nothing comes on top of them.
      const within = (more: number, running: number, limit: number) => more === 0 || more + running <= limit;
      const { running, cluster } = snapshot;
      const preparing = running.filter(({ stage }) => stage === "preparing");
      expect(within(admitted.length, running.length, cluster.limits.moving)).toBe(true);
      expect(within(admitted.length, preparing.length, cluster.limits.preparing)).toBe(true);
      for (const { id, slots, freeBytes } of snapshot.hosts) {
        const leaving = (moves: { sourceId: string }[]) => moves.filter(({ sourceId }) => sourceId === id).length;
        const coming = <Item extends { destinationId: string }>(moves: Item[]) =>
          moves.filter(({ destinationId }) => destinationId === id);
        const [out, into] = [leaving(admitted), coming(admitted)];
        expect(within(out, leaving(running), slots.outgoing)).toBe(true);
        expect(within(into.length, coming(running).length, slots.incoming)).toBe(true);
        expect(within(out + into.length, leaving(preparing) + coming(preparing).length, slots.preparing)).toBe(true);
        const bytes = [...into, ...coming(running)].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
        expect(into.length === 0 || bytes <= freeBytes).toBe(true);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("S7: never over a budget, at either end of a link or in the cluster", () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const all = plan(snapshot, now);
      const shares = snapshot.running.map((move) => {
        const share = all.find((each) => each.kind === "share" && each.migrationId === move.id);
        return { ...move, bytesPerSec: share?.kind === "share" ? share.bytesPerSec : undefined };
      });
      const given = [...shares, ...admittedOf(snapshot, all)];
      const sum = (moves: { bytesPerSec: number | undefined }[]) =>
        moves.reduce((total, { bytesPerSec }) => total + (bytesPerSec ?? 0), 0);
      const slack = 1e-6;
      expect(sum(given)).toBeLessThanOrEqual((snapshot.cluster.bytesPerSec ?? Infinity) + slack);
      for (const { id, link } of snapshot.hosts) {
        expect(sum(given.filter(({ sourceId }) => sourceId === id))).toBeLessThanOrEqual(
          (link.outBytesPerSec ?? Infinity) + slack,
        );
        expect(sum(given.filter(({ destinationId }) => destinationId === id))).toBeLessThanOrEqual(
          (link.inBytesPerSec ?? Infinity) + slack,
        );
      }
      for (const { bytesPerSec, capBytesPerSec } of given) {
        expect(bytesPerSec ?? 0).toBeLessThanOrEqual(capBytesPerSec ?? Infinity);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("S5: never two migrations of one guest, nor two guests that are kept apart put onto one host", () => {
  fc.assert(
    fc.property(snapshots, (snapshot) => {
      const admitted = admittedOf(snapshot, plan(snapshot, now));
      const guests = [...admitted, ...snapshot.running].map(({ guestId }) => guestId);
      expect(new Set(guests).size).toBe(guests.length);
      const placed = admitted.filter(
        ({ id, keepApart }) =>
          keepApart !== undefined && snapshot.queued.some((each) => each.id === id && each.destinationId === undefined),
      );
      for (const { id, destinationId } of placed) {
        const before = [
          ...snapshot.running,
          ...admitted.slice(
            0,
            admitted.findIndex((each) => each.id === id),
          ),
        ];
        expect(before.filter((each) => each.destinationId === destinationId && each.keepApart === "db")).toEqual([]);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("S4: the same picture gives the same decisions, in whatever order it is listed, one for each migration", () => {
  const shuffled = snapshots.chain((snapshot) =>
    fc
      .record({
        hosts: permuted(snapshot.hosts),
        running: permuted(snapshot.running),
        queued: permuted(snapshot.queued),
      })
      .map((lists) => [snapshot, { ...snapshot, ...lists }] as const),
  );
  fc.assert(
    fc.property(shuffled, ([snapshot, other]) => {
      const all = plan(snapshot, now);
      expect(plan(other, now)).toEqual(all);
      const shares = all.filter(({ kind }) => kind === "share").map(({ migrationId }) => migrationId);
      const rest = all.filter(({ kind }) => kind !== "share").map(({ migrationId }) => migrationId);
      expect(shares.toSorted()).toEqual(snapshot.running.map(({ id }) => id).toSorted());
      expect(rest.toSorted()).toEqual(snapshot.queued.map(({ id }) => id).toSorted());
      // Every figure survives being written down.
      expect(JSON.stringify(all)).not.toContain("null");
    }),
    { numRuns: 1_000 },
  );
});

function permuted<Item>(items: Item[]): fc.Arbitrary<Item[]> {
  return fc.shuffledSubarray(items, { minLength: items.length });
}
