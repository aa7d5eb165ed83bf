import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GB, MB, device } from "../../test/figures.ts";
import type { DirtyHistory } from "./dirty-history.ts";
import { type Outlook, type Prospect, outlookOf } from "./outlook.ts";

const ram = { name: "ram", sizeBytes: 8 * GB, pending: device("ram", { precopyBytes: 8 * GB }).pending };

/** Of W bytes each page is written `perSec` times a second: U(t) = W (1 - e^(-r t)), as it was watched in eight windows. */
function writing(
  bytes: number,
  perSec: number,
  activities: number[] = Array.from({ length: 30 }, () => 1),
): DirtyHistory {
  const windows = [62.5, 125, 250, 500, 1_000, 2_500, 5_000, 10_000];
  const curve = windows.map((overMs) => ({
    overMs,
    bytes: Math.round(bytes * (1 - Math.exp((-perSec * overMs) / 1000))),
  }));
  const rate = (curve.at(-1)?.bytes ?? 0) / 10;
  return { everyMs: 10_000, bytesPerSec: activities.map((activity) => activity * rate), curve };
}

const prospect: Prospect = {
  devices: [ram],
  downtimeLimitMs: 300,
  deadlineMs: 600_000,
  fixedMs: 30,
  stopResumeMs: 30,
  stopResumeSdMs: 10,
  linkBytesPerSec: undefined,
  priorBytesPerSec: GB,
  capBytesPerSec: undefined,
  dirty: writing(200 * MB, 0.5),
};

function outlook(over: Partial<Prospect> = {}): Outlook {
  return outlookOf({ ...prospect, ...over });
}

describe("L3: before the start", () => {
  test("L3: a quiet guest fits for certain, in a pass or two, with a downtime that its fixed costs dominate", () => {
    const { verdict, probability, durationMs, downtimeMs, dominant } = outlook({ dirty: writing(10 * MB, 0.5) });
    expect(probability).toBe(1);
    expect(verdict).toMatchObject({ kind: "converging", code: "CONVERGING" });
    expect(verdict.sentence).toBe(
      "As the guest has been written, it fits the limit of 300 ms with a probability of 100 %.",
    );
    // 8 GB at 1.1, 1 and 0.85 GB/s.
    expect(durationMs?.lowMs).toBeGreaterThan(7_200);
    expect(durationMs?.highMs).toBeLessThan(9_600);
    expect(downtimeMs?.highMs).toBeLessThan(100);
    expect(dominant).toMatchObject({ part: "fixed", ms: 30 });
  });

  test("L3: a guest that no pass leaves near enough is hopeless, with the downtime that it would come to", () => {
    // Not so steady that the curve alone would prove it.
    const times = [...Array.from({ length: 27 }, () => 1), 0.6, 1, 1];
    const { verdict, probability, durationMs, downtimeMs, dominant } = outlook({ dirty: writing(2 * GB, 2, times) });
    expect(verdict).toMatchObject({ kind: "hopeless", code: "WORKING_SET", inputs: { probability: 0 } });
    expect(probability).toBe(0);
    expect(durationMs).toBeUndefined();
    // Each pass leaves nearly all of the 2 GB, at 1.1 to 0.85 GB/s.
    expect(downtimeMs?.lowMs).toBeGreaterThan(1_600);
    expect(downtimeMs?.highMs).toBeLessThan(2_450);
    expect(dominant?.part).toBe("dirty");
  });

  test("L3: where the history has quiet times it may fit, with a credit for waiting for one", () => {
    const times = Array.from({ length: 30 }, (_, index) => (index % 6 < 2 ? 0.02 : 1));
    const { probability = 0, verdict } = outlook({ dirty: writing(2 * GB, 2, times) });
    expect(verdict.kind).toBe("converging");
    // A third of the time it is quiet; waiting for it mostly helps.
    expect(probability).toBeCloseTo(1 / 3 + (2 / 3) * 0.8, 1);
    const hasty = outlook({ dirty: writing(2 * GB, 2, times), deadlineMs: 35_000 });
    expect(hasty.probability).toBeCloseTo(1 / 3, 1);
  });

  test("L3: a poor, a usual and a good bandwidth of what was had before, or of what the link is said to carry", () => {
    const quiet = { dirty: writing(MB, 0.5) };
    const before = outlook(quiet).durationMs;
    expect([before?.lowMs, before?.highMs].map((ms) => Math.round((ms ?? 0) / 100))).toEqual([73, 94]);
    const link = outlook({ ...quiet, priorBytesPerSec: undefined, linkBytesPerSec: GB }).durationMs;
    expect([link?.lowMs, link?.highMs].map((ms) => Math.round((ms ?? 0) / 100))).toEqual([85, 134]);
  });

  test("L3: a cap makes it longer, and not the downtime", () => {
    const quiet = outlook({ dirty: writing(MB, 0.5) });
    const capped = outlook({ dirty: writing(MB, 0.5), capBytesPerSec: 200 * MB });
    expect(capped.durationMs?.lowMs).toBeGreaterThan(40_000);
    expect(capped.downtimeMs?.highMs).toBeLessThan((quiet.downtimeMs?.highMs ?? 0) + 5);
  });

  test("L3: what does not end before its deadline does not fit", () => {
    expect(outlook({ dirty: writing(MB, 0.5), deadlineMs: 5_000 }).probability).toBe(0);
  });

  test("L3: without a history no probability is told, and with no bandwidth the fixed costs and the limit", () => {
    for (const dirty of [undefined, { ...writing(GB, 1), curve: [] }]) {
      const { verdict, probability, durationMs, downtimeMs } = outlook({ dirty });
      expect(verdict).toMatchObject({ kind: "unknown", code: "NO_HISTORY" });
      expect(probability).toBeUndefined();
      expect(durationMs).toEqual({ lowMs: 8_000 / 1.1, highMs: 600_000 });
      expect(downtimeMs).toEqual({ lowMs: 30, highMs: 300 });
    }
    expect(outlook({ priorBytesPerSec: undefined })).toEqual({
      verdict: {
        kind: "unknown",
        code: "BANDWIDTH_UNKNOWN",
        sentence: "What the link carries is not known yet.",
        inputs: {},
      },
      durationMs: undefined,
      downtimeMs: { lowMs: 30, highMs: 300 },
      probability: undefined,
      dominant: undefined,
    });
  });
});

describe("L3: what is proven before the start", () => {
  const gpu = { name: "gpu", sizeBytes: GB, pending: device("gpu", { stopcopyBytes: GB }).pending };

  test("C1, L3: what only the stop can move takes too long at the link's limit", () => {
    const { verdict, probability, dominant } = outlook({ devices: [ram, gpu], linkBytesPerSec: GB });
    expect(verdict).toMatchObject({ kind: "hopeless", code: "STOP_ONLY", inputs: { stopcopyBytes: GB, proof: true } });
    expect(verdict.sentence).toMatch(
      /^1 GB can move only after the stop: that takes at least 9\d\d ms, and the limit is 300 ms\.$/,
    );
    expect(probability).toBe(0);
    expect(dominant).toMatchObject({ part: "stopcopy", device: "gpu" });
    const shrinking = { ...gpu, pending: { ...gpu.pending, mayShrink: true } };
    expect(outlook({ devices: [ram, shrinking], linkBytesPerSec: GB }).verdict.code).not.toBe("STOP_ONLY");
  });

  test("C1, L3: the devices' own times alone take too long", () => {
    const slow = { ...gpu, pending: { ...gpu.pending, stopcopyBytes: 0, fixedMs: 900 } };
    const { verdict, dominant } = outlook({ devices: [ram, slow] });
    expect(verdict).toMatchObject({ kind: "hopeless", code: "FIXED_COSTS", inputs: { proof: true } });
    expect(dominant).toEqual({ part: "fixed", device: "gpu", ms: 930 });
    const saving = { ...gpu, pending: { ...gpu.pending, stopcopyBytes: 0, saveMs: 200 } };
    expect(outlook({ devices: [ram, saving], dirty: writing(MB, 1) }).dominant).toEqual({
      part: "device",
      device: "gpu",
      ms: 200,
    });
  });

  test("C11, L3: more is written than can be sent", () => {
    const { verdict, probability } = outlook({ dirty: writing(8 * GB, 1), linkBytesPerSec: GB });
    expect(verdict).toMatchObject({ kind: "hopeless", code: "DIRTY_RATE", inputs: { beforeStart: true } });
    expect(probability).toBe(0);
  });
});

test("L3: whatever is known, every figure is finite and not negative, every range in order, and a probability one", () => {
  const bytes = fc.oneof(fc.constant(0), fc.nat(1_000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
  const ms = fc.oneof(fc.constant(0), fc.nat(5_000), fc.double({ min: 0, max: 1e12, noNaN: true }));
  const rate = fc.option(fc.oneof(bytes, fc.double({ min: 0, max: 1e11, noNaN: true })), { nil: undefined });
  const pending = fc.record({
    initialBytes: bytes,
    precopyBytes: bytes,
    stopcopyBytes: bytes,
    fixedMs: ms,
    saveMs: fc.option(ms, { nil: undefined }),
    bytesPerSec: fc.option(fc.double({ min: 0, minExcluded: true, max: 1e11, noNaN: true }), { nil: undefined }),
  });
  const any: fc.Arbitrary<Prospect> = fc.record({
    devices: fc.array(fc.record({ name: fc.constantFrom("a", "b"), sizeBytes: bytes, pending }), { maxLength: 3 }),
    downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
    deadlineMs: fc.integer({ min: 1_000, max: 30 * 86_400_000 }),
    fixedMs: ms,
    stopResumeMs: ms,
    stopResumeSdMs: ms,
    linkBytesPerSec: rate,
    priorBytesPerSec: rate,
    capBytesPerSec: fc.option(fc.integer({ min: 65_536, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
    dirty: fc.option(
      fc.record({
        everyMs: ms,
        bytesPerSec: fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { maxLength: 60 }),
        curve: fc.array(fc.record({ overMs: ms, bytes }), { maxLength: 8 }),
      }),
      { nil: undefined },
    ),
  });
  fc.assert(
    fc.property(any, (known) => {
      const { verdict, durationMs, downtimeMs, probability, dominant } = outlookOf(known);
      for (const range of [durationMs, downtimeMs]) expect(range?.lowMs ?? 0).toBeLessThanOrEqual(range?.highMs ?? 0);
      const figures = [
        durationMs?.lowMs,
        durationMs?.highMs,
        downtimeMs?.lowMs,
        downtimeMs?.highMs,
        dominant?.ms,
        probability,
      ];
      const all = [...figures, ...Object.values(verdict.inputs)].filter((figure) => typeof figure === "number");
      expect(all.filter((figure) => !(Number.isFinite(figure) && figure >= 0))).toEqual([]);
      expect(probability ?? 0).toBeLessThanOrEqual(1);
      expect(verdict.sentence).not.toMatch(/NaN|Infinity|undefined/);
    }),
    { numRuns: 2_000 },
  );
});
