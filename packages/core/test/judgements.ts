import type { Span } from "../src/convergence/dirty.ts";
import type { Judgement } from "../src/convergence/judge.ts";
import { type Convergence, noConvergence } from "../src/convergence/memory.ts";
import type { Observation } from "../src/convergence/observation.ts";
import type { Verdict, VerdictKind } from "../src/convergence/verdict.ts";
import { GB, MB, device, exactly, seen } from "./figures.ts";
import { gigabyteLink } from "./policies.ts";

/** A verdict in few words, with the figures that a plateau's has. */
export function verdictOf(kind: VerdictKind, code: string, inputs: Verdict["inputs"] = {}): Verdict {
  const figures = { predictedDowntimeMs: 800, needLimitMs: 930, proof: false, ...inputs };
  return { kind, code, sentence: `${code}.`, inputs: figures, thresholds: { windowMs: 8_000, samples: 9 } };
}

export const hopeless = verdictOf("hopeless", "WORKING_SET");
export const proven = verdictOf("hopeless", "STOP_ONLY", { proof: true });
export const ready = verdictOf("ready", "FITS_LIMIT");
export const converging = verdictOf("converging", "CONVERGING");

interface Said {
  verdict: Verdict;
  atMs: number;
  exact?: boolean;
  askExact?: boolean;
  span?: Span;
  memory?: Partial<Convergence>;
  precopyBytes?: number;
  /** Expected of the downtime; 200 ms of what is ready and 800 ms of everything else, where nothing is said. */
  midMs?: number;
}

/** What the judge might have said, of a guest whose first pass took 8 s, with the observation that it was said of. */
export function saying({
  verdict,
  atMs,
  exact = true,
  askExact = false,
  span,
  memory,
  precopyBytes = 800 * MB,
  midMs = verdict.kind === "ready" ? 200 : 800,
}: Said): {
  judgement: Judgement;
  observation: Observation;
} {
  const devices = [device("ram", { precopyBytes, rounds: 1 })];
  const observation = seen({ atMs, devices, exact: exact ? exactly(2) : undefined });
  const pass = {
    sizeBytes: 8 * GB,
    sentBytes: 8 * GB,
    counted: { epoch: 0, sentBytes: 8 * GB },
    doneMs: 8_000,
    activity: [],
  };
  const clock = { nowMs: atMs, sourceMs: atMs, silentMs: 0 };
  const known: Convergence = {
    ...noConvergence,
    clock,
    pass,
    question: { askedMs: atMs, open: false },
    syncMs: 2,
    ...memory,
  };
  const predicted = {
    lowMs: midMs - 50,
    midMs,
    highMs: midMs + 50,
    sdMs: 25,
    bestMs: midMs - 100,
    fixedMs: 50,
    deviceMs: 0,
    transferMs: midMs - 50,
  };
  const bandwidth = { low: 0.9 * GB, mid: GB, high: 1.1 * GB, sd: 0.05 };
  const evidence = {
    memory: known,
    pass,
    observation,
    policy: gigabyteLink,
    nowMs: atMs,
    leftMs: gigabyteLink.deadlineMs - atMs,
    syncMs: 2,
    bandwidth,
    predicted,
    span,
  };
  return { observation, judgement: { memory: known, verdict, evidence, eta: undefined, askExact } };
}

export function spanOf(writtenBytes: number, overMs = 1_000, sentBytes = 0): Span {
  return { overMs, writtenBytes, hiddenBytes: writtenBytes, sentBytes };
}
