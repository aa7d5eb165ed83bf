import { msText, type Reason, reason } from "../reason.ts";
import type { MigrationEvent, Notice, Step } from "./events.ts";
import { outstanding } from "./outstanding.ts";
import { costOf, withTimings } from "./course.ts";
import { carried, type Ended, type Ending, type Fence, type Migration, type Role, type Switchover } from "./state.ts";

/** M12: an ended migration changes no more; what it still owes the hosts is asked for until it is answered. */
export function stepEnded(state: Ended, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "discarded":
      return settled(state, "source");
    case "released":
      return measuredLate(state, event);
    case "abortDone":
      return settled(state, event.role);
    case "fenced":
      // It cannot be told; what it has kept is cleared away when it comes back.
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

/** A host that is fenced owes nothing: it cannot be told. Unless another owner is given, the source owns the guest as before. */
export function endedWith(
  state: Migration,
  ending: Ending,
  owes: Role[],
  now: number,
  owner: Ended["owner"] = { role: "source", epoch: state.facts.epoch },
): Step<Ended> {
  const fenced = state.phase === "switchover" ? state.fenced : undefined;
  const next: Ended = {
    ...carried(state),
    phase: ending.phase,
    reason: ending.reason,
    verdict: "verdict" in state ? state.verdict : undefined,
    verdictSince: "verdictSince" in state ? state.verdictSince : undefined,
    endedAt: now,
    fenced,
    owner,
    owes: owes.filter((role) => canBeTold(fenced?.[role])),
    askedAt: now,
  };
  return { state: next, effects: outstanding(next), notices: [phaseNotice(next)] };
}

/** The destination runs the guest, at `epoch`; the source's frozen copy goes now, and not before. */
export function completed(
  state: Switchover,
  measured: { epoch: number; released: Switchover["released"]; startedMs: number | undefined },
  now: number,
): Step<Ended> {
  const next: Ended = {
    ...carried(state),
    phase: "completed",
    reason: completion(state, measured.epoch),
    verdict: state.verdict,
    verdictSince: state.verdictSince,
    endedAt: now,
    released: measured.released,
    startedMs: measured.startedMs,
    fenced: state.fenced,
    owner: { role: "destination", epoch: measured.epoch },
    owes: canBeTold(state.fenced?.source) ? ["source"] : [],
    askedAt: now,
  };
  const told = withDowntime(next);
  return { state: told, effects: outstanding(told), notices: [phaseNotice(told)] };
}

function canBeTold(fence: Fence | undefined): boolean {
  return fence === undefined || fence.bySelf !== undefined || fence.isBack === true;
}

function completion({ facts, fenced }: Switchover, epoch: number): Reason {
  const { guest, source, destination } = facts;
  const runs = `${guest.name} runs on ${destination.name}`;
  if (epoch === facts.epoch + 1) return reason("COMPLETED", `${runs}.`);
  const fence = fenced?.source;
  const isOlder = fence?.acceptOlderCopy === true && fence.bySelf !== "released";
  const gone = fence?.bySelf !== undefined ? "has nothing left of it" : "is fenced";
  const older = isOlder ? ` What ${source.name} may have served since is not in it.` : "";
  const sentence = `${runs}, from the copy taken when it stopped on ${source.name}, which ${gone}.${older}`;
  return reason("REGRANTED", sentence, { host: source.name, by: fence?.by ?? "" });
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
  const granted = state.facts.epoch + 1;
  const measures = event.epoch === granted && state.owner.epoch === granted && state.released === undefined;
  if (state.phase !== "completed" || !measures) return { state, effects: [], notices: [] };
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
