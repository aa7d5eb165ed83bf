import { considerationAtStart } from "../src/convergence/consider.ts";
import type { Verdict } from "../src/convergence/verdict.ts";
import { type Facts, type Precopy, type Switchover, queued } from "../src/migration/state.ts";
import { ownedEpoch } from "./hosts.ts";
import { plainLimits } from "./policies.ts";

/** A migration of one guest with one device, in each phase that it can be in. */
export const facts: Facts = {
  id: "migration",
  guest: { id: "guest", name: "web" },
  source: { id: "host-a", name: "alpha" },
  destination: { id: "host-b", name: "beta" },
  devices: [{ name: "ram", kind: "memory" }],
  epoch: ownedEpoch,
  linkBytesPerSec: 1_000_000_000,
  ticket: "ticket",
  createdAt: 0,
};

const { version, course } = queued(facts, plainLimits);
const ready: Verdict = { kind: "ready", code: "FITS_LIMIT", sentence: "It fits.", inputs: {}, thresholds: {} };

/** Its first question is open. */
export const precopy: Precopy = {
  version,
  facts,
  limits: plainLimits,
  course: { ...course, startedAt: 0, precopyAt: 0 },
  phase: "precopy",
  consideration: {
    ...considerationAtStart,
    convergence: { ...considerationAtStart.convergence, question: { askedMs: 0, open: true } },
  },
  canThrottle: false,
  pace: { hold: false },
  verdict: { kind: "unknown", code: "MEASURING", sentence: "No figures have come yet.", inputs: {}, thresholds: {} },
  verdictSince: 0,
  exact: { sequence: 1, askedAt: 0, open: true },
  heardAt: 0,
};

export function switchover(stage: Switchover["stage"]): Switchover {
  return {
    version,
    facts,
    limits: plainLimits,
    course,
    phase: "switchover",
    stage,
    verdict: ready,
    verdictSince: 0,
    askedAt: 0,
    since: 0,
    heard: {},
  };
}
