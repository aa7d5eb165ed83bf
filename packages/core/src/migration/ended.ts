import { msText, reason } from "../reason.ts";
import type { MigrationEvent, Notice, Step } from "./events.ts";
import { outstanding } from "./outstanding.ts";
import { costOf, withTimings } from "./course.ts";
import type { Ended, Ending, Migration, Role, Switchover } from "./state.ts";

/** M12: an ended migration changes no more; what it still owes the hosts is asked for until it is answered. */
export function stepEnded(state: Ended, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "discarded":
      return settled(state, "source");
    case "released":
      return measuredLate(state, event);
    case "abortDone":
      return settled(state, event.role);
    case "connected":
    case "tick": {
      const next = { ...state, askedAt: now };
      return { state: next, effects: outstanding(next), notices: [] };
    }
    default:
      return { state, effects: [], notices: [] };
  }
}

/** The source owns the guest, at `epoch`. */
export function endedWith(
  state: Migration,
  ending: Ending,
  owes: Role[],
  now: number,
  epoch = state.facts.epoch,
): Step<Ended> {
  const next: Ended = {
    version: state.version,
    facts: state.facts,
    limits: state.limits,
    course: state.course,
    phase: ending.phase,
    reason: ending.reason,
    verdict: "verdict" in state ? state.verdict : undefined,
    verdictSince: "verdictSince" in state ? state.verdictSince : undefined,
    endedAt: now,
    owner: { role: "source", epoch },
    owes,
    askedAt: now,
  };
  return { state: next, effects: outstanding(next), notices: [phaseNotice(next)] };
}

/** The destination runs the guest; the source's frozen copy goes now, and not before. */
export function completed(
  state: Switchover,
  measured: { released: Switchover["released"]; startedMs: number | undefined },
  now: number,
): Step<Ended> {
  const { facts } = state;
  const next: Ended = {
    version: state.version,
    facts,
    limits: state.limits,
    course: state.course,
    phase: "completed",
    reason: reason("COMPLETED", `${facts.guest.name} runs on ${facts.destination.name}.`),
    verdict: state.verdict,
    verdictSince: state.verdictSince,
    endedAt: now,
    released: measured.released,
    startedMs: measured.startedMs,
    owner: { role: "destination", epoch: facts.epoch + 1 },
    owes: ["source"],
    askedAt: now,
  };
  const told = withDowntime(next);
  return { state: told, effects: outstanding(told), notices: [phaseNotice(told)] };
}

/**
 * From the first device stopped to the last started, over two hosts' clocks without comparing them: what the source measured up
 * to its grant, half a round trip, and what the destination measured from the grant on.
 */
function withDowntime(state: Ended): Ended {
  const { released, startedMs, facts, limits } = state;
  if (released === undefined || startedMs === undefined) return state;
  const downtimeMs = released.stoppedMs + released.rttMs / 2 + startedMs;
  const sentence = `${facts.guest.name} runs on ${facts.destination.name}; it was stopped for ${msText(downtimeMs)}.`;
  return {
    ...state,
    downtimeMs,
    reason: reason("COMPLETED", sentence, { downtimeMs, downtimeLimitMs: limits.downtimeLimitMs }),
  };
}

/** The destination's word that it runs can overtake the source's word that it has released. */
function measuredLate(state: Ended, event: MigrationEvent & { type: "released" }): Step<Migration> {
  const known = state.phase !== "completed" || state.released !== undefined || event.epoch !== state.owner.epoch;
  if (known) return { state, effects: [], notices: [] };
  const course = withTimings(state.course, event.devices);
  const next = withDowntime({ ...state, course, released: costOf(event) });
  return {
    state: next,
    effects: [],
    notices: [{ type: "migration.decision", sentence: next.reason.sentence, data: next.reason.inputs }],
  };
}

function settled(state: Ended, role: Role): Step<Migration> {
  return { state: { ...state, owes: state.owes.filter((each) => each !== role) }, effects: [], notices: [] };
}

function phaseNotice(state: Ended): Notice {
  return {
    type: "migration.phase",
    sentence: state.reason.sentence,
    data: { ...state.reason.inputs, phase: state.phase, code: state.reason.code },
  };
}
