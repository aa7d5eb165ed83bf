import { describe, expect, test } from "vitest";
import { codeOf, decisions, host, now, queued, running, sentenceOf } from "./support/fleet.ts";

const hour = 3_600_000;

function codeWith(over: Parameters<typeof queued>[3], at = now): string | undefined {
  return codeOf(decisions({ queued: [queued("m1", "a", "b", over)] }, at), "m1");
}

describe("time", () => {
  test("S9: nothing starts before its time, nor while the scheduler is paused", () => {
    expect(codeWith({ notBefore: now + 1 })).toBe("NOT_BEFORE");
    expect(codeWith({ notBefore: now })).toBe("ADMITTED");
    const cluster = {
      paused: true,
      limits: { preparing: 9, moving: 9 },
      bytesPerSec: undefined,
      streamBytesPerSec: undefined,
    };
    const all = decisions({ cluster, running: [running("r1", "a", "b")], queued: [queued("m1", "a", "b")] });
    expect([codeOf(all, "r1"), codeOf(all, "m1")]).toEqual(["SHARE", "SCHEDULER_PAUSED"]);
  });

  test("S9: it starts only within its windows, is told when the next one opens, and is refused when none will", () => {
    const once = { opensAt: now - 2 * hour, closesAt: now - hour, everyMs: undefined };
    const daily = { ...once, everyMs: 24 * hour };
    expect(codeWith({ windows: [once] })).toBe("WINDOW_OVER");
    expect(codeWith({ windows: [once, daily] }, now + 22.5 * hour)).toBe("ADMITTED");
    const [decision] = decisions({ queued: [queued("m1", "a", "b", { windows: [daily] })] });
    expect(decision).toMatchObject({
      kind: "wait",
      waitsFor: { code: "WINDOW_SHUT" },
      expectedStartAt: now + 22 * hour,
    });
  });

  test("S9: one that runs is held at the brink while its window is shut, and let go when it opens", () => {
    const windows = [{ opensAt: now, closesAt: now + hour, everyMs: undefined }];
    const at = (when: number) => decisions({ running: [running("r1", "a", "b", { windows })] }, when).at(-1)?.kind;
    expect([at(now - 1), at(now), at(now + hour - 1), at(now + hour)]).toEqual(["hold", "release", "release", "hold"]);
  });

  test("S9: a deadline that has passed, or that the path cannot meet, is refused with what it would take", () => {
    expect(codeWith({ deadlineAt: now })).toBe("DEADLINE_PASSED");
    expect(codeWith({ deadlineAt: now + 10_000 })).toBe("ADMITTED");
    const all = decisions({ queued: [queued("m1", "a", "b", { deadlineAt: now + 9_000 })] });
    expect(sentenceOf(all, "m1")).toBe(
      "It cannot end by its deadline: that is 9 s away, and to send it once takes 10 s.",
    );
  });
});

describe("another attempt", () => {
  const failed = {
    endedAt: now - 60_000,
    code: "WORKING_SET",
    destinationId: "b",
    shareBytesPerSec: 1000,
    downtimeLimitMs: 300,
    neededBytesPerSec: 80,
    facts: " ",
  };

  test("S8: it backs off twice as long after each failure, and gives up after the fifth", () => {
    const after = (count: number) => {
      const attempts = Array.from({ length: count }, () => ({ ...failed, endedAt: now }));
      const [decision] = decisions({ queued: [queued("m1", "a", "b", { attempts })] });
      return decision?.kind === "wait" ? (decision.expectedStartAt ?? 0) - now : decision?.kind;
    };
    expect([1, 2, 3, 4, 5].map(after)).toEqual([30_000, 60_000, 120_000, 240_000, "refuse"]);
  });

  test("S8: an attempt like one that failed is not made again", () => {
    expect(codeWith({ attempts: [failed] })).toBe("NOTHING_CHANGED");
    expect(codeWith({ attempts: [failed], neededBytesPerSec: 79 })).toBe("NOTHING_CHANGED");
    // Nor one that is worse than one that failed.
    expect(codeWith({ attempts: [failed], downtimeLimitMs: 200 })).toBe("NOTHING_CHANGED");
    const elsewhere = { ...failed, destinationId: "c", endedAt: now - 200_000 };
    expect(codeWith({ attempts: [elsewhere, failed] })).toBe("NOTHING_CHANGED");
  });

  test("S8: it is made again where something is better, and says what", () => {
    const sentence = (over: Parameters<typeof queued>[3]) =>
      sentenceOf(decisions({ queued: [queued("m1", "a", "b", { attempts: [failed], ...over })] }), "m1");
    const start = "host-a and host-b have 1 kB/s for it, of which it keeps 100 B/s. New since it failed: ";
    expect(sentence({ downtimeLimitMs: 500 })).toBe(`${start}a limit of 500 ms instead of 300 ms.`);
    expect(sentence({ attempts: [{ ...failed, shareBytesPerSec: 300 }] })).toBe(`${start}1 kB/s instead of 300 B/s.`);
    expect(sentence({ attempts: [{ ...failed, neededBytesPerSec: 700 }] })).toBe(
      `${start}it needs 80 B/s where it needed 700 B/s.`,
    );
    expect(sentence({ attempts: [{ ...failed, destinationId: "c" }] })).toBe(`${start}another destination.`);
  });
});

describe("another attempt of one that names no host", () => {
  const failed = (destinationId: string, over: object = {}) => ({
    endedAt: now - 60_000,
    code: "CHECK_FAILED",
    destinationId,
    shareBytesPerSec: 1000,
    downtimeLimitMs: 300,
    neededBytesPerSec: 80,
    facts: "policy of a session",
    ...over,
  });
  const hosts = [host("a"), host("b", { facts: "session" }), host("c", { facts: "session" })];
  const decided = (over: Parameters<typeof queued>[3], among = hosts) =>
    decisions({ hosts: among, queued: [queued("m1", "a", undefined, { facts: "policy of a", ...over })] });

  test("S8, S10: it goes to another host than that at which it failed, and says so", () => {
    expect(decided({})).toMatchObject([{ kind: "admit", destinationId: "b" }]);
    const all = decided({ attempts: [failed("b")] });
    expect(all).toMatchObject([{ kind: "admit", destinationId: "c", because: { code: "TRIED_AGAIN" } }]);
    expect(sentenceOf(all, "m1")).toMatch(/New since it failed: another destination\.$/);
  });

  test("S8: once it has failed at each it waits for something to change at one of them", () => {
    const attempts = [failed("b", { endedAt: now - 90_000 }), failed("c")];
    expect(codeOf(decided({ attempts }), "m1")).toBe("NOTHING_CHANGED");
    const [a, b, c] = hosts;
    if (a === undefined || b === undefined || c === undefined) throw new Error("there are three");
    const again = decided({ attempts }, [a, b, { ...c, facts: "its next session" }]);
    expect(again).toMatchObject([{ kind: "admit", destinationId: "c" }]);
    expect(sentenceOf(again, "m1")).toMatch(/New since it failed: what its hosts or its policy say is new\.$/);
  });

  test("S8: one that has room only where it failed waits for the host at which it has not", () => {
    const [a, b, c] = hosts;
    if (a === undefined || b === undefined || c === undefined) throw new Error("there are three");
    const full = { ...c, slots: { ...c.slots, incoming: 0 } };
    expect(codeOf(decided({ attempts: [failed("b")] }, [a, b, full]), "m1")).toBe("NO_HOST_WITH_ROOM");
  });

  test("S8: what it is admitted with is what the next attempt is compared with", () => {
    const [first] = decided({});
    if (first?.kind !== "admit") throw new Error("it was not admitted");
    const attempts = [{ ...first.conditions, endedAt: now - 60_000, code: "NO_PROGRESS" }];
    expect(codeOf(decided({ attempts }, hosts.slice(0, 2)), "m1")).toBe("NOTHING_CHANGED");
  });
});

describe("a host for a guest whose migration names none", () => {
  const of = (over: Parameters<typeof queued>[3], hosts = [host("a"), host("b", { freeBytes: 50_000 }), host("c")]) => {
    const [decision] = decisions({ hosts, queued: [queued("m1", "a", undefined, over)] });
    return decision?.kind === "admit"
      ? decision.destinationId
      : decision?.kind === "wait"
        ? decision.waitsFor.code
        : "";
  };

  test("S10: spread takes the host with the most room, pack the one that is nearly full", () => {
    expect(of({ placement: "spread" })).toBe("c");
    expect(of({ placement: "pack" })).toBe("b");
    expect(of({ placement: "pack", memoryBytes: 60_000 })).toBe("c");
  });

  test("S10: guests of one label go to different hosts, also within one plan", () => {
    const hosts = [host("a"), host("b", { keepsApart: ["db"] }), host("c"), host("d")];
    expect(of({ keepApart: "db" }, [host("a", { keepsApart: ["db"] }), host("b", { keepsApart: ["db"] })])).toBe(
      "NO_HOST_APART",
    );
    const all = decisions({
      hosts,
      queued: ["m1", "m2", "m3"].map((id) => queued(id, "a", undefined, { keepApart: "db", capBytesPerSec: 300 })),
    });
    const placed = all.map((each) => (each.kind === "admit" ? each.destinationId : each.kind));
    expect(placed).toEqual(["c", "d", "wait"]);
  });

  test("S10: never its own host, one that is away, paused or cordoned, or one without memory for it", () => {
    const hosts = [
      host("a"),
      host("b", { cordoned: true }),
      host("c", { paused: true }),
      host("d", { connected: false }),
    ];
    expect(of({}, hosts)).toBe("NO_HOST_APART");
    expect(of({ memoryBytes: 2_000_000 })).toBe("NO_HOST_WITH_MEMORY");
    expect(of({}, [host("a"), host("b", { slots: { preparing: 1, outgoing: 1, incoming: 0 } })])).toBe(
      "NO_HOST_WITH_ROOM",
    );
  });
});
