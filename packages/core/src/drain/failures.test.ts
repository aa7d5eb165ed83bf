import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DrainWorld, guestOf, hostOf } from "./support/world.ts";

const minute = 60_000;
const two = () => [hostOf("a"), hostOf("b")];
const three = () => [...two(), hostOf("c")];

/** Until the migrations that are asked for now have ended. */
function round(world: DrainWorld): void {
  world.look();
  world.startMigrations();
  world.now += 1_000;
  world.endMigrations();
  world.look();
}

describe("a guest whose migration fails", () => {
  test("E6: is tried again after a while, on another host", () => {
    const world = new DrainWorld(three(), [guestOf("g1")]);
    world.fails = (_, destinationId) => (destinationId === "b" ? "DIRTY_RATE" : undefined);
    round(world);
    expect(world.standing("g1")).toMatchObject({
      at: "queued",
      destination: { name: "gamma" },
      waitsFor: { code: "BACKS_OFF", sentence: "It has failed once, and is tried again in 30 s." },
    });
    world.pass(30_000);
    round(world);
    expect(world.drain.end?.as).toBe("completed");
    expect(world.begun.map(({ destinationId }) => destinationId)).toEqual(["b", "c"]);
  });

  test("E6: is not tried again as it was: it is blocked, with what it failed of, until something has changed", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.fails = () => "DIRTY_RATE";
    round(world);
    world.pass(10 * minute);
    const sentence = "It ended as DIRTY_RATE. Nothing has changed since.";
    expect(world.standing("g1")).toMatchObject({ at: "blocked", because: { code: "NOTHING_CHANGED", sentence } });
    expect(world.begun).toHaveLength(1);
    world.downtimeLimitMs = 2_000;
    world.fails = () => undefined;
    world.run();
    expect(world.drain.end?.as).toBe("completed");
  });

  test("E6: is not tried for ever", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.fails = () => "DIRTY_RATE";
    for (let times = 0; times < 20; times += 1) {
      world.downtimeLimitMs *= 2;
      round(world);
      world.pass(40 * minute);
    }
    expect(world.begun).toHaveLength(5);
    expect(world.standing("g1")).toMatchObject({ at: "blocked", because: { code: "ATTEMPTS_SPENT" } });
  });

  test("E6: one that was refused when it was asked for counts as failed; one that somebody else moves does not", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.look();
    const { stands } = world.drain.guests[0] ?? {};
    const migrationId = stands?.at === "moving" ? stands.migrationId : "";
    world.migrations = [];
    world.say({ type: "refused", migrationId, code: "no-room", sentence: "There is no room." });
    expect(world.drain.guests[0]?.attempts).toMatchObject([{ code: "no-room", sentence: "There is no room." }]);
    const other = new DrainWorld(two(), [guestOf("g1")]);
    other.look();
    other.migrations = [];
    other.say({ type: "refused", migrationId: "m1", code: "guest-busy", sentence: "It is busy." });
    expect(other.drain.guests[0]?.attempts).toEqual([]);
  });

  test("E2: what stands against a guest is looked at again, each time after twice as long", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    let looks = 0;
    world.find = () => {
      looks += 1;
      return { code: "missing-file", sentence: "A file is missing." };
    };
    const at: number[] = [];
    for (let second = 0; second < 240; second += 1) {
      const before = looks;
      world.look();
      if (looks > before) at.push(second);
      world.now += 1_000;
    }
    expect(at).toEqual([0, 30, 90, 210]);
  });
});

describe("what somebody asks of a drain", () => {
  const five = () => ["g1", "g2", "g3", "g4", "g5"].map((id) => guestOf(id));

  test("E7: paused, it begins nothing more and calls off what has not begun; what moves goes on", () => {
    const world = new DrainWorld(three(), five());
    world.look();
    const [first] = world.migrations;
    if (first !== undefined) first.stage = "underWay";
    world.say({ type: "pause", by: "ann" });
    expect(world.phase).toBe("paused");
    expect(world.migrations.filter(({ stage }) => stage === "underWay")).toEqual([first]);
    expect(world.migrations.filter(({ code }) => code === "CANCELLED")).toHaveLength(3);
    world.run(5);
    expect(world.drain.guests.filter(({ stands }) => stands.at === "moved")).toHaveLength(1);
    expect(world.drain.guests.every(({ attempts }) => attempts.length === 0)).toBe(true);
    world.say({ type: "resume", by: "ann" });
    world.run();
    expect(world.drain.end?.as).toBe("completed");
  });

  test("E7: aborted, it calls off what moves, and uncordons the host", () => {
    const world = new DrainWorld(three(), five());
    world.look();
    world.say({ type: "abort", by: "ann" });
    expect(world.drain.end).toMatchObject({ as: "aborted", because: { code: "ABORTED" } });
    expect(world.host("a").cordoned).toBe(false);
    expect(world.migrations.map(({ code }) => code)).toEqual(["CANCELLED", "CANCELLED", "CANCELLED", "CANCELLED"]);
    expect(world.say({ type: "pause", by: "ann" })).toMatchObject({ code: "drain-ended" });
  });

  test("E7: aborted, it waits for what it cannot call off, and only then uncordons the host", () => {
    const world = new DrainWorld(three(), five());
    world.look();
    const [first] = world.migrations;
    if (first !== undefined) first.stage = "underWay";
    world.refusesCancels = true;
    world.say({ type: "abort", by: "ann" });
    expect([world.phase, world.host("a").cordoned]).toEqual(["aborting", true]);
    world.endMigrations();
    world.look();
    expect([world.phase, world.host("a").cordoned]).toEqual(["aborted", false]);
    expect(world.standing(first?.guestId ?? "")).toMatchObject({ at: "moved", own: true });
  });

  test("E7: aborted before what it has decided was carried out, it carries that out and calls it off", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.look();
    expect(world.standing("g1").at).toBe("moving");
    world.migrations = [];
    world.say({ type: "abort", by: "ann" });
    expect(world.migrations).toMatchObject([{ guestId: "g1", code: "CANCELLED" }]);
    expect(world.phase).toBe("aborted");
  });

  test("E7, E8: it has not ended while its cordon stands, and takes it off at the next look if it could not before", () => {
    const aborted = new DrainWorld(two(), [guestOf("g1")]);
    aborted.look();
    aborted.crashesAt = "uncordon";
    aborted.say({ type: "abort", by: "ann" });
    expect([aborted.phase, aborted.host("a").cordoned]).toEqual(["aborting", true]);
    aborted.look();
    expect([aborted.phase, aborted.host("a").cordoned]).toEqual(["aborted", false]);
    const returned = new DrainWorld(two(), [guestOf("g1")]);
    returned.run();
    returned.crashesAt = "uncordon";
    returned.say({ type: "bringBack", by: "ann" });
    returned.startMigrations();
    returned.endMigrations();
    returned.look();
    expect([returned.guest("g1").hostId, returned.host("a").cordoned, returned.phase]).toEqual([
      "a",
      true,
      "returning",
    ]);
    returned.look();
    expect([returned.host("a").cordoned, returned.phase]).toEqual([false, "returned"]);
  });

  test("E7, E8: a cordon that is not its own it leaves, and ends", () => {
    const world = new DrainWorld([hostOf("a", { cordoned: true }), hostOf("b")], [guestOf("g1")]);
    world.look();
    world.say({ type: "abort", by: "ann" });
    expect([world.phase, world.host("a").cordoned]).toEqual(["aborted", true]);
  });

  test("E7: it goes on without a guest that is skipped, and ends", () => {
    const world = new DrainWorld(three(), [guestOf("g1"), guestOf("g2", { state: "stopped" })]);
    world.run(10);
    expect(world.phase).toBe("blocked");
    expect(world.standing("g2")).toMatchObject({ at: "blocked", because: { code: "GUEST_NOT_SETTLED" } });
    expect(world.say({ type: "skip", guestId: "nobody", by: "ann" })).toMatchObject({ code: "not-in-drain" });
    world.say({ type: "skip", guestId: "g2", by: "ann" });
    expect(world.drain.end?.because.sentence).toBe("alpha has no guest any more, but for 1 that it went on without.");
  });

  test("E7: a guest that is skipped on its way is called off", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.look();
    world.startMigrations();
    world.say({ type: "skip", guestId: "g1", by: "ann" });
    expect(world.migrations).toMatchObject([{ code: "CANCELLED" }]);
    expect(world.phase).toBe("completed");
    expect(world.guest("g1").hostId).toBe("a");
  });

  test("E7, E8: one that is skipped too late to be called off is waited for, counts as moved, and is brought back", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.look();
    world.startMigrations();
    world.refusesCancels = true;
    world.say({ type: "skip", guestId: "g1", by: "ann" });
    expect([world.phase, world.standing("g1").at]).toEqual(["draining", "moving"]);
    world.endMigrations();
    world.look();
    expect(world.phase).toBe("completed");
    expect(world.standing("g1")).toMatchObject({ at: "moved", own: true });
    world.say({ type: "bringBack", by: "ann" });
    world.run();
    expect([world.phase, world.guest("g1").hostId]).toEqual(["returned", "a"]);
  });

  test("E7: one that is skipped is gone on without, however its migration fails, also where that was never made", () => {
    for (const spoil of [
      (world: DrainWorld) => (world.fails = () => "LINK_LOST"),
      (world: DrainWorld) => (world.migrations = []),
    ]) {
      const world = new DrainWorld(two(), [guestOf("g1")]);
      world.look();
      world.startMigrations();
      world.refusesCancels = true;
      spoil(world);
      world.say({ type: "skip", guestId: "g1", by: "ann" });
      world.say({ type: "skip", guestId: "g1", by: "bob" });
      world.endMigrations();
      world.look();
      expect(world.standing("g1")).toMatchObject({
        at: "skipped",
        because: { code: "SKIPPED", inputs: { by: "ann" } },
      });
      expect(world.phase).toBe("completed");
      expect(world.guest("g1").hostId).toBe("a");
    }
  });

  test("E7: one that is skipped while it is asked for, and is refused then, is gone on without", () => {
    const world = new DrainWorld(two(), [guestOf("g1")]);
    world.look();
    const migrationId = world.migrations[0]?.id ?? "";
    world.migrations = [];
    world.crashesAt = "begin";
    world.say({ type: "skip", guestId: "g1", by: "ann" });
    expect(world.standing("g1")).toMatchObject({ at: "moving", migrationId });
    world.say({ type: "refused", migrationId, code: "guest-busy", sentence: "It is busy." });
    expect(world.standing("g1").at).toBe("skipped");
    expect(world.phase).toBe("completed");
  });

  test("E8: what it has moved is brought back where it is asked to, and the host is uncordoned at the end", () => {
    const world = new DrainWorld(three(), five());
    expect(world.say({ type: "bringBack", by: "ann" })).toMatchObject({ code: "drain-under-way" });
    world.run();
    world.guest("g5").hostId = world.guest("g5").hostId === "b" ? "c" : "b";
    world.say({ type: "bringBack", by: "ann" });
    expect(world.phase).toBe("returning");
    expect(world.host("a").cordoned).toBe(true);
    world.run();
    expect(world.drain.end).toMatchObject({ as: "returned" });
    expect(world.guests.filter(({ hostId }) => hostId === "a")).toHaveLength(5);
    expect(world.host("a").cordoned).toBe(false);
  });

  test("E8: where it has moved nothing there is nothing to bring back", () => {
    const world = new DrainWorld(two(), []);
    world.run();
    expect(world.say({ type: "bringBack", by: "ann" })).toMatchObject({ code: "nothing-to-bring-back" });
  });
});

describe("a deadline", () => {
  const many = () => Array.from({ length: 6 }, (_, index) => guestOf(`g${index}`));

  test("E9: one that cannot be kept is told at once, with the guest that comes too late", () => {
    const world = new DrainWorld(two(), many(), { deadlineAt: 1_002_500 });
    world.look();
    expect(world.drain.warning).toMatchObject({
      code: "DEADLINE_UNREACHABLE",
      inputs: { leftMs: 2_500, lowMs: 3_000 },
    });
    const told = world.notices.filter(({ type }) => type === "drain.warning");
    expect(told).toHaveLength(1);
  });

  test("E9: one that a link leaves no time for is told by what the link carries", () => {
    const hosts = [hostOf("a", { outBytesPerSec: 100 }), hostOf("b")];
    const world = new DrainWorld(hosts, many(), { deadlineAt: 1_005_500 });
    world.look();
    expect(world.drain.warning).toMatchObject({
      code: "DEADLINE_UNREACHABLE",
      inputs: { lowMs: 6_000, highMs: 12_000 },
    });
  });

  test("E9: a blocked guest stands in its way by name", () => {
    const guests = [guestOf("g1"), guestOf("big", { sizeBytes: 9_000 })];
    const world = new DrainWorld(two(), guests, { deadlineAt: 2_000_000 });
    world.look();
    expect(world.drain.warning).toMatchObject({ code: "DEADLINE_BLOCKED", inputs: { guest: "big" } });
  });

  test("E9: after it nothing is begun, what moves goes on, and the drain has failed with what is left", () => {
    const world = new DrainWorld(two(), many(), { deadlineAt: 1_001_000 });
    world.look();
    const [first] = world.migrations;
    if (first !== undefined) first.stage = "underWay";
    world.now += 1_000;
    world.look();
    expect(world.drain.end).toBeUndefined();
    world.endMigrations();
    world.look();
    expect(world.drain.end).toMatchObject({ as: "failed", because: { code: "DEADLINE_PASSED", inputs: { left: 5 } } });
    expect(world.begun).toHaveLength(4);
    expect(world.host("a").cordoned).toBe(true);
  });
});

describe("a deadline that passes before what was decided was carried out", () => {
  test("E9: calls it off all the same, and the drain has failed", () => {
    const world = new DrainWorld(two(), [guestOf("g1")], { deadlineAt: 1_001_000 });
    world.look();
    world.migrations = [];
    world.now += 1_000;
    world.look();
    expect(world.migrations).toMatchObject([{ guestId: "g1", code: "CANCELLED" }]);
    expect(world.drain.end).toMatchObject({ as: "failed", because: { inputs: { left: 1 } } });
  });
});

describe("whatever happens", () => {
  const guest = fc.record({
    sizeBytes: fc.integer({ min: 10, max: 400 }),
    keepApart: fc.constantFrom(undefined, "x", "y"),
  });

  test("E1: no guest has two migrations at a time, none goes back, and at the end each has gone or is blocked", () => {
    fc.assert(
      fc.property(
        fc.array(guest, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 60, maxLength: 60 }),
        (sizes, chances) => {
          const world = new DrainWorld(
            [...three(), hostOf("d")],
            sizes.map((each, index) => guestOf(`g${index}`, each)),
          );
          let chance = 0;
          const draw = () => chances[(chance += 1) % chances.length] ?? 0;
          world.fails = () => (draw() === 0 ? "LINK_LOST" : undefined);
          for (let second = 0; second < 400 && world.drain.end === undefined; second += 1) {
            if (draw() === 1) world.host("b").cordoned = draw() > 4;
            if (draw() === 2) world.say({ type: draw() > 4 ? "pause" : "resume", by: "ann" });
            world.look();
            const active = world.migrations.filter(({ stage }) => stage === "queued" || stage === "underWay");
            expect(new Set(active.map(({ guestId }) => guestId)).size).toBe(active.length);
            expect(active.every(({ guestId }) => world.guest(guestId).hostId === "a")).toBe(true);
            world.startMigrations();
            world.now += 1_000;
            if (draw() > 3) world.endMigrations();
          }
          world.host("b").cordoned = false;
          if (world.drain.end === undefined) world.say({ type: "resume", by: "ann" });
          world.run(1_000);
          const left = world.drain.guests.map(({ guest: known, stands }) => ({
            at: stands.at,
            isThere: world.guest(known.id).hostId === "a",
          }));
          const isRight = ({ at, isThere }: { at: string; isThere: boolean }) =>
            (at === "moved" && !isThere) || (at === "blocked" && isThere);
          expect(left.filter((each) => !isRight(each))).toEqual([]);
        },
      ),
      { numRuns: 30 },
    );
  });
});
