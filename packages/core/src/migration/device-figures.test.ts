import { describe, expect, test } from "vitest";
import { MB } from "../../test/figures.ts";
import { deviceAfter } from "./device-figures.ts";
import type { DeviceProgress } from "./state.ts";

const pending = { initialBytes: 0, precopyBytes: 100 * MB, stopcopyBytes: 0, fixedMs: 20 };
const fresh: DeviceProgress = { name: "ram", kind: "memory", rounds: 0, sentBytes: 0 };
/** After so many ms, with so much pending and so much sent. */
const seen = (before: DeviceProgress, atMs: number, leftBytes: number, sentBytes: number) =>
  deviceAfter(
    before,
    { name: "ram", pending: { ...pending, precopyBytes: leftBytes }, rounds: 0, sentBytes },
    atMs,
    50 * MB,
  );

describe("what is told of a device", () => {
  test("A10: how fast it is written is what pending and sent have grown together, over a second at least", () => {
    const first = seen(fresh, 0, 100 * MB, 0);
    expect(first.dirtyBytesPerSec).toBeUndefined();
    const early = seen(first, 500, 90 * MB, 20 * MB);
    expect(early.dirtyBytesPerSec).toBeUndefined();
    // In two seconds 80 MB have been sent and 60 MB are left less: 20 MB were written.
    const later = seen(early, 2_000, 40 * MB, 80 * MB);
    expect(later.dirtyBytesPerSec).toBe(10 * MB);
    expect(seen(later, 4_000, 0, 120 * MB).dirtyBytesPerSec).toBe(0);
  });

  test("A10: counters that begin anew are not reckoned across", () => {
    const known = seen(seen(fresh, 0, 100 * MB, 0), 1_000, 50 * MB, 60 * MB);
    const anew = seen(known, 2_000, 30 * MB, 0);
    expect(anew.dirtyBytesPerSec).toBe(10 * MB);
    expect(seen(anew, 3_000, 20 * MB, 15 * MB).dirtyBytesPerSec).toBe(5 * MB);
  });

  test("A10: what it alone would take is its own time and the longer of what the link and what it itself takes for its bytes", () => {
    expect(seen(fresh, 0, 100 * MB, 0).predictedMs).toBe(20 + 2_000);
    const slow = { ...pending, saveMs: 100, bytesPerSec: 25 * MB };
    expect(deviceAfter(fresh, { name: "ram", pending: slow, rounds: 0, sentBytes: 0 }, 0, 50 * MB).predictedMs).toBe(
      4_120,
    );
    expect(
      deviceAfter(fresh, { name: "ram", pending, rounds: 0, sentBytes: 0 }, 0, undefined).predictedMs,
    ).toBeUndefined();
    expect(seen(fresh, 0, 0, 0).predictedMs).toBe(20);
  });
});
