import { isTriedAnyway } from "../migration/limits.ts";
import { isUnknown } from "../migration/switchover.ts";
import { schedulingOf } from "../migration/scheduling.ts";
import {
  isEnded,
  type Migration,
  type Precopy,
  type Preflight,
  type Queued,
  type Switchover,
} from "../migration/state.ts";
import { curveOf } from "../outlook/curve.ts";
import { isSteady } from "../outlook/proven-by-curve.ts";
import { bandwidthNeeded } from "./need.ts";
import type { QueuedMove, RunningMove } from "./snapshot.ts";

/**
 * A migration that waits, as the planner looks at it. `facts` is what else an attempt rests on, as one text. Both kinds are written out: what an
 * object was made of by spreading others is read several times as slowly, and a plan reads thousands.
 */
export function queuedMoveOf(state: Queued, facts: string): QueuedMove {
  const asked = schedulingOf(state.facts);
  const { placement } = asked;
  return {
    id: state.facts.id,
    guestId: state.facts.guest.id,
    sourceId: state.facts.source.id,
    priority: asked.priority,
    group: asked.group,
    memoryBytes: asked.memoryBytes,
    neededBytesPerSec: neededBytesPerSec(state),
    capBytesPerSec: state.limits.bandwidthBytesPerSec,
    windows: [...asked.windows],
    keepApart: asked.keepApart,
    destinationId: placement === undefined ? state.facts.destination.id : undefined,
    returns: state.facts.returns,
    mayGoTo: placement?.hosts.map(({ id }) => id),
    placement: placement?.how ?? "spread",
    askedAt: state.facts.createdAt,
    notBefore: asked.notBefore,
    deadlineAt: asked.deadlineAt,
    downtimeLimitMs: state.limits.downtimeLimitMs,
    facts,
    attempts: [...asked.attempts],
    blocked: undefined,
  };
}

/** One that was admitted and has not ended. */
export function runningMoveOf(state: Preflight | Precopy | Switchover, now: number): RunningMove {
  const { facts, course, share, limits } = state;
  const asked = schedulingOf(facts);
  return {
    id: facts.id,
    guestId: facts.guest.id,
    sourceId: facts.source.id,
    priority: asked.priority,
    group: asked.group,
    memoryBytes: asked.memoryBytes,
    neededBytesPerSec: neededBytesPerSec(state),
    // A cap of its own is lifted at the switchover.
    capBytesPerSec: state.phase === "switchover" ? undefined : limits.bandwidthBytesPerSec,
    windows: [...asked.windows],
    keepApart: asked.keepApart,
    destinationId: facts.destination.id,
    stage: stageOf(state, now),
    startedAt: course.startedAt ?? facts.createdAt,
    leftBytes: leftBytesOf(state),
    guaranteedBytesPerSec: share?.guaranteedBytesPerSec ?? 0,
  };
}

export function isRunning(state: Migration): state is Preflight | Precopy | Switchover {
  return state.phase !== "queued" && !isEnded(state);
}

/**
 * S6: by how a steady guest was written before. Undefined where that is not known, and where it may move all the same (C11): a remedy is
 * allowed, or patience is asked for. A limit that leaves no time at all is the judge's to prove.
 */
function neededBytesPerSec({ facts, limits }: Migration): number | undefined {
  const { dirty, memoryBytes, stopcopyBytes, fixedMs } = schedulingOf(facts);
  if (dirty === undefined || isTriedAnyway(limits) || !isSteady(dirty)) return undefined;
  const writtenBytes = curveOf(dirty, memoryBytes);
  const needed = bandwidthNeeded({ writtenBytes, stopcopyBytes, downtimeLimitMs: limits.downtimeLimitMs, fixedMs });
  return needed === Infinity ? undefined : needed;
}

/** A switchover of which nothing is heard is not waited for: its path is the others' again. */
function stageOf(state: Preflight | Precopy | Switchover, now: number): RunningMove["stage"] {
  if (state.phase === "preflight") return "preparing";
  return state.phase === "precopy" || isUnknown(state, now) ? "moving" : "switching";
}

function leftBytesOf({ facts, course }: Preflight | Precopy | Switchover): number {
  const pending = course.devices.map((device) => device.pending);
  if (pending.some((each) => each === undefined)) return schedulingOf(facts).memoryBytes;
  return pending.reduce((sum, each) => sum + (each?.initialBytes ?? 0) + (each?.precopyBytes ?? 0), 0);
}
