import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";
import { TokenBucket } from "./token-bucket.ts";

const rates = fc.integer({ min: 1, max: 5_000_000_000 });
/** What somebody asks for, after some ms; now and then with a change of rate. */
const steps = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(3), fc.double({ min: 0, max: 50, noNaN: true }), fc.nat(2000)),
    wanted: fc.integer({ min: 1, max: 300_000 }),
    rate: fc.option(rates, { nil: undefined, freq: 8 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("in any window no more passes than the rates of that time allow, and the largest burst", () => {
  fc.assert(
    fc.property(rates, steps, (first, sequence) => {
      const bucket = new TokenBucket(first, 0);
      let [now, allowance, burst] = [0, 0, bucket.burstBytes];
      const passed: { granted: number; allowance: number; burst: number }[] = [];
      for (const { afterMs, wanted, rate } of sequence) {
        now += afterMs;
        allowance += ((bucket.bytesPerSec ?? 0) * afterMs) / 1000;
        if (rate !== undefined) bucket.setRate(rate, now);
        burst = Math.max(burst, bucket.burstBytes);
        passed.push({ granted: bucket.take(wanted, now), allowance, burst });
      }
      for (const [from, start] of passed.entries()) {
        let sum = 0;
        for (const entry of passed.slice(from)) {
          sum += entry.granted;
          expect(sum).toBeLessThanOrEqual((entry.allowance - start.allowance) * (1 + 1e-9) + entry.burst + 1e-3);
        }
      }
    }),
  );
});

test("after the delay it gives, a bucket lets through what was wanted or one piece of it", () => {
  fc.assert(
    fc.property(
      rates,
      fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 20 }),
      (rate, sizes) => {
        const bucket = new TokenBucket(rate, 0);
        let now = 0;
        for (const wanted of sizes) {
          now += bucket.delayMs(wanted, now) * (1 + 1e-9) + 1e-6;
          expect(bucket.take(wanted, now)).toBe(Math.min(wanted, bucket.pieceBytes));
        }
      },
    ),
  );
});

test("a bucket that always has takers passes its rate", () => {
  const bucket = new TokenBucket(64 * 1024, 0);
  let [now, passed] = [0, 0];
  while (now < 10_000) {
    passed += bucket.take(1_000_000, now);
    now += 1;
  }
  expect(passed).toBeGreaterThan(64 * 1024 * 9.9);
});

test("at 64 KiB/s pieces are 4 KiB, so that nothing is held up for long", () => {
  expect(new TokenBucket(64 * 1024, 0).pieceBytes).toBe(4096);
});

test("a limit put on an unlimited bucket begins without a burst", () => {
  const bucket = new TokenBucket(undefined, 0);
  expect(bucket.take(10_000_000, 1)).toBe(10_000_000);
  bucket.setRate(1000, 2);
  expect(bucket.take(1, 2)).toBe(0);
});

test("a clock that stands still or goes back fills nothing", () => {
  const bucket = new TokenBucket(1000, 100);
  while (bucket.take(100, 100) > 0);
  expect(bucket.take(100, 50)).toBe(0);
  expect(bucket.take(100, 100)).toBe(0);
});

test("rates that are not positive numbers are refused", () => {
  for (const rate of [0, -1, Number.NaN, Infinity]) expect(() => new TokenBucket(rate, 0)).toThrow("positive number");
});

test("who waits for a limit is served in the order of asking, a piece each", async () => {
  const limit = new RateLimit(1_000_000);
  const order: string[] = [];
  const taker = async (name: string) => {
    for (let turn = 0; turn < 4; turn += 1) {
      await limit.take(8000);
      order.push(name);
    }
  };
  // Nothing is left in the bucket: all have to wait for their turns.
  while (typeof limit.take(4096) === "number");
  await Promise.all([taker("a"), taker("b"), taker("c")]);
  expect(order.join("")).toBe("abcabcabcabc");
});

test("lifting a limit serves at once who would have waited for hours", async () => {
  const limit = new RateLimit(1);
  const first = limit.take(4096);
  const late = limit.take(4096);
  expect(first).toBe(4096);
  limit.bytesPerSec = undefined;
  expect(await late).toBe(4096);
});
