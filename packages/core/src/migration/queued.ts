import { type Reason, reason } from "../reason.ts";
import { changeLimits } from "./change-limits.ts";
import { endedWith } from "./ended.ts";
import { fencedBefore } from "./fenced.ts";
import type { MigrationEvent, Step } from "./events.ts";
import { outstanding } from "./outstanding.ts";
import { schedulingOf } from "./scheduling.ts";
import { carried, type Migration, type Preflight, type Queued } from "./state.ts";

/** M1: a migration waits, with its reason, until the planner admits it. */
export function stepQueued(state: Queued, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "admitted":
      return admit(state, event, now);
    case "waits": {
      const { waitsFor, expectedStartAt } = event;
      const next = { ...state, waitsFor, expectedStartAt };
      if (isTheSame(waitsFor, state.waitsFor)) return { state: next, effects: [], notices: [] };
      const notice = {
        type: "migration.decision" as const,
        sentence: waitsFor.sentence,
        data: { ...waitsFor.inputs, code: waitsFor.code },
      };
      return { state: next, effects: [], notices: [notice] };
    }
    case "denied":
      return endedWith(state, { phase: "aborted", reason: event.because }, [], now);
    case "limitsChanged":
      return changeLimits(state, event);
    case "fenced":
      // Where the planner places it another host will do.
      return event.role === "destination" && schedulingOf(state.facts).placement !== undefined
        ? { state, effects: [], notices: [] }
        : fencedBefore(state, event, now);
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

function admit(
  state: Queued,
  { share, because, placed }: MigrationEvent & { type: "admitted" },
  now: number,
): Step<Migration> {
  const facts = { ...state.facts, ...placed };
  const course = { ...state.course, startedAt: now };
  const next: Preflight = { ...carried(state), facts, course, share, phase: "preflight", since: now, asked: now };
  const asked = `It was admitted: ${facts.source.name} and ${facts.destination.name} are asked to prepare.`;
  const sentence = because === undefined ? asked : `${asked} ${because.sentence}`;
  return {
    state: next,
    effects: outstanding(next),
    notices: [{ type: "migration.phase", sentence, data: { ...because?.inputs, phase: "preflight" } }],
  };
}

/** It waits for the same thing, of which the figures may have moved on: that is shown, and not told again. */
function isTheSame(waitsFor: Reason, before: Reason | undefined): boolean {
  return waitsFor.code === before?.code && ofWhat.every((input) => waitsFor.inputs[input] === before.inputs[input]);
}

const ofWhat = ["host", "direction", "keptFor", "migrationId", "opensAt", "retryAt", "notBefore"];
