import { array, assert, double, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { afterAttempt, type AttemptOutcome, type BackOff } from "./after-attempt.ts";

const dayMs = 86_400_000;
const backOff: BackOff = { firstMs: 5_000, mostMs: 14_400_000, giveUpAfterMs: 3 * dayMs };
const failed: AttemptOutcome = { kind: "failed" };

/** Attempt after attempt, each as soon as it is due, until it ends; when each was made. */
function triedUntilTheEnd(randomOf: (attempt: number) => number, outcome = failed): number[] {
  const madeAt: number[] = [];
  for (let now = 1_000; ;) {
    madeAt.push(now);
    const made = { attempts: madeAt.length, firstAttemptAt: madeAt[0]! };
    const after = afterAttempt(made, outcome, { now, random: randomOf(madeAt.length), backOff });
    if (after.state !== "pending") return madeAt;
    now = after.nextAttemptAt;
  }
}

describe("W3: after an attempt", () => {
  const first = { attempts: 1, firstAttemptAt: 0 };
  const at = (now: number, random = 0) => ({ now, random, backOff });

  test("what was accepted is delivered, and what the receiver says is gone is given up at once", () => {
    expect(afterAttempt(first, { kind: "accepted" }, at(10 * dayMs))).toEqual({ state: "delivered" });
    expect(afterAttempt(first, { kind: "gone" }, at(0))).toMatchObject({
      state: "abandoned",
      because: { code: "GONE", inputs: { attempts: 1 } },
    });
  });

  test("pauses begin with five seconds and double up to four hours, by half at random", () => {
    const pauseOf = (attempts: number, random: number) => {
      const after = afterAttempt({ attempts, firstAttemptAt: 0 }, failed, at(0, random));
      return after.state === "pending" ? after.nextAttemptAt : undefined;
    };
    expect([1, 2, 3, 20].map((attempts) => pauseOf(attempts, 0))).toEqual([2_500, 5_000, 10_000, 7_200_000]);
    expect([1, 2, 3, 20].map((attempts) => pauseOf(attempts, 1))).toEqual([5_000, 10_000, 20_000, 14_400_000]);
  });

  test("a receiver may ask for a longer pause, of four hours at most", () => {
    const after = (retryAfterMs: number) => afterAttempt(first, { kind: "failed", retryAfterMs }, at(0, 1));
    expect(after(60_000)).toEqual({ state: "pending", nextAttemptAt: 60_000 });
    expect(after(1)).toEqual({ state: "pending", nextAttemptAt: 5_000 });
    expect(after(30 * dayMs)).toEqual({ state: "pending", nextAttemptAt: 14_400_000 });
  });

  test("the last attempt is made three days after the first, and then it says how often it was tried", () => {
    expect(afterAttempt({ attempts: 30, firstAttemptAt: 0 }, failed, at(3 * dayMs - 1))).toEqual({
      state: "pending",
      nextAttemptAt: 3 * dayMs,
    });
    expect(afterAttempt({ attempts: 31, firstAttemptAt: 0 }, failed, at(3 * dayMs))).toEqual({
      state: "abandoned",
      because: {
        code: "NOT_ACCEPTED",
        sentence: "It was tried 31 times in 4320 min, and the receiver has not accepted it.",
        inputs: { attempts: 31, triedMs: 3 * dayMs },
      },
    });
  });

  test("never: it is tried beyond the three days, or more often than fifty times, or with pauses that vanish", () => {
    assert(
      property(array(double({ min: 0, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 }), (randoms) => {
        const madeAt = triedUntilTheEnd((attempt) => randoms[attempt] ?? 1);
        expect(madeAt.length).toBeGreaterThan(25);
        expect(madeAt.length).toBeLessThan(50);
        expect(madeAt.at(-1)).toBe(1_000 + 3 * dayMs);
        const pauses = madeAt.slice(1, -1).map((each, index) => each - madeAt[index]!);
        expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2_500);
      }),
    );
  });
});
