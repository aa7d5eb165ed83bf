import type { DirtyHistory } from "../outlook/dirty-history.ts";
import type { Reason } from "../reason.ts";
import type { Attempt, Conditions } from "../schedule/retry.ts";
import { priorities } from "../schedule/snapshot.ts";
import type { MaintenanceWindow } from "../schedule/window.ts";
import { maySwitchOver } from "./limits.ts";
import type { Facts, Named, Precopy } from "./state.ts";

/** What a migration asks of the planner, and what the planner has to know of it. Fixed when it is asked for. */
export interface Scheduling {
  priority: number;
  /** Whose it is: a drain, a person, a program. */
  group: string;
  drainId?: string | undefined;
  notBefore?: number | undefined;
  /** When it is to have ended. */
  deadlineAt?: number | undefined;
  windows: readonly MaintenanceWindow[];
  keepApart?: string | undefined;
  /** The planner takes one of these; undefined: somebody has named the destination. */
  placement?: { how: "spread" | "pack"; hosts: readonly Named[] } | undefined;
  /** All of the guest's state, and what of it only the stop can move, when it was asked for. */
  memoryBytes: number;
  stopcopyBytes: number;
  /** Of the downtime, what passes whatever the bandwidth. */
  fixedMs: number;
  dirty?: DirtyHistory | undefined;
  /** After a failure it is tried again by itself. */
  retry: boolean;
  /** What it is tried again for, and those of its line that failed. */
  retryOf?: string | undefined;
  attempts: readonly Attempt[];
}

/** What the planner has given it of the links on its way. */
export interface Share {
  /** It keeps that whatever else starts. */
  guaranteedBytesPerSec: number;
  /** What it may take while the guest runs; undefined where its path has no budget. */
  bytesPerSec: number | undefined;
  /** What it would have in its switchover, where its path has a budget. */
  reservedBytesPerSec: number | undefined;
  /** The most that it has had so far: more than that is another chance for it. */
  mostBytesPerSec: number | undefined;
  because: Reason;
  /** Under what it was admitted: an attempt like one that failed is never made again. */
  conditions: Conditions;
}

/** Of one that was asked for without a word about the queue, or before there was any. */
export const plainScheduling: Scheduling = {
  priority: priorities.user,
  group: "",
  windows: [],
  memoryBytes: 0,
  stopcopyBytes: 0,
  fixedMs: 0,
  retry: false,
  attempts: [],
};

export function schedulingOf({ scheduling }: Facts): Scheduling {
  return scheduling ?? plainScheduling;
}

/** The most that it may send while the guest runs, in bytes/s: the lesser of its own cap and its share. */
export function capOf({ limits, share }: Pick<Precopy, "limits" | "share">): number | undefined {
  const cap = Math.min(limits.bandwidthBytesPerSec ?? Infinity, share?.bytesPerSec ?? Infinity);
  return cap === Infinity ? undefined : cap;
}

/** What kept it below what its path carries, in bytes/s: its own cap, or a share that was not all of it. */
export function restrictionOf({ limits, share }: Pick<Precopy, "limits" | "share">): number | undefined {
  const isWhole = (share?.bytesPerSec ?? Infinity) >= wholePath * (share?.reservedBytesPerSec ?? 0);
  return isWhole ? limits.bandwidthBytesPerSec : capOf({ limits, share });
}

/** S7: another one on its path switches over, and it sends nothing meanwhile. */
export function stepsBack({ share }: Pick<Precopy, "share">): boolean {
  return (share?.bytesPerSec ?? Infinity) < leastWorthSending;
}

/** The switchover may begin at `now`: nobody and no window holds it, and no other one has its path. */
export function mayBegin(state: Pick<Precopy, "limits" | "share" | "windowShut">, now: number): boolean {
  return maySwitchOver(state.limits, now) && state.windowShut === undefined && !stepsBack(state);
}

/** M4, S9: when its time is over, by the earlier of its two deadlines. */
export function endsAt({ facts, limits, course }: Pick<Precopy, "facts" | "limits" | "course">, now: number): number {
  const byLimit = (course.startedAt ?? now) + limits.deadlineMs;
  return Math.min(byLimit, schedulingOf(facts).deadlineAt ?? Infinity);
}

/** Bytes/s: less than that is nothing. */
const leastWorthSending = 1_024;
/** So much of its path is as good as all of it. */
export const wholePath = 0.9;
