import type { MigrationEvent, Notice, Send } from "../src/migration/events.ts";
import type { Observation } from "../src/convergence/observation.ts";
import type { Migration, Precopy } from "../src/migration/state.ts";
import { step } from "../src/migration/step.ts";

export interface Fed {
  state: Migration;
  effects: Send[];
  notices: Notice[];
}

/** Reports one after the other; each answers the question that is open, if there is one. The orchestrator's clock is the source's. */
export function fed(first: Migration, observations: readonly Observation[]): Fed {
  const all: Fed = { state: first, effects: [], notices: [] };
  for (const observation of observations) {
    if (all.state.phase !== "precopy") break;
    const { state, effects, notices } = step(all.state, reportOf(observation, all.state), observation.atMs);
    all.state = state;
    all.effects.push(...effects);
    all.notices.push(...notices);
  }
  return all;
}

export function reportOf(
  { atMs, wireBytes, busyMs, rttMs, devices, epoch }: Observation,
  { exact }: Precopy,
): MigrationEvent {
  const observation = { atMs, wireBytes, busyMs, rttMs, devices, epoch };
  return { type: "report", observation, ...(exact.open && { exact: exact.sequence, syncMs: 1 }) };
}

export function asPrecopy(state: Migration): Precopy {
  if (state.phase !== "precopy") throw new Error(`It is in ${state.phase}`);
  return state;
}
