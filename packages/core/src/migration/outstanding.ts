import { assertNever } from "../assert-never.ts";
import { regrantBeyond } from "../handover/journal.ts";
import type { Command, Send } from "./events.ts";
import { endsAt } from "./scheduling.ts";
import type { Ended, Migration, Precopy, Switchover } from "./state.ts";

export const preflightLimitMs = 30_000;
export const silenceLimitMs = 30_000;
/** Within the switchover an unanswered question is put again after this long; it stays with the guest stopped. */
export const askAgainMs = 1_000;
const clearAgainMs = 5_000;

/** M14: the commands that have no answer yet, derived from the state alone: sent again whenever an agent connects and after a restart of the orchestrator. */
export function outstanding(state: Migration): Send[] {
  const next = state.facts.epoch + 1;
  switch (state.phase) {
    case "queued":
      return [];
    case "preflight":
      return state.peers === undefined
        ? [{ to: "source", command: { type: "prepareSource", epoch: next } }]
        : [{ to: "destination", command: { type: "prepareDestination", epoch: next, peers: state.peers } }];
    case "precopy":
      return [{ to: "source", command: { type: "precopy" } }, ...steering(state)];
    case "switchover":
      return asking(state);
    case "completed":
    case "aborted":
    case "failed":
    case "lost":
      return state.owes.map((role) =>
        state.phase === "completed" ? { to: role, command: clearing(state) } : { to: role, command: { type: "abort" } },
      );
    default:
      return assertNever(state);
  }
}

/** When the next tick must come at the latest, by the orchestrator's clock; undefined where only an event can change anything. */
export function deadlineOf(state: Migration): number | undefined {
  switch (state.phase) {
    case "queued":
      return undefined;
    case "preflight":
      return state.since + preflightLimitMs;
    case "precopy":
      return Math.min(state.heardAt + silenceLimitMs, endsAt(state, 0));
    case "switchover":
      return state.stage === "undecided" ? undefined : state.askedAt + askAgainMs;
    case "completed":
    case "aborted":
    case "failed":
    case "lost":
      return state.owes.length > 0 ? state.askedAt + clearAgainMs : undefined;
    default:
      return assertNever(state);
  }
}

/** What may never have been released is not discarded: it is disowned by the epoch that has passed it. */
function clearing({ facts, fenced, owner }: Ended): Command {
  const granted = facts.epoch + 1;
  return fenced?.source?.bySelf === "owner" && owner.epoch > granted
    ? { type: "disown", epoch: owner.epoch }
    : { type: "discard", epoch: granted };
}

/** How fast the source may send, and how much the guest is slowed down. */
export function steering({ pace, consideration, throttled }: Precopy): Send[] {
  const share = consideration.conduct.throttle;
  const paced: Send = { to: "source", command: { type: "pace", ...pace } };
  return share === 0 && throttled !== true ? [paced] : [paced, { to: "source", command: { type: "throttle", share } }];
}

/** M10: a source that has not released by then is asked to keep the guest. What was asked for, or forced, may be predicted to take long. */
export function freezeLimitMs({ limits, course }: Pick<Switchover, "limits" | "course">): number {
  return Math.max(15_000, 10 * limits.downtimeLimitMs, 2 * (course.predicted?.highMs ?? 0));
}

/** S7: it has its whole path now, and no more than that: the destination's link has a budget too. */
function freezing(epoch: number, state: Pick<Switchover, "limits" | "course" | "share">): Command {
  const limitMs = Math.round(freezeLimitMs(state));
  return { type: "freeze", epoch, limitMs, bandwidthBytesPerSec: state.share?.reservedBytesPerSec };
}

function asking({ stage, facts, ...state }: Switchover): Send[] {
  const next = facts.epoch + 1;
  switch (stage) {
    case "freezing":
      return [{ to: "source", command: freezing(next, state) }];
    case "refusing":
      return [{ to: "source", command: { type: "refuse", epoch: next } }];
    case "granting":
      return [{ to: "destination", command: { type: "grant", epoch: next } }];
    case "reclaiming":
      return [{ to: "source", command: { type: "reclaim", epoch: next + 1 } }];
    case "revoking":
      return [{ to: "destination", command: { type: "revoke", epoch: next } }];
    case "regranting":
      return [{ to: "destination", command: { type: "regrant", epoch: next + regrantBeyond } }];
    case "undecided":
      return [];
    default:
      return assertNever(stage);
  }
}
