import * as fc from "fast-check";
import { expect, test } from "vitest";
import { events, states } from "../../test/events.ts";
import { facts } from "../../test/facts.ts";
import { stored } from "../../test/figures.ts";
import type { MigrationEvent, Send } from "./events.ts";
import { deadlineOf, outstanding } from "./outstanding.ts";
import { type Migration, type Role, isEnded } from "./state.ts";
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

interface Course {
  first: Migration;
  steps: Taken[];
}

/** A step for each happening, from any phase on. */
const courses = fc
  .tuple(fc.constantFrom(...Object.values(states)), fc.array(happening, { minLength: 1, maxLength: 40 }))
  .map(([first, happenings]): Course => {
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

/** The steps of a course, each with all that came before it, of which `isWrong` holds. */
function wrong(
  isWrong: (taken: Taken, earlier: Taken[], first: Migration) => boolean,
): fc.IPropertyWithHooks<[Course]> {
  return fc.property(courses, ({ first, steps }) => {
    const found = steps.filter((taken, index) => isWrong(taken, steps.slice(0, index + 1), first));
    expect(found).toEqual([]);
  });
}

const often = { numRuns: 2_000 };

function sends({ effects }: Taken, type: Send["command"]["type"]): boolean {
  return effects.some(({ command }) => command.type === type);
}

function said(steps: Taken[], type: "revoked" | "running"): boolean {
  return steps.some(({ event }) => event.type === type && (event.epoch === epoch || event.epoch === epoch + 2));
}

/** By anybody's word, or the source's own; from the first state on. */
function isFenced(steps: Taken[], first: Migration, role: Role): boolean {
  const was = "fenced" in first && first.fenced?.[role] !== undefined;
  return (
    was ||
    steps.some(
      ({ event }) =>
        (event.type === "fenced" && event.role === role) ||
        (role === "source" && (event.type === "spent" || (event.type === "connected" && event.lost !== undefined))),
    )
  );
}

function isOlderCopyAccepted(steps: Taken[]): boolean {
  return steps.some(
    ({ event }) => event.type === "olderCopyAccepted" || (event.type === "fenced" && event.acceptOlderCopy),
  );
}

/** The epochs of what is handed over, taken back, and run once the source is fenced. */
const [granted, reclaimed, regranted] = [epoch, epoch + 1, epoch + 2];
const epochsOf: Partial<Record<Send["command"]["type"], number[]>> = {
  reclaim: [reclaimed],
  regrant: [regranted],
  disown: [granted, regranted],
};

test("M12: never does an ended migration change its phase, its owner or its reason's code, nor owe what it did not", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(({ before, after }) => {
      if (!isEnded(before)) return false;
      if (!isEnded(after)) return true;
      const same =
        before.phase === after.phase && before.owner === after.owner && before.reason.code === after.reason.code;
      return !same || after.owes.some((role) => !before.owes.includes(role));
    }),
    often,
  );
});

test("M5, M16: never is a freeze sent first but on exact figures that answer, ready or with a switchover asked for", () => {
  expect.hasAssertions();
  fc.assert(
    wrong((taken) => {
      const { before, event, after } = taken;
      if (before.phase === "switchover" || !sends(taken, "freeze")) return false;
      if (event.type !== "report" || before.phase !== "precopy" || after.phase !== "switchover") return true;
      const answers = before.exact.open && event.exact === before.exact.sequence;
      const wished = before.consideration.conduct.wish !== undefined;
      return !answers || !(wished || (after.verdict.kind === "ready" && !before.limits.hold));
    }),
    often,
  );
});

test("H9: never are two different epochs handed over, nor one taken back or run again but its own", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(({ effects }) =>
      effects.some(
        ({ command }) => "epoch" in command && !(epochsOf[command.type] ?? [granted]).includes(command.epoch),
      ),
    ),
    often,
  );
});

test("H6: never is the source asked to take the guest back before the destination has revoked, or is fenced and an older copy accepted", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(
      (taken, earlier, first) =>
        sends(taken, "reclaim") &&
        first !== states["reclaiming"] &&
        !said(earlier, "revoked") &&
        !(isFenced(earlier, first, "destination") && isOlderCopyAccepted(earlier)),
    ),
    often,
  );
});

test("H8: never is the destination to run its copy again before the source is fenced", () => {
  expect.hasAssertions();
  fc.assert(
    wrong((taken, earlier, first) => sends(taken, "regrant") && !isFenced(earlier, first, "source")),
    often,
  );
});

test("H8: never does a guest count as lost while neither host is fenced", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(
      ({ before, after }, earlier, first) =>
        after.phase === "lost" &&
        before.phase !== "lost" &&
        !isFenced(earlier, first, "source") &&
        !isFenced(earlier, first, "destination"),
    ),
    often,
  );
});

test("H7: never is the source told to discard before the destination has said that it runs", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(
      (taken, earlier, first) => sends(taken, "discard") && first.phase !== "completed" && !said(earlier, "running"),
    ),
    often,
  );
});

test("M14: never is a command sent that the phase does not call for, so that a restart loses none and repeats none in vain", () => {
  expect.hasAssertions();
  fc.assert(
    wrong(({ after, effects }) => {
      const called = new Set(outstanding(after).map((each) => JSON.stringify(each)));
      return effects.some((effect) =>
        effect.command.type === "exact" ? after.phase !== "precopy" : !called.has(JSON.stringify(effect)),
      );
    }),
    often,
  );
});

test("M14: a migration that was stored and read again goes on as if nothing had been", () => {
  fc.assert(
    fc.property(courses, ({ steps }) => {
      for (const { before, event } of steps) {
        const again = stored(before);
        expect(outstanding(again)).toEqual(outstanding(before));
        expect(deadlineOf(again)).toBe(deadlineOf(before));
        const [one, other] = [step(again, event, 40_000), step(before, event, 40_000)];
        expect(stored(one.state)).toEqual(stored(other.state));
        expect(one.effects).toEqual(other.effects);
      }
    }),
    { numRuns: 300 },
  );
});
