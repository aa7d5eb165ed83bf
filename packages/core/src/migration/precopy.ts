import { judge } from "../convergence/judge.ts";
import { type Observation, type Policy } from "../convergence/observation.ts";
import type { Judgement, Verdict } from "../convergence/verdict.ts";
import type { Convergence } from "../convergence/judge.ts";
import { msText, reason } from "../reason.ts";
import { endedWith } from "./ended.ts";
import type { MigrationEvent, Notice, Send, Step } from "./events.ts";
import { exactAgainMs, outstanding, silenceLimitMs } from "./outstanding.ts";
import type { Course, Ending, Facts, Migration, Precopy, Role, Switchover } from "./state.ts";

/** M3 to M7: the guest runs on the source and its state moves; every report is judged, and the judgement acted on. */
export function stepPrecopy(state: Precopy, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "report":
      return pastDeadline(state, now) ?? reported(state, event, now);
    case "broken":
      return giveUp(state, broken(state, event), now);
    case "declined":
      return giveUp(state, { phase: "failed", reason: reason(event.code, event.detail, { role: event.role }) }, now);
    case "cancel":
      return giveUp(
        state,
        { phase: "aborted", reason: reason("CANCELLED", `It was cancelled; ${keepsServing(state)}`) },
        now,
      );
    case "connected":
      return reconnected(state, event.role, event.attempt, now);
    case "tick":
      return pastDeadline(state, now) ?? silent(state, now) ?? { state, effects: [], notices: [] };
    default:
      return { state, effects: [], notices: [] };
  }
}

export function policyOf(facts: Facts): Policy {
  return {
    downtimeLimitMs: facts.limits.downtimeLimitMs,
    linkBytesPerSec: facts.linkBytesPerSec,
    capBytesPerSec: facts.limits.bandwidthBytesPerSec,
  };
}

/** M3: only a report on every device is judged: figures that leave one out would promise too much. */
function reported(state: Precopy, event: MigrationEvent & { type: "report" }, now: number): Step<Migration> {
  const named = new Set(event.observation.devices.map((device) => device.name));
  const whole = state.facts.devices.every((device) => named.has(device.name));
  if (!whole) return { state: { ...state, heardAt: now }, effects: [], notices: [] };
  return judged(state, event.observation, event.exact, now);
}

function judged(state: Precopy, observation: Observation, answer: number | undefined, now: number): Step<Migration> {
  // An exact figure answers the open question only; a late one to an older question counts as the estimate that it is by now.
  const exact = answer !== undefined && answer === state.exact.sequence && state.exact.open;
  const judgement = judge(state.convergence, { ...observation, exact }, policyOf(state.facts));
  const { verdict } = judgement;
  const changed = verdict.kind !== state.verdict.kind || verdict.code !== state.verdict.code;
  const next: Precopy = {
    ...state,
    course: courseAfter(state.course, observation, judgement),
    convergence: judgement.memory,
    verdict,
    verdictSince: changed ? now : state.verdictSince,
    exact: exact ? { ...state.exact, open: false } : state.exact,
    heardAt: now,
  };
  const notices: Notice[] = changed ? [verdictNotice(verdict)] : [];
  if (verdict.kind === "ready") return switchOver(next, notices, now);
  if (verdict.kind === "hopeless") return giveUp(next, hopeless(next, verdict), now, notices);
  return judgement.askExact ? askExact(next, notices, now) : { state: next, effects: [], notices };
}

/** M5: only exact figures allow a switchover, and one question is open at a time. */
function askExact(state: Precopy, notices: Notice[], now: number): Step<Migration> {
  if (state.exact.open && now - state.exact.askedAt < exactAgainMs) return { state, effects: [], notices };
  const sequence = state.exact.sequence + 1;
  const effects: Send[] = [{ to: "source", command: { type: "exact", sequence } }];
  return { state: { ...state, exact: { sequence, askedAt: now, open: true } }, effects, notices };
}

function switchOver(state: Precopy, notices: Notice[], now: number): Step<Migration> {
  const { version, facts, verdict, verdictSince } = state;
  const next: Switchover = {
    version,
    facts,
    course: { ...state.course, switchoverAt: now },
    phase: "switchover",
    stage: "freezing",
    verdict,
    verdictSince,
    askedAt: now,
    since: now,
    heard: {},
  };
  const phase: Notice = {
    type: "migration.phase",
    sentence: `Switching over: ${verdict.sentence}`,
    data: { phase: "switchover" },
  };
  return { state: next, effects: outstanding(next), notices: [...notices, phase] };
}

/**
 * M6: an agent that restarted has lost its part of the precopy, and a destination that has revoked will never run this epoch. The
 * source never stopped, so the guest goes on there.
 */
function reconnected(state: Precopy, role: Role, attempt: string | undefined, now: number): Step<Migration> {
  if (attempt !== undefined && attempt !== "revoked") {
    const heardAt = role === "source" ? now : state.heardAt;
    return { state: { ...state, heardAt }, effects: outstanding(state), notices: [] };
  }
  const code = role === "source" ? "SOURCE_RESTARTED" : "DESTINATION_RESTARTED";
  const sentence = `The agent of ${state.facts[role].name} restarted in the middle of it; ${keepsServing(state)}`;
  return giveUp(state, { phase: "failed", reason: reason(code, sentence, { host: state.facts[role].name }) }, now);
}

function broken(state: Precopy, event: MigrationEvent & { type: "broken" }): Ending {
  const sentence = `${state.facts[event.role].name} gave up: ${event.detail}; ${keepsServing(state)}`;
  return {
    phase: "failed",
    reason: reason("CHANNEL_BROKEN", sentence, { host: state.facts[event.role].name, code: event.code }),
  };
}

function hopeless(state: Precopy, verdict: Verdict): Ending {
  const sentence = `${verdict.sentence} It will not converge; ${keepsServing(state)}`;
  return { phase: "aborted", reason: reason(verdict.code, sentence, verdict.inputs) };
}

/** M4: the deadline counts from admission. */
function pastDeadline(state: Precopy, now: number): Step<Migration> | undefined {
  const elapsedMs = now - (state.course.startedAt ?? now);
  const { deadlineMs } = state.facts.limits;
  if (elapsedMs < deadlineMs) return undefined;
  const sentence = `It was not ready within its deadline of ${msText(deadlineMs)}; ${keepsServing(state)}`;
  return giveUp(state, { phase: "aborted", reason: reason("DEADLINE", sentence, { elapsedMs, deadlineMs }) }, now);
}

/** M7: before the stop a source that stays silent may be given up, since it runs the guest all the same. */
function silent(state: Precopy, now: number): Step<Migration> | undefined {
  if (now - state.heardAt < silenceLimitMs) return undefined;
  const host = state.facts.source.name;
  const sentence = `No figures came from ${host} for ${msText(silenceLimitMs)}; nothing was stopped.`;
  return giveUp(
    state,
    { phase: "failed", reason: reason("REPORTS_LOST", sentence, { host, silentMs: now - state.heardAt }) },
    now,
  );
}

function courseAfter(course: Course, observation: Observation, judgement: Judgement<Convergence>): Course {
  return {
    ...course,
    devices: course.devices.map((device) => {
      const seen = observation.devices.find((each) => each.name === device.name);
      return seen === undefined
        ? device
        : { ...device, pending: seen.pending, rounds: seen.rounds, sentBytes: seen.sentBytes };
    }),
    wireBytes: Math.max(course.wireBytes, observation.wireBytes),
    bytesPerSec: judgement.bytesPerSec,
    dirtyBytesPerSec: judgement.dirtyBytesPerSec,
    predicted: judgement.forecast,
    etaMs: judgement.etaMs,
  };
}

function verdictNotice(verdict: Verdict): Notice {
  return {
    type: "migration.verdict",
    sentence: verdict.sentence,
    data: { ...verdict.inputs, kind: verdict.kind, code: verdict.code },
  };
}

function keepsServing(state: Precopy): string {
  return `${state.facts.guest.name} goes on serving on ${state.facts.source.name}.`;
}

function giveUp(state: Precopy, ending: Ending, now: number, notices: Notice[] = []): Step<Migration> {
  const ended = endedWith(state, ending, ["source", "destination"], now);
  return { ...ended, notices: [...notices, ...ended.notices] };
}
