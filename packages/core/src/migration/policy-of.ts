import { type Policy, plainPolicy } from "../convergence/policy.ts";
import { capOf, endsAt, mayBegin, wholePath } from "./scheduling.ts";
import type { Precopy } from "./state.ts";

/** Between the source's figures and its stop lie the way to the orchestrator, a commit and the way back. */
const decisionMs = 25;
/** Stopping, resuming and the two synced journal writes of the handover, until it is learnt for the pair of hosts. */
export const unlearntHandover = { ms: 12, sdMs: 8 };
/** Back ends that count what they have written need next to no time for exact figures; others say what it took. */
const syncMsPrior = 1;

/** The policy of a migration at `now`, from its limits and from what is known and was learnt of its way. */
export function policyOf(state: Precopy, now: number): Policy {
  const { facts, limits, share, dirty, canThrottle, consideration } = state;
  const { learned, linkBytesPerSec } = facts;
  const cap = capOf(state);
  return {
    ...plainPolicy,
    downtimeLimitMs: limits.downtimeLimitMs,
    deadlineMs: limits.deadlineMs,
    endsAtMs: consideration.convergence.clock.nowMs + (endsAt(state, now) - now),
    patience: limits.patience,
    ladder: limits.ladder,
    maySwitchOver: mayBegin(state, now),
    diagnose: true,
    linkBytesPerSec,
    priorBytesPerSec: learned?.bandwidthBytesPerSec,
    capBytesPerSec: cap,
    sharedOut: (share?.bytesPerSec ?? Infinity) < (limits.bandwidthBytesPerSec ?? Infinity),
    reservedBytesPerSec: cap === undefined ? undefined : reservedOf(state, cap),
    stopResumeMs: learned?.stopResumeMs ?? unlearntHandover.ms,
    stopResumeSdMs: learned?.stopResumeSdMs ?? unlearntHandover.sdMs,
    decisionMs,
    syncMsPrior,
    history: dirty?.bytesPerSec,
    canThrottle,
  };
}

/**
 * A cap is lifted at the switchover, so that the path counts, by what the planner promises or by what it was seen to give. One that has
 * its whole path already is measured as it is.
 */
function reservedOf({ facts, share }: Precopy, cap: number): number | undefined {
  const promised = share?.reservedBytesPerSec;
  if (promised !== undefined) return cap < wholePath * promised ? promised : undefined;
  return facts.learned?.bandwidthBytesPerSec ?? facts.linkBytesPerSec;
}
