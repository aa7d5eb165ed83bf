import * as fc from "fast-check";
import { expect, test } from "vitest";
import { events, states } from "../../test/events.ts";
import { facts, stored } from "../../test/facts.ts";
import type { MigrationEvent, Send } from "./events.ts";
import { deadlineOf, outstanding } from "./outstanding.ts";
import { type Migration, isEnded } from "./state.ts";
import { step } from "./step.ts";

const epoch = facts.epoch + 1;

/** Any event, of this handover or of another, at any time; the clock never goes back. */
const happening = fc.record({
  event: fc
    .tuple(
      fc.constantFrom(...Object.values(events)),
      fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -1, max: 2 })),
    )
    .map(([event, off]): MigrationEvent => ("epoch" in event ? { ...event, epoch: event.epoch + off } : event)),
  ms: fc.oneof(fc.nat(200), fc.constantFrom(1_000, 5_000, 16_000, 31_000)),
});

interface Taken {
  before: Migration;
  event: MigrationEvent;
  after: Migration;
  effects: Send[];
}

/** A step for each happening, from any phase on. */
const courses = fc
  .tuple(fc.constantFrom(...Object.values(states)), fc.array(happening, { minLength: 1, maxLength: 40 }))
  .map(([first, happenings]) => {
    let [state, now] = [first, 0];
    const steps = happenings.map(({ event, ms }): Taken => {
      now += ms;
      const before = state;
      const { state: after, effects } = step(before, event, now);
      state = after;
      return { before, event, after, effects };
    });
    return { first, steps };
  });

function always(holds: (course: { first: Migration; steps: Taken[] }) => void, numRuns = 2_000): void {
  fc.assert(fc.property(courses, holds), { numRuns });
}

function sends(taken: Taken, type: Send["command"]["type"]): boolean {
  return taken.effects.some(({ command }) => command.type === type);
}

test("M12: never does an ended migration change its phase, its owner or its reason's code, nor owe what it did not", () => {
  always(({ steps }) => {
    for (const { before, after } of steps) {
      if (!isEnded(before)) continue;
      if (!isEnded(after)) throw new Error("It came back to life");
      expect([after.phase, after.owner, after.reason.code]).toEqual([before.phase, before.owner, before.reason.code]);
      expect(before.owes).toEqual(expect.arrayContaining(after.owes));
    }
  });
});

test("M5: never is a freeze sent first without a verdict that it is ready", () => {
  always(({ steps }) => {
    for (const taken of steps) {
      if (taken.before.phase === "switchover" || !sends(taken, "freeze")) continue;
      expect(taken.after.phase === "switchover" && taken.after.verdict.kind).toBe("ready");
      expect(taken.event.type).toBe("report");
    }
  });
});

test("H9: never are two different epochs handed over, nor one taken back but the next", () => {
  always(({ steps }) => {
    for (const { command } of steps.flatMap(({ effects }) => effects))
      if ("epoch" in command) expect(command.epoch).toBe(command.type === "reclaim" ? epoch + 1 : epoch);
  });
});

test("H6: never is the source asked to take the guest back before the destination has revoked", () => {
  always(({ first, steps }) => {
    let revoked = first.phase === "switchover" && first.stage === "reclaiming";
    for (const taken of steps) {
      revoked ||= taken.event.type === "revoked" && taken.event.epoch === epoch;
      if (sends(taken, "reclaim")) expect(revoked).toBe(true);
    }
  });
});

test("H7: never is the source told to discard before the destination has said that it runs", () => {
  always(({ first, steps }) => {
    let runs = first.phase === "completed";
    for (const taken of steps) {
      runs ||= taken.event.type === "running" && taken.event.epoch === epoch;
      if (sends(taken, "discard")) expect(runs).toBe(true);
    }
  });
});

test("M14: never is a command sent that the phase does not call for, so that a restart loses none and repeats none in vain", () => {
  always(({ steps }) => {
    for (const { after, effects } of steps)
      for (const effect of effects)
        if (effect.command.type !== "exact") expect(outstanding(after)).toContainEqual(effect);
        else expect(after.phase).toBe("precopy");
  });
});

test("M14: a migration that was stored and read again goes on as if nothing had been", () => {
  always(({ steps }) => {
    for (const { before, event } of steps) {
      const again = stored(before);
      expect(outstanding(again)).toEqual(outstanding(before));
      expect(deadlineOf(again)).toBe(deadlineOf(before));
      expect(stored(step(again, event, 40_000).state)).toEqual(stored(step(before, event, 40_000).state));
      expect(step(again, event, 40_000).effects).toEqual(step(before, event, 40_000).effects);
    }
  }, 300);
});
