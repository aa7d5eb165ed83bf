import { expect, test } from "vitest";
import { GB, MB } from "../../test/figures.ts";
import type { DirtyHistory } from "./dirty-history.ts";
import { type Way, provenByCurve } from "./proven-by-curve.ts";

const way: Way = {
  downtimeLimitMs: 300,
  fixedMs: 50,
  linkBytesPerSec: GB,
  priorBytesPerSec: undefined,
  capBytesPerSec: undefined,
};

/** A steady guest that writes so much within a second. */
function writing(bytes: number, over: Partial<DirtyHistory> = {}): DirtyHistory {
  return { everyMs: 10_000, bytesPerSec: [1, 1, 1, 1], curve: [{ overMs: 1_000, bytes }], ...over };
}

test("C11: more is written in a window than can be sent in the window and the limit together: it never fits", () => {
  // 0.95 of what was counted, against 1 GB/s over the second and the 250 ms that the limit leaves.
  expect(provenByCurve(writing(1.31 * GB), way)).toBeUndefined();
  const verdict = provenByCurve(writing(1.32 * GB), way);
  expect(verdict).toMatchObject({
    kind: "hopeless",
    code: "DIRTY_RATE",
    inputs: { writtenBytes: 1.32 * GB, overMs: 1_000, dirtyBytesPerSec: 1.32 * GB, bytesPerSec: GB, proof: false },
    thresholds: { downtimeLimitMs: 300 },
  });
});

test("C11: one window of several is enough, and the first that says so is the evidence", () => {
  const curve = [
    { overMs: 250, bytes: 300 * MB },
    { overMs: 500, bytes: 900 * MB },
    { overMs: 1_000, bytes: 1.4 * GB },
  ];
  expect(provenByCurve(writing(0, { curve }), way)?.inputs["overMs"]).toBe(500);
});

test("C11: only of a steady guest: three samples of its history that are much alike", () => {
  expect(provenByCurve(writing(2 * GB, { bytesPerSec: [1, 1] }), way)).toBeUndefined();
  expect(provenByCurve(writing(2 * GB, { bytesPerSec: [10, 6, 10] }), way)).toBeUndefined();
  expect(provenByCurve(writing(2 * GB, { bytesPerSec: [0, 10, 7, 10] }), way)?.code).toBe("DIRTY_RATE");
});

test("C11: not where the history shows quiet periods, one of which may do", () => {
  const busy = Array.from({ length: 25 }, () => 10);
  expect(provenByCurve(writing(2 * GB, { bytesPerSec: [1, 1, ...busy] }), way)).toBeUndefined();
  expect(provenByCurve(writing(2 * GB, { bytesPerSec: busy }), way)?.code).toBe("DIRTY_RATE");
});

test("C11, L2: what earlier migrations had counts with a fifth more, and the link bounds it", () => {
  const known = (over: Partial<Way>) => provenByCurve(writing(1.5 * GB), { ...way, ...over });
  expect(known({ linkBytesPerSec: undefined })).toBeUndefined();
  expect(known({ linkBytesPerSec: undefined, priorBytesPerSec: 0.9 * GB })?.code).toBe("DIRTY_RATE");
  expect(known({ linkBytesPerSec: undefined, priorBytesPerSec: GB })).toBeUndefined();
  expect(known({ priorBytesPerSec: 2 * GB })?.inputs["bytesPerSec"]).toBe(GB);
});

test("C7, C11: a cap holds while the guest runs, and is lifted at the switchover", () => {
  const capped = { ...way, capBytesPerSec: 100 * MB };
  // 100 MB within the second, and 250 MB in what the limit leaves.
  expect(provenByCurve(writing(360 * MB), capped)).toBeUndefined();
  expect(provenByCurve(writing(380 * MB), capped)?.inputs["bytesPerSec"]).toBe(100 * MB);
});

test("C11: fixed costs beyond the limit leave nothing for bytes", () => {
  expect(provenByCurve(writing(1.06 * GB), { ...way, fixedMs: 400 })?.code).toBe("DIRTY_RATE");
  expect(provenByCurve(writing(1.05 * GB), { ...way, fixedMs: 400 })).toBeUndefined();
});
