import { describe, expect, test } from "vitest";
import { GB, MB, device, exactly, seen } from "../../test/figures.ts";
import { codesOver, over, reports } from "../../test/judging.ts";
import { gigabyteLink, unknownLink } from "../../test/policies.ts";
import { asked, noConvergence, resumed } from "./memory.ts";

describe("between exact figures", () => {
  test("what exact figures have decided stands until the next ones", () => {
    const decided = reports({ count: 11 });
    const later = {
      ...reports({ count: 12, exact: false }).slice(-1)[0],
      devices: [device("ram", { precopyBytes: 0 })],
    };
    expect(codesOver(gigabyteLink, [...decided, seen(later)]).slice(-2)).toEqual(["WORKING_SET", "WORKING_SET"]);
    const better = reports({ count: 12, ram: (index) => ({ precopyBytes: index === 11 ? MB : 800 * MB }) });
    expect(codesOver(gigabyteLink, better).slice(-2)).toEqual(["WORKING_SET", "FITS_LIMIT"]);
  });

  test("a passed deadline and a dead link show at once", () => {
    const decided = over(gigabyteLink, reports({ count: 11 }));
    const estimate = (atMs: number) =>
      seen({ atMs, wireBytes: 10 * GB, busyMs: 10_000, devices: [device("ram", { precopyBytes: GB, rounds: 1 })] });
    expect(over({ ...gigabyteLink, deadlineMs: 11_000 }, [estimate(10_600)], decided.memory).verdict.code).toBe(
      "DEADLINE",
    );
    const silence = Array.from({ length: 31 }, (_, index) => estimate(11_000 + 1_000 * index));
    expect(over(gigabyteLink, silence, decided.memory).verdict.code).toBe("NO_PROGRESS");
  });

  test("what estimates overlook is foretold from what exact figures found before", () => {
    const found = reports({ count: 6, ram: () => ({ precopyBytes: 400 * MB }) });
    const { memory } = over(gigabyteLink, found);
    const estimate = (atMs: number) =>
      over(
        gigabyteLink,
        [
          seen({
            atMs,
            wireBytes: 5.5 * GB,
            busyMs: 5_500,
            devices: [device("ram", { precopyBytes: 0, sentBytes: 5.4 * GB })],
          }),
        ],
        memory,
      ).evidence?.predicted.transferMs;
    expect(estimate(5_500)).toBeCloseTo(200, 3);
    expect(estimate(6_000)).toBeCloseTo(400, 3);
  });

  test("the guest has gone on writing since the figures were true, and will until it is stopped", () => {
    const before = reports({ count: 6, ram: () => ({ precopyBytes: 400 * MB }) });
    const at = (agoMs: number, decisionMs: number) => {
      const [last] = before.slice(-1);
      if (last === undefined) throw new Error("Nothing was reported");
      const { evidence } = over({ ...gigabyteLink, decisionMs }, [
        ...before.slice(0, -1),
        { ...last, exact: { syncMs: 1, agoMs } },
      ]);
      return evidence?.predicted.transferMs ?? 0;
    };
    expect(at(0, 0)).toBeCloseTo(400, 6);
    expect(at(100, 0)).toBeCloseTo(440, 6);
    expect(at(100, 25)).toBeCloseTo(450, 6);
  });
});

describe("C13: questions", () => {
  const estimate = seen({ devices: [device("ram", { precopyBytes: 8 * GB })] });
  const first = over(unknownLink, [estimate]);

  test("C13: the first figures are asked about at once, whether the bandwidth is known or not", () => {
    expect(first.askExact).toBe(true);
    expect(over(gigabyteLink, [estimate]).askExact).toBe(true);
  });

  test("M5: one question is open at a time, and one whose answer does not come for 5 s is put again", () => {
    for (const policy of [unknownLink, gigabyteLink]) {
      const memory = asked(over(policy, [estimate]).memory);
      const at = (atMs: number) => over(policy, [{ ...estimate, atMs }], memory).askExact;
      expect([at(100), at(5_000)]).toEqual([false, false]);
      const late = over(
        policy,
        [
          { ...estimate, atMs: 5_000 },
          { ...estimate, atMs: 5_100 },
        ],
        memory,
      );
      expect(late.askExact).toBe(true);
    }
  });

  test("M5: the cost of the last answer counts: a dear one is awaited for longer", () => {
    const answered = over(gigabyteLink, [{ ...estimate, exact: exactly(1_000) }]);
    const memory = asked(answered.memory);
    const estimates = reports({ count: 22, exact: false });
    expect(over(gigabyteLink, estimates.slice(0, 21), memory).askExact).toBe(false);
    expect(over(gigabyteLink, estimates, memory).askExact).toBe(true);
  });

  test("C13: an answer closes the question, and its cost is that of the switchover's last one", () => {
    const { memory, evidence, askExact } = over(
      gigabyteLink,
      [{ ...estimate, exact: exactly(40) }],
      asked(first.memory),
    );
    expect(memory.question).toEqual({ askedMs: 0, open: false });
    expect(evidence?.predicted.fixedMs).toBeCloseTo(30 + 40 + 0.6, 9);
    expect(askExact).toBe(false);
  });
});

describe("what changes on the way", () => {
  test("M15: after a change that may lead on a plateau must show itself anew", () => {
    const { memory, verdict } = over(gigabyteLink, reports({ count: 11 }));
    expect(verdict.code).toBe("WORKING_SET");
    const onwards = reports({ count: 22 }).slice(11);
    const codes = onwards.map(
      (_, index) => over(gigabyteLink, onwards.slice(0, index + 1), resumed(memory)).verdict.code,
    );
    expect(codes.indexOf("WORKING_SET")).toBe(9);
  });

  test("C2: a time in which nothing was sent on purpose is not held against the link afterwards", () => {
    const held = Array.from({ length: 40 }, (_, index) => {
      const ram = device("ram", { precopyBytes: GB, rounds: 1, sentBytes: GB });
      return seen({ atMs: 1_000 * index, wireBytes: GB, busyMs: 1_000, devices: [ram] });
    });
    const { memory } = over(gigabyteLink, held.slice(0, 30));
    const after = (from: typeof memory) => over(gigabyteLink, held.slice(30, 35), from).verdict.code;
    expect([after(memory), after(resumed(memory))]).toEqual(["NO_PROGRESS", "CONVERGING"]);
  });

  test("C12: a source whose counters begin anew is judged on, without a slice or a span across", () => {
    const [before, after] = [reports({ count: 8 }), reports({ count: 8 })];
    const anew = after.map((each) => ({ ...each, atMs: each.atMs + 7_100, epoch: 1 }));
    const { memory, verdict } = over(gigabyteLink, [...before, ...anew]);
    expect(verdict.code).toBe("WORKING_SET");
    expect(memory.bandwidth.slices.map(({ bytesPerSec }) => bytesPerSec)).toEqual(Array.from({ length: 14 }, () => GB));
    expect(memory.dirty.spans.length).toBe(14);
  });

  test("C12: a report that is repeated says nothing new", () => {
    const once = reports({ count: 11 });
    const twice = once.flatMap((each) => [each, { ...each, exact: undefined }]);
    const [a, b] = [over(gigabyteLink, once), over(gigabyteLink, twice)];
    expect(b.verdict).toEqual(a.verdict);
    expect(b.memory.bandwidth).toEqual(a.memory.bandwidth);
    expect(b.memory.samples).toEqual(a.memory.samples);
  });
});

test("a guest without devices has nothing to observe, and nothing is made up of it", () => {
  expect(over(gigabyteLink, [seen({ devices: [], exact: exactly() })]).verdict.kind).toBe("ready");
  expect(noConvergence.pass).toBeUndefined();
});
