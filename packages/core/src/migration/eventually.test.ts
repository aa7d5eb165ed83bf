import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Course, type Happening } from "../../test/course.ts";
import { guestId } from "../../test/hosts.ts";
import { isEnded } from "./state.ts";

const weights: Record<Happening["kind"], number> = {
  deliver: 30,
  lose: 2,
  double: 4,
  wait: 6,
  report: 8,
  devices: 6,
  breakSource: 1,
  breakDestination: 1,
  crashSource: 1,
  crashDestination: 1,
  restartOrchestrator: 1,
  hold: 1,
  letGo: 1,
  switchOver: 1,
  cancel: 1,
};

const happening: fc.Arbitrary<Happening> = fc.record({
  kind: fc.oneof(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
    ...(Object.entries(weights) as [Happening["kind"], number][]).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.constant(kind),
    })),
  ),
  pick: fc.nat(100),
});
const happenings = fc.array(happening, { maxLength: 120, size: "max" });

/** The deadline, and what the last question and its answer may take. */
const limitMs = 700_000;

function run(what: Happening[]): Course {
  const course = new Course();
  for (const each of what) {
    course.happens(each);
    expect([course.source.devices, course.destination.devices]).not.toEqual(["running", "running"]);
  }
  return course;
}

test("M12, H10: whatever happens, once faults stop and time goes on the migration ends and nothing is owed", () => {
  fc.assert(
    fc.property(happenings, (what) => {
      const course = run(what);
      course.calmDown(limitMs);
      expect(course.isOver).toBe(true);
    }),
    { numRuns: 600 },
  );
});

test("M9, H9: at the end one host runs the guest: the one that the migration names, at the epoch that its journal names", () => {
  fc.assert(
    fc.property(happenings, (what) => {
      const course = run(what);
      course.calmDown(limitMs);
      const { migration, source, destination } = course;
      if (!isEnded(migration)) throw new Error("It has not ended");
      const [owner, other] = migration.owner.role === "source" ? [source, destination] : [destination, source];
      expect(owner.parts.get(guestId)?.part).toEqual({ as: "owner", epoch: migration.owner.epoch });
      expect(owner.devices).toBe("running");
      expect(other.devices).not.toBe("running");
    }),
    { numRuns: 600 },
  );
});

test("without any fault it completes within seconds", () => {
  const course = new Course();
  expect(course.calmDown(limitMs)).toBeLessThan(5_000);
  expect(course.migration.phase).toBe("completed");
});

test("reached: every kind of ending, at every epoch that it can leave", () => {
  const endings = new Set<string>();
  for (const what of fc.sample(happenings, { numRuns: 4_000, seed: 11 })) {
    const course = run(what);
    course.calmDown(limitMs);
    if (isEnded(course.migration)) endings.add(`${course.migration.phase} ${course.migration.owner.epoch}`);
  }
  expect([...endings].toSorted()).toEqual([
    "aborted 1",
    "aborted 2",
    "aborted 3",
    "completed 2",
    "failed 1",
    "failed 2",
    "failed 3",
  ]);
});
