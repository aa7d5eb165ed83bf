import { type Judgement, judge } from "../src/convergence/judge.ts";
import { noConvergence } from "../src/convergence/memory.ts";
import type { Observation, Pending } from "../src/convergence/observation.ts";
import type { Policy } from "../src/convergence/policy.ts";
import { GB, device, exactly, seen } from "./figures.ts";

/** What the judge says after the last of the observations. */
export function over(policy: Policy, observations: readonly Observation[], from = noConvergence): Judgement {
  let judgement: Judgement | undefined;
  for (const observation of observations) judgement = judge(judgement?.memory ?? from, observation, policy);
  if (judgement === undefined) throw new Error("Nothing was observed");
  return judgement;
}

/** The codes of the judge's verdicts, one after the other. */
export function codesOver(policy: Policy, observations: readonly Observation[]): string[] {
  let memory = noConvergence;
  return observations.map((observation) => {
    const judgement = judge(memory, observation, policy);
    ({ memory } = judgement);
    return judgement.verdict.code;
  });
}

export interface Reports {
  count: number;
  everyMs: number;
  /** Over the busy link. */
  bytesPerSec: number;
  exact: boolean;
  /** Passes that have ended by the report. */
  rounds: (index: number) => number;
  ram: (index: number) => Partial<Pending>;
  /** Of a second device, if there is one. */
  gpu?: (index: number) => Partial<Pending>;
}

const usual: Reports = {
  count: 1,
  everyMs: 1_000,
  bytesPerSec: GB,
  exact: true,
  rounds: () => 1,
  ram: () => ({ precopyBytes: 800_000_000 }),
};

/** Reports in steps of the same length, all the while with a busy link: those of a guest that settles at 800 MB, where nothing is said. */
export function reports(over: Partial<Reports> = {}): Observation[] {
  const { count, everyMs, bytesPerSec, exact, rounds, ram, gpu } = { ...usual, ...over };
  return Array.from({ length: count }, (_, index) => {
    const atMs = index * everyMs;
    const sentBytes = (atMs * bytesPerSec) / 1000;
    const devices = [device("ram", { ...ram(index), rounds: rounds(index), sentBytes })];
    if (gpu !== undefined) devices.push(device("gpu", gpu(index)));
    return seen({ atMs, wireBytes: sentBytes, busyMs: atMs, devices, exact: exact ? exactly() : undefined });
  });
}
