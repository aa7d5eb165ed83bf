import { considerationAtStart } from "../convergence/consider.ts";
import { msText, reason } from "../reason.ts";
import { provenByCurve } from "../outlook/proven-by-curve.ts";
import { changeLimits } from "./change-limits.ts";
import { endedWith } from "./ended.ts";
import { isSourceOwn, whoBroke } from "./broken.ts";
import { fencedBefore, spentBefore } from "./fenced.ts";
import type { MigrationEvent, Step } from "./events.ts";
import { isTriedAnyway } from "./limits.ts";
import { outstanding, preflightLimitMs } from "./outstanding.ts";
import { capOf } from "./scheduling.ts";
import { shared, windowed } from "./shared.ts";
import { carried, type Ending, type Migration, type Precopy, type Preflight } from "./state.ts";

/** M2: nothing moves before both sides have prepared; either may decline, with its reason. */
export function stepPreflight(state: Preflight, event: MigrationEvent, now: number): Step<Migration> {
  switch (event.type) {
    case "sourcePrepared": {
      const next = { ...state, peers: state.peers ?? event.peers, dirty: event.dirty ?? state.dirty, asked: now };
      return foreseen(next, now) ?? { state: next, effects: outstanding(next), notices: [] };
    }
    case "limitsChanged":
      return changeLimits(state, event);
    case "shared":
      return shared(state, event);
    case "windowed":
      return windowed(state, event);
    case "destinationPrepared":
      return state.peers === undefined ? { state, effects: [], notices: [] } : beginPrecopy(state, now);
    case "declined":
      return giveUp(state, declined(state, event), now);
    case "broken":
      return isSourceOwn(event) ? { state, effects: [], notices: [] } : giveUp(state, broken(state, event), now);
    case "spent":
      return event.epoch === state.facts.epoch + 1
        ? spentBefore(state, event.detail, now)
        : { state, effects: [], notices: [] };
    case "fenced":
      return fencedBefore(state, event, now);
    case "cancel":
      return giveUp(
        state,
        { phase: "aborted", reason: reason("CANCELLED", "It was cancelled before anything had moved.") },
        now,
      );
    case "connected":
      return reconnected(state, event, now);
    case "tick":
      return now >= state.since + preflightLimitMs
        ? giveUp(state, tooLate(state), now)
        : { state, effects: [], notices: [] };
    default:
      return { state, effects: [], notices: [] };
  }
}

/** A source that has forgotten its part (it restarted) is asked afresh; then the destination too, since the channels are new. */
function reconnected(
  state: Preflight,
  { role, attempt, lost }: MigrationEvent & { type: "connected" },
  now: number,
): Step<Migration> {
  if (role === "source" && lost !== undefined) return spentBefore(state, lost, now);
  const next: Preflight =
    role === "source" && attempt === undefined ? { ...state, peers: undefined, asked: now } : state;
  return { state: next, effects: outstanding(next), notices: [] };
}

/**
 * C11: what was written in a window before the start already says that no switchover can fit, and the history shows no quiet period:
 * it is aborted before a byte has moved, unless a remedy is allowed or it is to be tried with more patience.
 */
function foreseen(state: Preflight, now: number): Step<Migration> | undefined {
  const { facts, limits, dirty } = state;
  if (dirty === undefined || isTriedAnyway(limits)) return undefined;
  const why = provenByCurve(dirty, {
    downtimeLimitMs: limits.downtimeLimitMs,
    fixedMs: facts.learned?.stopResumeMs ?? 0,
    linkBytesPerSec: facts.linkBytesPerSec,
    priorBytesPerSec: facts.learned?.bandwidthBytesPerSec,
    capBytesPerSec: limits.bandwidthBytesPerSec,
  });
  if (why === undefined) return undefined;
  const sentence = `${why.sentence} Nothing was moved; ${facts.guest.name} goes on serving on ${facts.source.name}.`;
  return giveUp(state, { phase: "aborted", reason: reason(why.code, sentence, why.inputs) }, now);
}

function beginPrecopy(state: Preflight, now: number): Step<Migration> {
  const { facts, dirty, peers = [] } = state;
  const cap = capOf(state);
  const next: Precopy = {
    ...carried(state),
    dirty,
    canThrottle: peers.some((peer) => peer.canThrottle === true),
    pace: { ...(cap !== undefined && { bandwidthBytesPerSec: cap }), hold: false },
    course: { ...state.course, precopyAt: now },
    phase: "precopy",
    consideration: considerationAtStart,
    verdict: { kind: "unknown", code: "MEASURING", sentence: "No figures have come yet.", inputs: {}, thresholds: {} },
    verdictSince: now,
    exact: { sequence: 0, askedAt: now, open: false },
    heardAt: now,
  };
  const sentence = `Both sides are prepared; ${facts.guest.name} moves while it runs on ${facts.source.name}.`;
  return {
    state: next,
    effects: outstanding(next),
    notices: [{ type: "migration.phase", sentence, data: { phase: "precopy" } }],
  };
}

function broken({ facts }: Preflight, event: MigrationEvent & { type: "broken" }): Ending {
  const role = whoBroke(event);
  const sentence = `${facts[role].name} gave up: ${event.detail}; nothing had moved.`;
  return { phase: "failed", reason: reason("CHANNEL_BROKEN", sentence, { role, code: event.code }) };
}

function declined(state: Preflight, event: MigrationEvent & { type: "declined" }): Ending {
  const host = state.facts[event.role].name;
  const sentence = `${host} declined: ${event.detail}${event.fix === undefined ? "" : ` ${event.fix}`}`;
  return { phase: "aborted", reason: reason(event.code, sentence, { host, role: event.role }) };
}

function tooLate(state: Preflight): Ending {
  const silent = state.peers === undefined ? state.facts.source.name : state.facts.destination.name;
  const sentence = `${silent} did not prepare within ${msText(preflightLimitMs)}.`;
  return {
    phase: "failed",
    reason: reason("PREFLIGHT_TIMEOUT", sentence, { host: silent, limitMs: preflightLimitMs }),
  };
}

function giveUp(state: Preflight, ending: Ending, now: number): Step<Migration> {
  return endedWith(state, ending, ["source", "destination"], now);
}
