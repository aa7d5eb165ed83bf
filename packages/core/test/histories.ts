import * as fc from "fast-check";
import { type Considered, type Consideration, consider, considerationAtStart } from "../src/convergence/consider.ts";
import type { DeviceObservation, Observation, Pending } from "../src/convergence/observation.ts";
import { type Policy, patiences, plainPolicy } from "../src/convergence/policy.ts";

/** Courses of figures for properties. Bytes of `courses` are whole units, far from every constant of the rules that is in bytes. */
export const unit = 2 ** 21;

/** Often nothing. */
export const bytes = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat(100_000).map((count) => count * unit) },
);
const rate = fc.integer({ min: 1, max: 6_000 }).map((count) => count * unit);

export const policies: fc.Arbitrary<Policy> = fc
  .record({
    downtimeLimitMs: fc.oneof(fc.constant(300), fc.integer({ min: 60, max: 5_000 })),
    deadlineMs: fc.integer({ min: 20_000, max: 600_000 }),
    patience: fc.constantFrom(...patiences),
    maySwitchOver: fc.boolean(),
    diagnose: fc.boolean(),
    linkBytesPerSec: fc.option(rate, { nil: undefined }),
    priorBytesPerSec: fc.option(rate, { nil: undefined }),
    capBytesPerSec: fc.option(rate, { nil: undefined }),
    reservedBytesPerSec: fc.option(rate, { nil: undefined }),
    canThrottle: fc.boolean(),
    ladder: fc.subarray<Policy["ladder"][number]>([
      { remedy: "bandwidth" },
      { remedy: "downtimeLimit", maxMs: 8_000 },
      { remedy: "throttle", maxShare: 0.8 },
    ]),
    history: fc.option(fc.array(fc.nat(10), { minLength: 20, maxLength: 30 }), { nil: undefined }),
  })
  .map((policy) => ({ ...plainPolicy, ...policy }));

interface ReportStep {
  ms: number;
  wireBytes: number;
  busyShare: number;
  rttMs: number;
  exact: boolean;
  devices: (Pending & { rounds: number; sentBytes: number })[];
}

const deviceStep = fc.record({
  initialBytes: seldom(bytes, 0),
  precopyBytes: bytes,
  stopcopyBytes: seldom(bytes, 0),
  fixedMs: seldom(fc.integer({ min: 0, max: 500 }), 0),
  saveMs: seldom(fc.integer({ min: 0, max: 500 }), undefined),
  bytesPerSec: seldom(rate, undefined),
  mayShrink: seldom(fc.constant(true), undefined),
  rounds: fc.nat(3),
  sentBytes: bytes,
});

function seldom<Value, Usual>(arbitrary: fc.Arbitrary<Value>, usual: Usual): fc.Arbitrary<Value | Usual> {
  return fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
}

/** From one report to the next; the link always carries something. */
const reportStep: fc.Arbitrary<ReportStep> = fc.record({
  ms: fc.integer({ min: 1, max: 5_000 }),
  wireBytes: fc.integer({ min: 1, max: 20_000 }).map((count) => count * unit),
  busyShare: fc.constantFrom(1, 0.5, 0.25),
  rttMs: fc.integer({ min: 0, max: 20 }),
  exact: fc.boolean(),
  devices: fc.array(deviceStep, { minLength: 3, maxLength: 3 }),
});

/**
 * Passes of half a second, each of which leaves nearly as much as the one before, of one device among three: what the link takes 30 ms
 * to 1.2 s for.
 */
const plateau: fc.Arbitrary<ReportStep[]> = fc
  .record({
    leftShare: fc.integer({ min: 6, max: 240 }),
    sentBytes: fc.integer({ min: 100, max: 2_000 }).map((count) => count * unit),
    stopcopyBytes: seldom(bytes, 0),
    wobbles: fc.array(fc.integer({ min: 90, max: 105 }), { minLength: 10, maxLength: 40 }),
  })
  .map(({ leftShare, sentBytes, stopcopyBytes, wobbles }) => {
    const idle = { initialBytes: 0, precopyBytes: 0, stopcopyBytes, fixedMs: 0, rounds: 1, sentBytes: 0 };
    return wobbles.map((share, index) => {
      const precopyBytes = Math.floor((sentBytes * leftShare * share) / 10_000 / unit) * unit;
      const busy = { ...idle, precopyBytes, sentBytes };
      const devices = [busy, idle, { ...idle, stopcopyBytes: 0 }];
      return { ms: 500, wireBytes: sentBytes, busyShare: 1, rttMs: 1, exact: index % 2 === 1, devices };
    });
  });

/** Reports that come one after the other, with counters that only grow. */
export const courses: fc.Arbitrary<Observation[]> = fc
  .oneof(fc.array(reportStep, { minLength: 1, maxLength: 40 }), plateau)
  .map(observationsOf);

function observationsOf(steps: ReportStep[]): Observation[] {
  const total = { atMs: 0, wireBytes: 0, busyMs: 0, rounds: [0, 0, 0], sent: [0, 0, 0] };
  return steps.map(({ ms, wireBytes, busyShare, rttMs, exact, devices }, step) => {
    total.atMs += ms;
    // The first report comes before anything has moved.
    total.wireBytes += step === 0 ? 0 : wireBytes;
    total.busyMs += step === 0 ? 0 : ms * busyShare;
    return {
      atMs: total.atMs,
      wireBytes: total.wireBytes,
      busyMs: total.busyMs,
      rttMs,
      exact: exact ? { syncMs: 2, agoMs: 0 } : undefined,
      devices: devices.map(({ rounds, sentBytes, ...pending }, index): DeviceObservation => {
        total.rounds[index] = (total.rounds[index] ?? 0) + rounds;
        total.sent[index] = (total.sent[index] ?? 0) + sentBytes;
        return { name: `d${index}`, pending, rounds: total.rounds[index] ?? 0, sentBytes: total.sent[index] ?? 0 };
      }),
    };
  });
}

/** Any figures at all that the wire's schema lets through: counters in any order, clocks that jump, extremes. */
const figure = fc.oneof(
  fc.constant(0),
  fc.nat(1_000),
  fc.nat(1_000_000_000),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const anyMs = fc.oneof(figure, fc.nat(2_000), fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true }));
const anyRate = fc.oneof(figure, fc.double({ min: 0, max: 1e12, noNaN: true }));
const anyDevice = fc.record({
  name: fc.constantFrom("a", "b", "c"),
  pending: fc.record({
    initialBytes: seldom(figure, 0),
    precopyBytes: figure,
    stopcopyBytes: fc.oneof(fc.constant(0), figure),
    fixedMs: fc.oneof(fc.constant(0), anyMs),
    saveMs: seldom(anyMs, undefined),
    bytesPerSec: seldom(
      anyRate.filter((value) => value > 0),
      undefined,
    ),
    mayShrink: seldom(fc.constant(true), undefined),
  }),
  rounds: fc.nat(10),
  sentBytes: figure,
});
const anyObservation: fc.Arbitrary<Observation> = fc.record({
  atMs: anyMs,
  wireBytes: figure,
  busyMs: anyMs,
  rttMs: fc.oneof(fc.constant(0), anyMs),
  devices: fc.uniqueArray(anyDevice, { minLength: 1, selector: ({ name }) => name }),
  exact: fc.option(fc.record({ syncMs: fc.oneof(fc.nat(100), anyMs), agoMs: fc.constant(0) }), { nil: undefined }),
  epoch: fc.option(fc.nat(2), { nil: undefined }),
});

/** One after the other without any order, or one that goes on as the last did, with a share of what it may be off. */
export const anyCourses: fc.Arbitrary<Observation[]> = fc.oneof(
  fc.array(anyObservation, { minLength: 1, maxLength: 30 }),
  fc
    .record({
      first: anyObservation,
      steps: fc.array(fc.record({ ms: fc.nat(6_000), busyMs: fc.nat(3_000), wireBytes: figure, exact: fc.boolean() }), {
        minLength: 15,
        maxLength: 60,
      }),
    })
    .map(({ first, steps }) => {
      const at = { ...first, atMs: 0, busyMs: 0, wireBytes: 0 };
      return steps.map((step) => {
        at.atMs += step.ms;
        at.busyMs += step.busyMs;
        at.wireBytes = Math.min(Number.MAX_SAFE_INTEGER, at.wireBytes + step.wireBytes);
        return { ...at, exact: step.exact ? { syncMs: 3, agoMs: 0 } : undefined };
      });
    }),
);

export const anyPolicies: fc.Arbitrary<Policy> = fc
  .tuple(
    policies,
    fc.record({
      downtimeLimitMs: fc.integer({ min: 1, max: 2_000_000 }),
      deadlineMs: fc.integer({ min: 1_000, max: 30 * 86_400_000 }),
      linkBytesPerSec: fc.option(anyRate, { nil: undefined }),
      priorBytesPerSec: fc.option(anyRate, { nil: undefined }),
      reservedBytesPerSec: fc.option(anyRate, { nil: undefined }),
      capBytesPerSec: fc.option(fc.integer({ min: 65_536, max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
      parallelLoad: fc.boolean(),
    }),
  )
  .map(([policy, any]) => ({ ...policy, ...any }));

/** What comes of each report; what is decided is not acted upon. */
export function considerAll(
  observations: readonly Observation[],
  policy: Policy,
  first: Consideration = considerationAtStart,
): Considered[] {
  let state = first;
  return observations.map((observation) => {
    const considered = consider(state, observation, policy);
    ({ state } = considered);
    return considered;
  });
}

export function last<Item>(items: readonly Item[]): Item {
  const item = items.at(-1);
  if (item === undefined) throw new Error("There is none");
  return item;
}
