import { type Policy, plainPolicy } from "../convergence/policy.ts";
import { maySwitchOver } from "./limits.ts";
import type { Precopy } from "./state.ts";

/** Between the source's figures and its stop lie the way to the orchestrator, a commit and the way back. */
const decisionMs = 25;
/** Stopping, resuming and the two synced journal writes of the handover, until it is learnt for the pair of hosts. */
export const unlearntHandover = { ms: 12, sdMs: 8 };
/** Back ends that count what they have written need next to no time for exact figures; others say what it took. */
const syncMsPrior = 1;

/** The policy of a migration at `now`, from its limits and from what is known and was learnt of its way. */
export function policyOf(state: Precopy, now: number): Policy {
  const { facts, limits, course, dirty, canThrottle, consideration } = state;
  const { learned, linkBytesPerSec } = facts;
  const cap = limits.bandwidthBytesPerSec;
  return {
    ...plainPolicy,
    downtimeLimitMs: limits.downtimeLimitMs,
    deadlineMs: limits.deadlineMs,
    endsAtMs: consideration.convergence.clock.nowMs + ((course.startedAt ?? now) + limits.deadlineMs - now),
    patience: limits.patience,
    ladder: limits.ladder,
    maySwitchOver: maySwitchOver(limits, now),
    diagnose: true,
    linkBytesPerSec,
    priorBytesPerSec: learned?.bandwidthBytesPerSec,
    capBytesPerSec: cap,
    // A cap is lifted at the switchover, so that the link counts, or what it was seen to give.
    reservedBytesPerSec: cap === undefined ? undefined : (learned?.bandwidthBytesPerSec ?? linkBytesPerSec),
    stopResumeMs: learned?.stopResumeMs ?? unlearntHandover.ms,
    stopResumeSdMs: learned?.stopResumeSdMs ?? unlearntHandover.sdMs,
    decisionMs,
    syncMsPrior,
    history: dirty?.bytesPerSec,
    canThrottle,
  };
}
