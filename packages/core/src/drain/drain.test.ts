import { describe, expect, test } from "vitest";
import { DrainWorld, guestOf, hostOf } from "./support/world.ts";

const three = () => [hostOf("a"), hostOf("b"), hostOf("c")];

describe("a drain of a host", () => {
  test("E1: cordons it, moves every guest and ends when it is empty", () => {
    const world = new DrainWorld(
      three(),
      ["g1", "g2", "g3", "g4", "g5"].map((id) => guestOf(id)),
    );
    world.look();
    expect(world.host("a").cordoned).toBe(true);
    world.run();
    expect(world.drain.end).toMatchObject({ as: "completed", because: { code: "EMPTY" } });
    expect(world.guests.some(({ hostId }) => hostId === "a")).toBe(false);
    expect(world.host("a").cordoned).toBe(true);
    expect(world.notices.at(-1)).toMatchObject({ type: "drain.phase", data: { phase: "completed", code: "EMPTY" } });
  });

  test("E1: of a host without guests it ends at once", () => {
    const world = new DrainWorld(three(), []);
    world.look();
    expect(world.phase).toBe("completed");
  });

  test("E2: nothing moves before each guest has been looked at", () => {
    const world = new DrainWorld(three(), [guestOf("g1"), guestOf("g2")]);
    let looked = 0;
    const { find } = world;
    world.find = (guestId, destinationId) => {
      expect(world.begun).toEqual([]);
      looked += 1;
      return find(guestId, destinationId);
    };
    world.run();
    expect(looked).toBe(2);
  });

  test("E2: what cannot move is told before anything moves, with its reason and what to do, and the rest goes", () => {
    const world = new DrainWorld(three(), [guestOf("g1"), guestOf("g2")]);
    const { find } = world;
    const obstacle = { code: "STOP_ONLY", sentence: "It takes 4 s.", remedy: "It needs a limit of 4 s." };
    world.find = (guestId, destinationId) => (guestId === "g1" ? obstacle : find(guestId, destinationId));
    world.look();
    expect(world.standing("g1")).toMatchObject({
      at: "blocked",
      because: { code: "STOP_ONLY", sentence: "It takes 4 s." },
      remedy: "It needs a limit of 4 s.",
      obstacles: [{ host: { name: "beta" } }, { host: { name: "gamma" } }],
    });
    const told = world.notices.find(({ type }) => type === "drain.guest");
    expect(told).toMatchObject({ guestId: "g1", data: { state: "blocked", code: "STOP_ONLY" } });
    world.run(20);
    expect(world.standings).toBe("g1 blocked, g2 moved");
    expect(world.phase).toBe("blocked");
  });

  test("E2: a guest that fits on no host is blocked with how much room is where", () => {
    const world = new DrainWorld(three(), [guestOf("g1", { sizeBytes: 5_000 })]);
    world.look();
    const sentence = "It needs 5 kB of memory, and 1 kB are left for it on beta.";
    expect(world.standing("g1")).toMatchObject({ at: "blocked", because: { code: "NO_ROOM", sentence } });
    world.host("c").freeBytes = 6_000;
    world.run();
    expect(world.phase).toBe("completed");
  });

  test("E3: what appears on the host while it is drained leaves it too", () => {
    const world = new DrainWorld(three(), [guestOf("g1")]);
    world.look();
    world.guests.push(guestOf("late"));
    world.run();
    expect(world.drain.end?.as).toBe("completed");
    expect(world.guest("late").hostId).not.toBe("a");
  });

  test("E3: a guest that somebody else moves, or removes, is not waited for by a migration of the drain's", () => {
    const world = new DrainWorld(
      three(),
      ["g1", "g2", "g3", "g4", "g5"].map((id) => guestOf(id)),
    );
    const unset = { startedAt: undefined, endedAt: undefined, downtimeMs: undefined, code: "", sentence: "" };
    world.migrations.push({
      id: "x",
      guestId: "g1",
      destination: { id: "c", name: "gamma" },
      stage: "queued",
      ...unset,
    });
    world.look();
    const gone = world.guests.find(({ id }) => world.standing(id).at === "queued")?.id;
    world.guests = world.guests.filter(({ id }) => id !== gone);
    world.run();
    expect(world.drain.end?.as).toBe("completed");
    expect(world.begun.map(({ guestId }) => guestId)).not.toContain("g1");
    expect(world.standing("g1")).toMatchObject({ at: "moved", own: false, to: { id: "c" } });
    expect(world.drain.guests).toHaveLength(4);
  });
});

describe("where guests go", () => {
  test("E4: they are spread over where the most memory is left, or packed where the least is", () => {
    const hosts = () => [hostOf("a"), hostOf("b", { freeBytes: 1_000 }), hostOf("c", { freeBytes: 1_250 })];
    const guests = () => ["g1", "g2", "g3", "g4"].map((id) => guestOf(id));
    const spread = new DrainWorld(hosts(), guests());
    spread.run();
    expect(spread.guests.map(({ hostId }) => hostId).toSorted()).toEqual(["b", "c", "c", "c"]);
    const pack = new DrainWorld(hosts(), guests(), { placement: "pack" });
    pack.run();
    expect(pack.guests.map(({ hostId }) => hostId)).toEqual(["b", "b", "b", "b"]);
  });

  test("E4: guests of one label are kept apart, and one for which no host is left is blocked", () => {
    const guests = ["g1", "g2", "g3"].map((id) => guestOf(id, { keepApart: "db" }));
    const world = new DrainWorld(three(), guests);
    world.look();
    expect(new Set(world.begun.map(({ destinationId }) => destinationId)).size).toBe(2);
    expect(world.standing("g3")).toMatchObject({ at: "blocked", because: { code: "KEPT_APART" } });
  });

  test("E4: only to hosts that are named, connected, uncordoned and not paused", () => {
    const hosts = [hostOf("a"), hostOf("b", { paused: true }), hostOf("c", { cordoned: true }), hostOf("d")];
    const named = new DrainWorld(hosts, [guestOf("g1")], { destinations: [{ id: "b", name: "beta" }] });
    named.run(5);
    expect(named.standing("g1")).toMatchObject({ at: "blocked", because: { code: "NO_DESTINATION" } });
    const any = new DrainWorld(hosts, [guestOf("g1")]);
    any.run();
    expect(any.guest("g1").hostId).toBe("d");
  });

  test("E4: a migration that still waits for a host that takes nothing any more goes elsewhere", () => {
    const world = new DrainWorld(three(), [guestOf("g1")]);
    world.look();
    const [first] = world.begun;
    world.host(first?.destinationId ?? "").cordoned = true;
    world.run();
    expect(world.drain.end?.as).toBe("completed");
    expect(world.guest("g1").hostId).not.toBe(first?.destinationId);
  });

  test("E4: an agent that is away for a moment is waited for, and nothing is called off", () => {
    const world = new DrainWorld(
      [hostOf("a"), hostOf("b")],
      [guestOf("g1"), guestOf("g2"), guestOf("g3"), guestOf("g4"), guestOf("g5")],
    );
    world.look();
    Object.assign(world.host("b"), { connected: false, away: true });
    world.look();
    expect(world.migrations.every(({ stage }) => stage === "queued")).toBe(true);
    expect(world.standing("g5")).toMatchObject({ at: "queued", waitsFor: { code: "HOST_OFFLINE" } });
    Object.assign(world.host("b"), { connected: true, away: false });
    world.run();
    expect(world.drain.end?.as).toBe("completed");
  });
});

describe("in which order guests go", () => {
  const sizes = { g1: 100, g2: 400, g3: 200, g4: 300 };
  const guests = () => Object.entries(sizes).map(([id, sizeBytes]) => guestOf(id, { sizeBytes }));
  const one = () => [hostOf("a"), hostOf("b", { freeBytes: 5_000 })];
  const began = (world: DrainWorld) => {
    world.run();
    return world.begun.map(({ guestId }) => guestId).join(" ");
  };

  test("E5: as it is asked for", () => {
    expect(began(new DrainWorld(one(), guests(), { order: "largestFirst" }))).toBe("g2 g4 g3 g1");
    expect(began(new DrainWorld(one(), guests(), { order: "smallestFirst" }))).toBe("g1 g3 g4 g2");
  });

  test("E5: without a word the end to which the most is still to go comes first, so that all ends are done at a time", () => {
    const hosts = [hostOf("a"), hostOf("b", { freeBytes: 5_000 }), hostOf("c", { freeBytes: 4_850 })];
    const many = Array.from({ length: 8 }, (_, index) => guestOf(`g${index}`));
    const world = new DrainWorld(hosts, many);
    world.run();
    expect(world.begun.map(({ destinationId }) => destinationId).join("")).toBe("bbbccbcb");
  });

  test("E5: no more are asked for than can leave at once and two besides", () => {
    const world = new DrainWorld(
      one(),
      Array.from({ length: 9 }, (_, index) => guestOf(`g${index}`)),
    );
    world.look();
    expect(world.begun).toHaveLength(4);
    expect(world.standing("g8")).toMatchObject({ at: "queued", waitsFor: { code: "TURN" } });
  });
});
