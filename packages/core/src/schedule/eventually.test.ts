import * as fc from "fast-check";
import { expect, test } from "vitest";
import { plan } from "./plan.ts";
import type { QueuedMove, RunningMove } from "./snapshot.ts";
import { fleet, host, now, queued, running } from "./support/fleet.ts";

const hostIds = ["a", "b", "c", "d"];
const hosts = hostIds.map((id) => host(id, { slots: { preparing: 2, outgoing: 2, incoming: 2 } }));
const stepMs = 30_000;

/** Plays the planner forward: what is admitted runs for its `lasts` steps, and new ones may come in. */
function play(
  waiting: QueuedMove[],
  steps: number,
  lasts: (id: string) => number,
  arrivals: (step: number) => QueuedMove[],
) {
  const startedAtStep = new Map<string, number>();
  let [queue, under]: [QueuedMove[], RunningMove[]] = [waiting, []];
  for (let step = 0; step < steps; step += 1) {
    under = under.filter(({ id }) => step - (startedAtStep.get(id) ?? 0) < lasts(id));
    queue = [...queue, ...arrivals(step)];
    const at = now + step * stepMs;
    for (const each of plan(fleet({ hosts, running: under, queued: queue }), at)) {
      if (each.kind !== "admit") continue;
      const move = queue.find(({ id }) => id === each.migrationId);
      if (move === undefined) throw new Error("it admitted what does not wait");
      startedAtStep.set(move.id, step);
      const { destinationId, guaranteedBytesPerSec } = each;
      under.push(
        running(move.id, move.sourceId, destinationId, {
          guestId: move.guestId,
          capBytesPerSec: move.capBytesPerSec,
          priority: move.priority,
          startedAt: at,
          guaranteedBytesPerSec,
        }),
      );
      queue = queue.filter(({ id }) => id !== move.id);
    }
  }
  return startedAtStep;
}

test("S12: each that its path can carry is started, however many wait with it", () => {
  const moves = fc.array(
    fc
      .record({
        sourceId: fc.constantFrom(...hostIds),
        destinationId: fc.option(fc.constantFrom(...hostIds), { nil: undefined }),
        neededBytesPerSec: fc.integer({ min: 1, max: 1_150 }),
        priority: fc.constantFrom(250, 500, 750),
        lasts: fc.integer({ min: 1, max: 3 }),
      })
      .filter(({ sourceId, destinationId }) => sourceId !== destinationId),
    { maxLength: 16 },
  );
  fc.assert(
    fc.property(moves, (drawn) => {
      const waiting = drawn.map(({ sourceId, destinationId, neededBytesPerSec, priority }, index) =>
        queued(`q${index}`, sourceId, destinationId, { neededBytesPerSec, priority }),
      );
      const started = play(
        waiting,
        60,
        (id) => drawn[Number(id.slice(1))]?.lasts ?? 1,
        () => [],
      );
      expect(started.size).toBe(drawn.length);
    }),
    { numRuns: 300 },
  );
});

test("S12: one that needs its whole path is not overtaken for ever by smaller ones that keep coming", () => {
  // At every step one more at each end of its path, each for two steps or three: left alone they never leave either end free.
  const ends = [
    ["a", "c"],
    ["d", "b"],
  ] as const;
  const steps = fc.integer({ min: 2, max: 3 });
  fc.assert(
    fc.property(fc.tuple(steps, steps), fc.integer({ min: 500, max: 1_150 }), (lasts, neededBytesPerSec) => {
      const askedAt = now + 4 * stepMs;
      const large = queued("large", "a", "b", { neededBytesPerSec, askedAt });
      const small = (step: number) =>
        ends.map(([sourceId, destinationId], end) =>
          queued(`${end}-${step}`, sourceId, destinationId, {
            askedAt: now + step * stepMs,
            capBytesPerSec: 400,
            memoryBytes: 100,
          }),
        );
      const arrivals = (step: number) => [...small(step), ...(step === 4 ? [large] : [])];
      const lastsOf = (id: string) => lasts[Number(id.charAt(0))] ?? 1;
      const started = play([], 60, lastsOf, arrivals);
      // Ten minutes are twenty steps, then those of its own ten minutes come, and what is under way ends.
      expect(started.get("large")).toBeGreaterThan(20);
      expect(started.get("large")).toBeLessThan(50);
    }),
    { numRuns: 50 },
  );
});
