import { type Facts, type Migration, type Precopy, type Switchover, queued } from "../src/migration/state.ts";
import { noConvergence } from "../src/convergence/judge.ts";
import type { Verdict } from "../src/convergence/verdict.ts";
import { ownedEpoch } from "./hosts.ts";

/** A migration of one guest with one device, in each phase that it can be in. */
export const facts: Facts = {
  id: "migration",
  guest: { id: "guest", name: "web" },
  source: { id: "host-a", name: "alpha" },
  destination: { id: "host-b", name: "beta" },
  devices: [{ name: "ram", kind: "memory" }],
  epoch: ownedEpoch,
  limits: { downtimeLimitMs: 300, deadlineMs: 600_000 },
  linkBytesPerSec: 1_000_000_000,
  ticket: "ticket",
  createdAt: 0,
};

const { version, course } = queued(facts);
const verdict: Verdict = { kind: "ready", code: "FITS_LIMIT", sentence: "It fits.", inputs: {} };

export const precopy: Precopy = {
  version,
  facts,
  course: { ...course, startedAt: 0, precopyAt: 0 },
  phase: "precopy",
  convergence: noConvergence,
  verdict: { kind: "unknown", code: "MEASURING", sentence: "No figures have come yet.", inputs: {} },
  verdictSince: 0,
  exact: { sequence: 1, askedAt: 0, open: true },
  heardAt: 0,
};

export function switchover(stage: Switchover["stage"]): Switchover {
  return {
    version,
    facts,
    course,
    phase: "switchover",
    stage,
    verdict,
    verdictSince: 0,
    askedAt: 0,
    since: 0,
    heard: {},
  };
}

/** What is stored and read again. */
export function stored<State extends Migration>(state: State): State {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what was written a moment ago is read back
  return JSON.parse(JSON.stringify(state)) as State;
}
