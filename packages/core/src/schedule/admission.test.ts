import { describe, expect, test } from "vitest";
import { codeOf, decisions, host, kinds, now, queued, running, sentenceOf } from "./support/fleet.ts";

const unlimited = { outBytesPerSec: undefined, inBytesPerSec: undefined };
const hosts = ["a", "b", "c", "d"].map((id) => host(id, { link: unlimited }));

function runningWith(id: string, capBytesPerSec: number) {
  return running(id, "a", "b", { capBytesPerSec });
}

describe("the order of the queue", () => {
  test("S4: a higher priority goes first, whoever asked first", () => {
    const all = decisions({
      hosts,
      queued: [
        queued("m1", "a", "b", { priority: 250, askedAt: now - 500_000 }),
        queued("m2", "a", "b", { priority: 1000 }),
        queued("m3", "a", "b", { priority: 500 }),
      ],
    });
    expect(kinds(all)).toBe("m2 admit, m3 admit, m1 wait");
  });

  test("S4: within ten minutes the one with the busiest end goes first, and then the larger one", () => {
    const all = decisions({
      hosts,
      queued: [
        queued("m1", "c", "d"),
        queued("m2", "a", "b", { memoryBytes: 20_000 }),
        queued("m3", "a", "d", { memoryBytes: 30_000 }),
      ],
    });
    expect(kinds(all)).toBe("m3 admit, m2 admit, m1 admit");
  });

  test("S4: the busiest end is the one that takes longest at what its link carries, or the guest alone where that is longer", () => {
    const slow = host("a", { link: { outBytesPerSec: 100, inBytesPerSec: 100 } });
    const one = (id: string) => host(id, { slots: { preparing: 9, outgoing: 1, incoming: 9 } });
    const toB = [queued("m1", "c", "b", { memoryBytes: 30_000 }), queued("m2", "a", "b", { memoryBytes: 20_000 })];
    expect(kinds(decisions({ hosts: [slow, host("b"), one("c")], queued: toB }))).toMatch(/^m2 admit/);
    const capped = queued("m3", "c", "b", { memoryBytes: 10_000, capBytesPerSec: 20, neededBytesPerSec: 1 });
    expect(kinds(decisions({ hosts: [slow, host("b"), one("c")], queued: [...toB, capped] }))).toMatch(/^m3 admit/);
  });

  test("S4: on one link those go first that need more than full streams leave of it", () => {
    const cluster = {
      paused: false,
      limits: { preparing: 9, moving: 9 },
      bytesPerSec: undefined,
      streamBytesPerSec: 700,
    };
    const all = decisions({
      cluster,
      queued: [
        queued("m1", "a", "b", { neededBytesPerSec: 80, memoryBytes: 30_000 }),
        queued("m2", "a", "b", { neededBytesPerSec: 400, memoryBytes: 20_000 }),
        queued("m3", "a", "b", { neededBytesPerSec: 400, memoryBytes: 10_000 }),
      ],
    });
    expect(kinds(all)).toBe("m2 admit, m3 wait, m1 admit");
  });

  test("S4: who asked ten minutes earlier goes first, however busy the ends of the others are", () => {
    const late = ["m2", "m3", "m4"].map((id) => queued(id, "a", "c", { askedAt: now, memoryBytes: 90_000 }));
    const all = decisions({ hosts, queued: [...late, queued("m1", "a", "b", { askedAt: now - 600_000 })] });
    expect(kinds(all)).toMatch(/^m1 admit/);
  });

  test("S4: groups take turns, and one that has more under way waits for the others", () => {
    const of = (group: string, id: string) => queued(id, "a", "b", { group });
    const all = decisions({
      hosts: [
        host("a", { link: unlimited, slots: { preparing: 9, outgoing: 4, incoming: 9 } }),
        host("b", { link: unlimited, slots: { preparing: 9, outgoing: 9, incoming: 9 } }),
      ],
      running: [running("r1", "a", "b", { group: "eve" })],
      queued: [of("eve", "e1"), of("eve", "e2"), of("eve", "e3"), of("bob", "b1"), of("bob", "b2")],
    });
    expect(kinds(all)).toBe("b1 admit, b2 admit, e1 admit, e2 wait, e3 wait");
  });

  test("S4: what one waits for is not given to one of a lower priority, which is told whose turn it is", () => {
    const hosts = [host("a"), host("b"), host("c")];
    const running = [runningWith("r1", 600)];
    const high = queued("m1", "a", "b", { neededBytesPerSec: 700, priority: 1000 });
    const [low, same] = [queued("m2", "a", "c", { priority: 250 }), queued("m2", "a", "c", { priority: 1000 })];
    expect(codeOf(decisions({ hosts, running, queued: [high, low] }), "m2")).toBe("KEPT_FOR_ANOTHER");
    expect(codeOf(decisions({ hosts, running, queued: [low] }), "m2")).toBe("ADMITTED");
    expect(codeOf(decisions({ hosts, running, queued: [high, same] }), "m2")).toBe("ADMITTED");
  });

  test("S4: one whose deadline presses goes before all of its priority", () => {
    const hosts = [host("a", { slots: { preparing: 4, outgoing: 1, incoming: 1 } }), host("b")];
    const pressed = queued("m2", "a", "b", { deadlineAt: now + 70_000 });
    expect(
      kinds(
        decisions({
          hosts,
          queued: [queued("m1", "a", "b", { memoryBytes: 50_000, askedAt: now - 900_000 }), pressed],
        }),
      ),
    ).toBe("m2 admit, m1 wait");
  });
});

describe("counts", () => {
  test("S5: each wait for a slot says which one, with the figures", () => {
    const all = decisions({
      hosts,
      running: [running("r1", "a", "b"), running("r2", "a", "c")],
      queued: [queued("m1", "a", "d")],
    });
    expect(sentenceOf(all, "m1")).toBe("It waits for a slot: 2 of 2 outgoing slots on host-a are taken.");
  });

  test("S5: preparations are counted apart, per host and in the cluster", () => {
    const slots = { preparing: 1, outgoing: 9, incoming: 9 };
    const few = ["a", "b", "c", "d"].map((id) => host(id, { link: unlimited, slots }));
    const all = decisions({
      hosts: few,
      queued: [queued("m1", "a", "b"), queued("m2", "a", "c"), queued("m3", "c", "d")],
    });
    expect(kinds(all)).toBe("m1 admit, m2 wait, m3 admit");
    expect(sentenceOf(all, "m2")).toBe("It waits to be prepared: 1 of 1 preparations of host-a are under way.");
    const moving = [running("r1", "a", "b", { stage: "moving" })];
    expect(kinds(decisions({ hosts: few, running: moving, queued: [queued("m1", "a", "c")] }))).toBe("m1 admit");
    const cluster = {
      paused: false,
      limits: { preparing: 1, moving: 9 },
      bytesPerSec: undefined,
      streamBytesPerSec: undefined,
    };
    expect(kinds(decisions({ cluster, hosts, queued: [queued("m1", "a", "b"), queued("m2", "c", "d")] }))).toBe(
      "m1 admit, m2 wait",
    );
  });

  test("S5: the cluster has a limit of its own", () => {
    const cluster = {
      paused: false,
      limits: { preparing: 9, moving: 2 },
      bytesPerSec: undefined,
      streamBytesPerSec: undefined,
    };
    const all = decisions({
      cluster,
      hosts,
      running: [running("r1", "a", "b")],
      queued: [queued("m1", "a", "b"), queued("m2", "c", "d")],
    });
    expect(kinds(all)).toBe("m1 admit, m2 wait");
    expect(sentenceOf(all, "m2")).toBe("It waits for a slot: 2 of 2 slots of the cluster are taken.");
  });

  test("S5: a guest is moved by one migration at a time", () => {
    const all = decisions({
      hosts,
      running: [running("r1", "a", "b", { guestId: "g" })],
      queued: [
        queued("m1", "a", "c", { guestId: "g" }),
        queued("m2", "a", "c", { guestId: "h" }),
        queued("m3", "a", "d", { guestId: "h" }),
      ],
    });
    expect(codeOf(all, "m1")).toBe("GUEST_MOVING");
    expect(kinds(all).match(/admit/g)).toHaveLength(1);
  });

  test("S5: a destination takes no more than its memory holds, with what is on its way to it", () => {
    const small = [host("a"), host("b", { freeBytes: 25_000 })];
    const all = decisions({
      hosts: small,
      running: [running("r1", "a", "b")],
      queued: [queued("m1", "a", "b", { memoryBytes: 20_000 })],
    });
    expect(sentenceOf(all, "m1")).toBe("It waits for memory: 15 kB are free on host-b, and it needs 20 kB.");
  });

  test("S5, S13: hosts that are away, paused or cordoned are named", () => {
    const some = [
      host("a"),
      host("b", { connected: false }),
      host("c", { paused: true }),
      host("d", { cordoned: true }),
    ];
    const all = decisions({
      hosts: some,
      queued: [queued("m1", "a", "b"), queued("m2", "c", "a"), queued("m3", "a", "d"), queued("m4", "d", "a")],
    });
    expect(["m1", "m2", "m3", "m4"].map((id) => codeOf(all, id))).toEqual([
      "HOST_OFFLINE",
      "HOST_PAUSED",
      "HOST_CORDONED",
      "ADMITTED",
    ]);
  });
});

describe("the forecast", () => {
  test("S6: one that would not converge beside the others waits for the share that it needs", () => {
    const all = decisions({
      running: [running("r1", "a", "b", { capBytesPerSec: 600 })],
      queued: [
        queued("m1", "a", "c", { neededBytesPerSec: 400 }),
        queued("m2", "a", "c", { neededBytesPerSec: 200, memoryBytes: 5_000 }),
      ],
    });
    expect(sentenceOf(all, "m1")).toBe(
      "It waits for bandwidth: 400 B/s outgoing are free at host-a, and beside the others it needs 500 B/s.",
    );
    expect(codeOf(all, "m2")).toBe("ADMITTED");
  });

  test("S6: one that its whole path could not make converge is refused, with what it would need", () => {
    const all = decisions({ queued: [queued("m1", "a", "b", { neededBytesPerSec: 2_000 })] });
    expect(all).toMatchObject([
      {
        kind: "refuse",
        because: { code: "CANNOT_CONVERGE", inputs: { neededBytesPerSec: 2_000, topBytesPerSec: 1_000 } },
      },
    ]);
  });

  test("S6: less than a quarter of its path is given to one that can live on it, if nobody else would have it", () => {
    const beside = (capBytesPerSec: number) => ({ running: [running("r1", "a", "b", { capBytesPerSec })] });
    const light = queued("m1", "a", "c", { neededBytesPerSec: 1, memoryBytes: 90_000 });
    expect(codeOf(decisions({ ...beside(800), queued: [light] }), "m1")).toBe("ADMITTED");
    expect(codeOf(decisions({ ...beside(800), queued: [{ ...light, neededBytesPerSec: 170 }] }), "m1")).toBe(
      "BANDWIDTH_TAKEN",
    );
    expect(codeOf(decisions({ ...beside(960), queued: [light] }), "m1")).toBe("BANDWIDTH_TAKEN");
    // To the second it is a quarter of what it may take at all.
    const capped = queued("m2", "a", "c", { capBytesPerSec: 400, memoryBytes: 1_000 });
    expect(kinds(decisions({ ...beside(800), queued: [light, capped] }))).toBe("m1 wait, m2 admit");
  });

  test("S6: a destination is looked for also where only small rests of links are left", () => {
    const taken = [running("r1", "a", "b", { capBytesPerSec: 900 }), running("r2", "a", "c", { capBytesPerSec: 850 })];
    const hosts = [host("a", { link: unlimited }), host("b"), host("c"), host("d", { link: unlimited })];
    const all = decisions({ hosts, running: taken, queued: [queued("m1", "d", undefined, { neededBytesPerSec: 1 })] });
    expect(all.at(-1)).toMatchObject({ kind: "admit", destinationId: "a" });
    const without = hosts.filter(({ id }) => id !== "a");
    const rest = decisions({
      hosts: [...without, host("a", { link: unlimited, cordoned: true })],
      running: taken,
      queued: [queued("m1", "d", undefined, { neededBytesPerSec: 1 })],
    });
    expect(rest.at(-1)).toMatchObject({ kind: "admit", destinationId: "c", bytesPerSec: 150 });
  });
});

describe("when it should start", () => {
  test("S11: what waits is told when its turn should come, from what is in front of it", () => {
    const all = decisions({
      running: [running("r1", "a", "b", { leftBytes: 20_000 })],
      queued: [queued("m1", "a", "c", { memoryBytes: 50_000 }), queued("m2", "a", "c")],
    });
    const starts = all.flatMap((each) => (each.kind === "wait" ? [[each.migrationId, each.expectedStartAt]] : []));
    expect(starts).toEqual([
      ["m1", now + 20_000],
      ["m2", now + 70_000],
    ]);
  });
});
