import * as fc from "fast-check";
import { expect, test } from "vitest";
import { openLedger, take, topOf } from "./ledger.ts";
import { inOrder } from "./order.ts";
import { Placement } from "./placement.ts";
import { type Attempt, conditionsOf, differs } from "./retry.ts";
import { bytesPerSecFor, goesBefore, leastToStart } from "./room.ts";
import { fleet, host, now, queued } from "./support/fleet.ts";

const rate = fc.option(fc.integer({ min: 100, max: 2_000 }), { nil: undefined });
const hosts = fc.array(
  fc.record({
    into: rate,
    freeBytes: fc.integer({ min: 0, max: 40_000 }),
    incoming: fc.integer({ min: 1, max: 3 }),
    keepsApart: fc.subarray(["db", "web"]),
    cordoned: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);
const moves = fc.array(
  fc.record({
    source: fc.nat(5),
    memoryBytes: fc.integer({ min: 1, max: 30_000 }),
    neededBytesPerSec: fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
    capBytesPerSec: fc.constantFrom(undefined, 300),
    placement: fc.constantFrom("spread" as const, "pack" as const),
    keepApart: fc.constantFrom(undefined, "db", "web"),
    failedAt: fc.array(fc.record({ at: fc.nat(5), bytesPerSec: rate }), { maxLength: 4 }),
  }),
  { maxLength: 20 },
);

function failedIn(
  destinationId: string,
  shareBytesPerSec: number | undefined,
  { neededBytesPerSec }: { neededBytesPerSec: number | undefined },
): Attempt {
  const under = { destinationId, shareBytesPerSec, neededBytesPerSec, downtimeLimitMs: 300, facts: " " };
  return { ...under, endedAt: now - 3_600_000, code: "NO_PROGRESS" };
}

test("S8, S10: the host that is found is the one that looking at each of them finds, one guest after the other", () => {
  fc.assert(
    fc.property(hosts, moves, fc.constantFrom(0.25, 0.05), (drawnHosts, drawnMoves, worth) => {
      const snapshot = fleet({
        hosts: drawnHosts.map(({ into, incoming, ...rest }, index) =>
          host(`h${index}`, {
            ...rest,
            slots: { preparing: 4, outgoing: 9, incoming },
            link: { outBytesPerSec: 1_500, inBytesPerSec: into },
          }),
        ),
        queued: drawnMoves.map(({ source, failedAt, ...rest }, index) =>
          queued(`m${index}`, `h${source % drawnHosts.length}`, undefined, {
            ...rest,
            attempts: failedAt.map(({ at, bytesPerSec }) => failedIn(`h${at}`, bytesPerSec, rest)),
          }),
        ),
      });
      const ledger = openLedger(snapshot);
      const placement = new Placement(ledger);
      for (const entry of inOrder(snapshot.queued, [], ledger, now)) {
        const { move, source } = entry;
        if (source === undefined) throw new Error("each has a source");
        const free = Math.min(source.out.free, ledger.cluster.free);
        const candidates = [...ledger.endpoints.values()].filter((each) => {
          const top = topOf(ledger, source, each, move.capBytesPerSec);
          const hasRoom = each.in.taken < each.in.limit && each.preparing.taken < each.preparing.limit;
          const apart = move.keepApart !== undefined && each.keepsApart.has(move.keepApart);
          if (each === source || each.host.cordoned || apart || !hasRoom || each.freeBytes < move.memoryBytes)
            return false;
          if (each.in.free === 0 || goesBefore(entry, each.in) !== undefined) return false;
          const conditions = conditionsOf(move, each, bytesPerSecFor(entry, source, each, ledger));
          if (differs(move.attempts, conditions).same !== undefined) return false;
          return Math.min(free, each.in.free) >= leastToStart(move.neededBytesPerSec, top, worth);
        });
        const best = candidates.toSorted((a, b) =>
          move.placement === "pack"
            ? a.freeBytes - b.freeBytes || byRank(a, b)
            : descending(a.in.free, b.in.free) ||
              a.in.aheadBytes - b.in.aheadBytes ||
              b.freeBytes - a.freeBytes ||
              byRank(a, b),
        )[0];
        const found = placement.find(entry, source, worth);
        expect("destination" in found ? found.destination.host.id : undefined).toBe(best?.host.id);
        if (best === undefined) continue;
        const room = Math.min(free, best.in.free, topOf(ledger, source, best, move.capBytesPerSec));
        take(ledger, source, best, entry, room === Infinity ? 0 : room);
        placement.changed(best);
      }
    }),
    { numRuns: 500 },
  );
});

type Ends = { host: { id: string }; in: { budget: number } };

function byRank(a: Ends, b: Ends): number {
  return descending(a.in.budget, b.in.budget) || (a.host.id < b.host.id ? -1 : 1);
}

function descending(a: number, b: number): number {
  return a === b ? 0 : b - a;
}
