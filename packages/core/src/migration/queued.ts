import { reason } from "../reason.ts";
import { changeLimits } from "./change-limits.ts";
import { endedWith } from "./ended.ts";
import { fencedBefore } from "./fenced.ts";
import type { MigrationEvent, Step } from "./events.ts";
import { outstanding } from "./outstanding.ts";
import type { Migration, Preflight, Queued } from "./state.ts";

/** M1: a migration waits, with its reason, until the planner admits it. */
export function stepQueued(state: Queued, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "admitted":
      return admit(state, now);
    case "waits": {
      const waitsFor = event.waitsFor;
      if (waitsFor.sentence === state.waitsFor?.sentence) return { state, effects: [], notices: [] };
      const notice = {
        type: "migration.decision" as const,
        sentence: waitsFor.sentence,
        data: { code: waitsFor.code },
      };
      return { state: { ...state, waitsFor }, effects: [], notices: [notice] };
    }
    case "limitsChanged":
      return changeLimits(state, event);
    case "fenced":
      return fencedBefore(state, event, now);
    case "cancel":
      return endedWith(
        state,
        { phase: "aborted", reason: reason("CANCELLED", "It was cancelled while it was queued.") },
        [],
        now,
      );
    default:
      return { state, effects: [], notices: [] };
  }
}

function admit(state: Queued, now: number): Step<Migration> {
  const { version, facts, limits } = state;
  const course = { ...state.course, startedAt: now };
  const next: Preflight = { version, facts, limits, course, phase: "preflight", since: now, asked: now };
  const sentence = `It was admitted: ${facts.source.name} and ${facts.destination.name} are asked to prepare.`;
  return {
    state: next,
    effects: outstanding(next),
    notices: [{ type: "migration.phase", sentence, data: { phase: "preflight" } }],
  };
}
