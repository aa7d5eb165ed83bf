import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stored } from "../../test/figures.ts";
import { anyCourses, anyPolicies, bytes, considerAll, courses, last, policies } from "../../test/histories.ts";
import { type Considered, consider, considerationAtStart } from "./consider.ts";
import type { DeviceObservation, Observation } from "./observation.ts";
import type { Policy } from "./policy.ts";
import type { Verdict } from "./verdict.ts";

/** All figures that a verdict, a forecast or a time to come consists of. */
function figuresOf({ judgement, verdict, action }: Considered): number[] {
  const evidence = judgement?.evidence;
  const told = [verdict, "why" in action ? action.why : undefined].filter((each) => each !== undefined);
  return [
    ...Object.values(evidence?.predicted ?? {}),
    ...Object.values(judgement?.eta ?? {}),
    ...told.flatMap((each) => [...Object.values(each.inputs), ...Object.values(each.thresholds)]),
    ...("remedy" in action ? Object.values(action.remedy.cost) : []),
  ].filter((figure) => typeof figure === "number");
}

/** What is decided, without the words and without figures in bytes. */
function essenceOf({ judgement, verdict, action, state }: Considered) {
  return {
    verdict: [verdict?.kind, verdict?.code],
    predicted: judgement?.evidence?.predicted,
    eta: judgement?.eta,
    action: action.kind,
    mode: state.conduct.mode.kind,
  };
}

function mapDevices(observations: Observation[], change: (device: DeviceObservation) => DeviceObservation) {
  return observations.map((each) => ({ ...each, devices: each.devices.map(change) }));
}

/** Its bytes take no time of its own. */
function withoutOwnRate(device: DeviceObservation): DeviceObservation {
  return { ...device, pending: { ...device.pending, saveMs: undefined, bytesPerSec: undefined } };
}

describe("never", () => {
  test("a figure that is not finite or is negative, whatever is reported", () => {
    fc.assert(
      fc.property(anyCourses, anyPolicies, (observations, policy) => {
        for (const considered of considerAll(observations, policy)) {
          expect(figuresOf(considered).filter((figure) => !(Number.isFinite(figure) && figure >= 0))).toEqual([]);
          const { lowMs = 0, highMs = 0 } = considered.judgement?.eta ?? {};
          expect(lowMs).toBeLessThanOrEqual(highMs);
          expect(considered.verdict?.sentence).not.toMatch(/NaN|Infinity|undefined/);
          expect(JSON.stringify(considered.state)).not.toContain("null");
        }
      }),
      { numRuns: 500 },
    );
  });

  test("C4: a forecast whose parts are out of order: the best is not above the middle, nor the middle outside of its interval", () => {
    fc.assert(
      fc.property(anyCourses, anyPolicies, (observations, policy) => {
        for (const { judgement } of considerAll(observations, policy)) {
          if (judgement?.evidence === undefined) continue;
          const { low, mid, high } = judgement.evidence.bandwidth;
          expect(low).toBeLessThanOrEqual(mid);
          expect(mid).toBeLessThanOrEqual(high);
          const { bestMs, lowMs, midMs, highMs } = judgement.evidence.predicted;
          expect(bestMs).toBeLessThanOrEqual(midMs);
          expect(lowMs).toBeLessThanOrEqual(midMs);
          expect(midMs).toBeLessThanOrEqual(highMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("C3, C4: ready before initial data has moved, or beyond the limit by the forecast", () => {
    fc.assert(
      fc.property(fc.oneof(courses, anyCourses), policies, (observations, policy) => {
        for (const [index, { verdict, judgement }] of considerAll(observations, policy).entries()) {
          const observation = observations[index];
          if (verdict?.kind !== "ready" || observation?.exact === undefined) continue;
          expect(observation.devices.filter(({ pending }) => pending.initialBytes > 0)).toEqual([]);
          const { midMs = Infinity, sdMs = 0, highMs = Infinity } = judgement?.evidence?.predicted ?? {};
          const claimed = verdict.code === "FITS_LIMIT" ? highMs : midMs + 0.5 * sdMs;
          expect(claimed).toBeLessThanOrEqual(policy.downtimeLimitMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  /**
   * One more figure also adds noise, and "does not get better any more" is a reason to switch over: of a single report nothing more
   * can be claimed than this. What more dirty memory all the time means is shown with the simulated guests.
   */
  test("more bytes to send at one moment: a surer fit, or a way out of what they prove", () => {
    const settled = new Set(["STOP_ONLY", "FIXED_COSTS", "DIRTY_RATE", "NO_PROGRESS"]);
    const hope = ({ code }: Pick<Verdict, "code">) => (code === "FITS_LIMIT" ? 2 : settled.has(code) ? 0 : 1);
    const more = fc.record({ device: fc.nat(2), bytes });
    fc.assert(
      fc.property(courses, policies, more, fc.boolean(), (all, policy, extra, exact) => {
        const rules = { ...policy, linkBytesPerSec: policy.linkBytesPerSec ?? 2 ** 30 };
        const observations = mapDevices(all, withoutOwnRate);
        const before = considerAll(observations.slice(0, -1), rules).at(-1)?.state ?? considerationAtStart;
        const fewer = { ...last(observations), exact: exact ? { syncMs: 2, agoMs: 0 } : undefined };
        const devices = fewer.devices.map((device, index) =>
          index === extra.device
            ? { ...device, pending: { ...device.pending, precopyBytes: device.pending.precopyBytes + extra.bytes } }
            : device,
        );
        const of = (observation: Observation) =>
          hope(consider(before, observation, rules).judgement?.verdict ?? { code: "none" });
        expect(of({ ...fewer, devices })).toBeLessThanOrEqual(of(fewer));
      }),
      { numRuns: 1_500 },
    );
  });
});

describe("always", () => {
  test("the same verdict, figures and action whatever the order of the devices", () => {
    fc.assert(
      fc.property(courses, policies, fc.boolean(), (observations, policy, parallelLoad) => {
        const turned = observations.map((each) => ({ ...each, devices: each.devices.toReversed() }));
        const rules = { ...policy, parallelLoad };
        const [some, others] = [considerAll(turned, rules), considerAll(observations, rules)];
        expect(some.map(({ state, action, verdict }) => ({ state, action, verdict }))).toEqual(
          others.map(({ state, action, verdict }) => ({ state, action, verdict })),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("the same verdict, times and action when all bytes and rates are larger by the same factor", () => {
    fc.assert(
      fc.property(courses, policies, fc.constantFrom(2, 8, 1024), (observations, policy, factor) => {
        const times = (value: number | undefined) => (value === undefined ? undefined : value * factor);
        const larger = observations.map((each) => ({
          ...each,
          wireBytes: each.wireBytes * factor,
          devices: each.devices.map(({ pending, sentBytes, ...device }) => ({
            ...device,
            sentBytes: sentBytes * factor,
            pending: {
              ...pending,
              initialBytes: pending.initialBytes * factor,
              precopyBytes: pending.precopyBytes * factor,
              stopcopyBytes: pending.stopcopyBytes * factor,
              bytesPerSec: times(pending.bytesPerSec),
            },
          })),
        }));
        const rules: Policy = { ...policy, diagnose: false };
        const largerRules: Policy = {
          ...rules,
          linkBytesPerSec: times(policy.linkBytesPerSec),
          priorBytesPerSec: times(policy.priorBytesPerSec),
          capBytesPerSec: times(policy.capBytesPerSec),
          reservedBytesPerSec: times(policy.reservedBytesPerSec),
        };
        expect(considerAll(larger, largerRules).map(essenceOf)).toEqual(
          considerAll(observations, rules).map(essenceOf),
        );
      }),
      { numRuns: 500 },
    );
  });

  test("M14: an equal verdict for equal input, and after what is remembered has been stored as JSON", () => {
    fc.assert(
      fc.property(fc.oneof(courses, anyCourses), fc.oneof(policies, anyPolicies), (observations, policy) => {
        let state = considerationAtStart;
        for (const [index, considered] of considerAll(observations, policy).entries()) {
          const observation = observations[index];
          if (observation === undefined) throw new Error("There are as many judgements as observations");
          const again = consider(state, observation, policy);
          expect(again).toEqual(considered);
          state = stored(again.state);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("reached: every kind of verdict, every action and mode comes up in these courses", () => {
    const [kinds, actions, modes] = [new Set<string>(), new Set<string>(), new Set<string>()];
    for (const [observations, policy] of fc.sample(fc.tuple(courses, policies), { numRuns: 1_000, seed: 7 }))
      for (const { verdict, action, state } of considerAll(observations, policy)) {
        kinds.add(verdict?.kind ?? "none");
        actions.add(action.kind);
        modes.add(state.conduct.mode.kind);
      }
    expect([...kinds].toSorted()).toEqual(["converging", "degraded", "hopeless", "needsMore", "ready", "unknown"]);
    expect([...actions].toSorted()).toEqual(["askExact", "giveUp", "none", "remedy", "switchOver"]);
    expect([...modes].toSorted()).toEqual(["diagnosing", "sending", "watching"]);
  });
});
