import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seeded } from "../../test/figures.ts";
import { anyCourses, anyPolicies, considerAll, courses, policies } from "../../test/histories.ts";
import { type Consideration, consider, considerationAtStart } from "./consider.ts";
import { plainPolicy } from "./policy.ts";
import { isBlocked, isProof } from "./verdict.ts";

/** With a wish for a switchover, whatever the limit, or without one. */
const wishes = fc.constantFrom(undefined, { at: "now" as const, sinceMs: 0 }, { at: "minimum" as const, sinceMs: 0 });

describe("never", () => {
  test("M5, M16: a switchover on an estimate, wished for or not; nor one without a wish that is not ready", () => {
    fc.assert(
      fc.property(
        fc.oneof(courses, anyCourses),
        fc.oneof(policies, anyPolicies),
        wishes,
        (observations, policy, wish) => {
          const first: Consideration = {
            ...considerationAtStart,
            conduct: { ...considerationAtStart.conduct, wish },
          };
          const wrong = considerAll(observations, policy, first).filter(({ action, state }, index) => {
            if (action.kind !== "switchOver") return false;
            const mayBegin = state.conduct.wish !== undefined || (action.why.kind === "ready" && policy.maySwitchOver);
            return observations[index]?.exact === undefined || !mayBegin;
          });
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("C9: anything done about a blocked verdict without a proof before it has stood for the policy's patience", () => {
    // The least that a patient policy adds to the normal window.
    const leastMs = { impatient: 0, normal: 0, patient: 52_000, untilDeadline: Infinity };
    fc.assert(
      fc.property(courses, policies, (observations, policy) => {
        let sinceMs: number | undefined;
        let mode: string = "sending";
        const hasty = considerAll(observations, policy).filter(({ action, judgement, state }) => {
          const { nowMs } = state.convergence.clock;
          const verdict = judgement?.verdict;
          sinceMs = verdict !== undefined && isBlocked(verdict) ? (sinceMs ?? nowMs) : undefined;
          const stoodMs = sinceMs === undefined ? -1 : nowMs - sinceMs;
          const isActing = action.kind === "giveUp" || action.kind === "remedy";
          const acts = mode === "sending" && (isActing || state.conduct.mode.kind !== "sending");
          const mayAtOnce = verdict === undefined || isProof(verdict) || verdict.code === "DEADLINE";
          // A remedy was taken: whether it helps shows anew.
          if (action.kind === "remedy") sinceMs = undefined;
          mode = state.conduct.mode.kind;
          return acts && !mayAtOnce && stoodMs < leastMs[policy.patience];
        });
        expect(hasty).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("C9: a migration that waits until its deadline is given up for less than a proof or its deadline", () => {
    fc.assert(
      fc.property(courses, policies, (observations, policy) => {
        const early = considerAll(observations, { ...policy, patience: "untilDeadline" }).filter(
          ({ action }) =>
            (action.kind === "giveUp" || action.kind === "remedy") &&
            !isProof(action.why) &&
            action.why.code !== "DEADLINE",
        );
        expect(early).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("C: what is remembered is bounded, whatever the length of the run", () => {
  const limitBytes = 100_000;
  const link = {
    ...plainPolicy,
    downtimeLimitMs: 300,
    deadlineMs: 30 * 86_400_000,
    maySwitchOver: false,
    diagnose: true,
  };
  const clocks: Record<string, (random: () => number) => number> = {
    "reports ten times a second": () => 100,
    "a clock that stands still": () => 0,
    "a clock that goes to and fro": (random) => 2_000 * (random() - 0.5),
  };

  test.each(Object.entries(clocks))("20,000 reports: %s", (_, stepOf) => {
    const random = seeded(3);
    const at = { atMs: 1e9, wireBytes: 0, busyMs: 0, epoch: 0 };
    let state = considerationAtStart;
    let [longest, exact] = [0, false];
    for (let count = 0; count < 20_000; count += 1) {
      at.atMs += stepOf(random);
      at.busyMs += 1_000 * random() ** 2;
      at.wireBytes += Math.floor(1e9 * random());
      if (random() < 0.001) [at.wireBytes, at.busyMs, at.epoch] = [0, 0, at.epoch + 1];
      const pending = {
        initialBytes: 0,
        precopyBytes: Math.floor(1e10 * random()),
        stopcopyBytes: Math.floor(1e6 * random()),
        fixedMs: random(),
      };
      const observation = {
        ...at,
        rttMs: random(),
        devices: [{ name: "ram", pending, rounds: count >> 3, sentBytes: at.wireBytes }],
        exact: exact ? { syncMs: random(), agoMs: random() } : undefined,
      };
      const considered = consider(state, observation, link);
      ({ state } = considered);
      exact = considered.action.kind === "askExact" || random() < 0.5;
      if (count % 250 === 249) longest = Math.max(longest, JSON.stringify(state).length);
    }
    expect(longest).toBeGreaterThan(5_000);
    expect(longest).toBeLessThan(limitBytes);
  });
});
