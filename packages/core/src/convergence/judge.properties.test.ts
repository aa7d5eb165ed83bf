import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Convergence, judge, noConvergence } from "./judge.ts";
import type { Observation, Policy } from "./observation.ts";
import type { Judgement, VerdictKind } from "./verdict.ts";

const MiB = 2 ** 20;

/** Whole MiB, so that a scaled run stays exact; often nothing. */
const bytes = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(200_000).map((n) => n * MiB) },
);
const rate = fc.integer({ min: 1, max: 12_000 }).map((n) => n * MiB);

const policy: fc.Arbitrary<Policy> = fc.record({
  downtimeLimitMs: fc.integer({ min: 1, max: 5_000 }),
  linkBytesPerSec: fc.option(rate, { nil: undefined }),
  capBytesPerSec: fc.option(rate, { nil: undefined }),
});

/** From one report to the next. */
const stepsForward = fc.record({
  ms: fc.integer({ min: 1, max: 5_000 }),
  wireBytes: bytes,
  busyShare: fc.double({ min: 0.2, max: 1, noNaN: true }),
  rttMs: fc.double({ min: 0, max: 500, noNaN: true }),
  exact: fc.boolean(),
  devices: fc.tuple(deviceStep(), deviceStep(), deviceStep()),
});

function deviceStep() {
  return fc.record({
    initialBytes: seldom(bytes),
    precopyBytes: bytes,
    stopcopyBytes: seldom(bytes),
    fixedMs: seldom(fc.integer({ min: 0, max: 2_000 })),
    rounds: fc.nat(3),
    sentBytes: bytes,
  });
}

function seldom(arbitrary: fc.Arbitrary<number>): fc.Arbitrary<number> {
  return fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, { weight: 1, arbitrary });
}

/** Passes of a second, each of which leaves nearly as much as the one before. */
const plateau = fc
  .record({
    leftBytes: bytes,
    sentBytes: bytes,
    wobbles: fc.array(fc.record({ share: fc.integer({ min: 90, max: 105 }), exact: fc.boolean() }), {
      minLength: 8,
      maxLength: 30,
    }),
  })
  .map(({ leftBytes, sentBytes, wobbles }) => {
    const idle = { initialBytes: 0, precopyBytes: 0, stopcopyBytes: 0, fixedMs: 0, rounds: 1, sentBytes: 0 };
    return wobbles.map(({ share, exact }) => {
      const device = { ...idle, precopyBytes: Math.floor((leftBytes * share) / 100 / MiB) * MiB, sentBytes };
      return { ms: 1000, wireBytes: sentBytes, busyShare: 1, rttMs: 1, exact, devices: [device, idle, idle] };
    });
  });

const history = fc.oneof(fc.array(stepsForward, { minLength: 1, maxLength: 25 }), plateau).map(observationsOf);

interface ReportStep {
  ms: number;
  wireBytes: number;
  busyShare: number;
  rttMs: number;
  exact: boolean;
  devices: (Observation["devices"][number]["pending"] & { rounds: number; sentBytes: number })[];
}

function observationsOf(steps: ReportStep[]): Observation[] {
  const total = { atMs: 0, wireBytes: 0, busyMs: 0, rounds: [0, 0, 0], sent: [0, 0, 0] };
  return steps.map(({ ms, wireBytes, busyShare, rttMs, exact, devices }) => {
    total.atMs += ms;
    total.wireBytes += wireBytes;
    total.busyMs += ms * busyShare;
    return {
      atMs: total.atMs,
      wireBytes: total.wireBytes,
      busyMs: total.busyMs,
      rttMs,
      exact,
      devices: devices.map(({ rounds, sentBytes, ...pending }, index) => {
        total.rounds[index] = (total.rounds[index] ?? 0) + rounds;
        total.sent[index] = (total.sent[index] ?? 0) + sentBytes;
        return { name: `d${index}`, pending, rounds: total.rounds[index] ?? 0, sentBytes: total.sent[index] ?? 0 };
      }),
    };
  });
}

/** Any figures at all that the wire's schema lets through, in any order. */
const figure = fc.oneof(
  fc.constant(0),
  fc.nat(1_000),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const anyMs = fc.oneof(figure, fc.double({ min: 0, max: 1e12, noNaN: true }));
const anything = fc.array(
  fc.record({
    atMs: anyMs,
    wireBytes: figure,
    busyMs: anyMs,
    rttMs: anyMs,
    exact: fc.boolean(),
    devices: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c"),
        pending: fc.record({ initialBytes: figure, precopyBytes: figure, stopcopyBytes: figure, fixedMs: anyMs }),
        rounds: fc.nat(10),
        sentBytes: figure,
      }),
      { minLength: 1, selector: (device) => device.name },
    ),
  }),
  { minLength: 1, maxLength: 20 },
);
const anyPolicy: fc.Arbitrary<Policy> = fc.record({
  downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
  linkBytesPerSec: fc.option(fc.oneof(figure, fc.double({ min: 0, max: 1e11, noNaN: true })), { nil: undefined }),
  capBytesPerSec: fc.option(fc.integer({ min: 65_536, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
});

function all(observations: Observation[], rules: Policy): Judgement<Convergence>[] {
  let memory = noConvergence;
  return observations.map((observation) => {
    const judgement = judge(memory, observation, rules);
    memory = judgement.memory;
    return judgement;
  });
}

function last<Item>(items: Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error("There is none");
  return item;
}

/** How much hope a verdict gives. Where nothing is decided yet, one is as good as another. */
const hope: Record<VerdictKind, number> = {
  ready: 3,
  converging: 2,
  unknown: 1,
  degraded: 1,
  needsMore: 1,
  hopeless: 0,
};

describe("never", () => {
  test("a figure that is not finite or is negative, whatever is reported", () => {
    fc.assert(
      fc.property(anything, anyPolicy, (observations, rules) => {
        for (const { forecast, etaMs, bytesPerSec, dirtyBytesPerSec, verdict, memory } of all(observations, rules)) {
          const inputs = Object.values(verdict.inputs).filter((value) => typeof value === "number");
          const figures = [...Object.values(forecast ?? {}), etaMs, bytesPerSec, dirtyBytesPerSec, ...inputs];
          const wrong = figures.filter((value) => value !== undefined && !(Number.isFinite(value) && value >= 0));
          expect(wrong).toEqual([]);
          expect(verdict.sentence).not.toMatch(/NaN|Infinity|undefined/);
          expect(JSON.stringify(memory)).not.toContain("null");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a more hopeful verdict for more pending bytes at the same history", () => {
    const more = fc.record({ device: fc.nat(2), precopyBytes: bytes, stopcopyBytes: bytes });
    fc.assert(
      fc.property(history, policy, more, fc.boolean(), (observations, rules, extra, exact) => {
        const memory = observations.length === 1 ? noConvergence : last(all(observations.slice(0, -1), rules)).memory;
        const fewer = { ...last(observations), exact };
        const devices = fewer.devices.map((device, index) => ({
          ...device,
          pending:
            index === extra.device
              ? {
                  ...device.pending,
                  precopyBytes: device.pending.precopyBytes + extra.precopyBytes,
                  stopcopyBytes: device.pending.stopcopyBytes + extra.stopcopyBytes,
                }
              : device.pending,
        }));
        const before = judge(memory, fewer, rules).verdict;
        const after = judge(memory, { ...fewer, devices }, rules).verdict;
        expect(hope[after.kind]).toBeLessThanOrEqual(hope[before.kind]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("a switchover on an estimate, or beyond the limit by the forecast", () => {
    fc.assert(
      fc.property(anything, anyPolicy, (observations, rules) => {
        for (const [index, { verdict, forecast }] of all(observations, rules).entries()) {
          if (verdict.kind !== "ready") continue;
          expect(observations[index]?.exact).toBe(true);
          expect(forecast?.highMs).toBeLessThanOrEqual(rules.downtimeLimitMs);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("always", () => {
  test("the same verdict whatever the order of the devices", () => {
    fc.assert(
      fc.property(history, policy, (observations, rules) => {
        const turned = observations.map((each) => ({ ...each, devices: each.devices.toReversed() }));
        expect(all(turned, rules)).toEqual(all(observations, rules));
      }),
      { numRuns: 500 },
    );
  });

  test("the same verdict, times and hope when all bytes and rates are larger by the same factor", () => {
    fc.assert(
      fc.property(history, policy, fc.constantFrom(2, 8, 1024), (observations, rules, factor) => {
        const scaled = (value: number | undefined) => (value === undefined ? undefined : value * factor);
        const larger = observations.map((each) => ({
          ...each,
          wireBytes: each.wireBytes * factor,
          devices: each.devices.map((device) => ({
            ...device,
            sentBytes: device.sentBytes * factor,
            pending: {
              initialBytes: device.pending.initialBytes * factor,
              precopyBytes: device.pending.precopyBytes * factor,
              stopcopyBytes: device.pending.stopcopyBytes * factor,
              fixedMs: device.pending.fixedMs,
            },
          })),
        }));
        const largerRules = {
          ...rules,
          linkBytesPerSec: scaled(rules.linkBytesPerSec),
          capBytesPerSec: scaled(rules.capBytesPerSec),
        };
        const essence = ({ verdict, forecast, etaMs, askExact }: Judgement<Convergence>) => ({
          kind: verdict.kind,
          code: verdict.code,
          forecast,
          etaMs,
          askExact,
        });
        expect(all(larger, largerRules).map(essence)).toEqual(all(observations, rules).map(essence));
      }),
      { numRuns: 500 },
    );
  });

  test("an equal verdict for equal input, and after the memory has been stored as JSON", () => {
    fc.assert(
      fc.property(fc.oneof(history, anything), anyPolicy, (observations, rules) => {
        let stored = noConvergence;
        for (const [index, judgement] of all(observations, rules).entries()) {
          const observation = observations[index];
          if (observation === undefined) throw new Error("There are as many judgements as observations");
          const again = judge(stored, observation, rules);
          expect(again).toEqual(judgement);
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written a moment ago is read back
          stored = JSON.parse(JSON.stringify(again.memory)) as Convergence;
        }
      }),
      { numRuns: 500 },
    );
  });

  test("reached: every kind of verdict comes up in these histories", () => {
    const reached = new Set<VerdictKind>();
    for (const [observations, rules] of fc.sample(fc.tuple(history, policy), { numRuns: 1_000, seed: 7 }))
      for (const { verdict } of all(observations, rules)) reached.add(verdict.kind);
    expect([...reached].toSorted()).toEqual(["converging", "degraded", "hopeless", "needsMore", "ready", "unknown"]);
  });
});
