import type { MsRange } from "../convergence/verdict.ts";
import type { Named } from "../migration/state.ts";
import type { Reason } from "../reason.ts";
import type { Attempt, Conditions } from "../schedule/retry.ts";

/** The format of the stored state; one of another version is refused. */
export const drainStateVersion = 1;

/** What was asked for, and does not change. */
export interface DrainFacts {
  id: string;
  host: Named;
  by: string;
  createdAt: number;
  order: "busiestFirst" | "largestFirst" | "smallestFirst";
  placement: "spread" | "pack";
  /** The only hosts that guests may go to; undefined: any other one. */
  destinations?: Named[] | undefined;
  /** When the host is to be empty. */
  deadlineAt?: number | undefined;
}

/** The emptying of a host: plain data, stored whole with each change. */
export interface Drain {
  version: typeof drainStateVersion;
  facts: DrainFacts;
  /** Out of the host, or back to it. */
  leg: "out" | "back";
  paused: boolean;
  /** Why what is under way is called off; it ends once nothing is. */
  aborting?: Reason | undefined;
  /** Every guest was looked at once: until then nothing moves, so that what cannot is told first. */
  looked: boolean;
  guests: DrainGuest[];
  /** Why it cannot end by its deadline. */
  warning?: Reason | undefined;
  end?: { as: "completed" | "aborted" | "failed" | "returned"; at: number; because: Reason } | undefined;
}

export interface DrainGuest {
  guest: Named;
  /** When it came to stand as it does. */
  since: number;
  /** Those that failed, the latest last. */
  attempts: DrainAttempt[];
  stands: DrainStanding;
  /** What its move should come to, where that is known. */
  foreseen?: Foreseen | undefined;
}

export interface DrainAttempt extends Attempt {
  sentence: string;
}

export interface Foreseen {
  sizeBytes: number;
  durationMs?: MsRange | undefined;
  downtimeMs?: MsRange | undefined;
  probability?: number | undefined;
}

export type DrainStanding =
  | { at: "queued"; destination?: Named | undefined; waitsFor?: Reason | undefined }
  /** Under what this drain has asked for the migration; none where somebody else has. */
  | {
      at: "moving";
      migrationId: string;
      destination: Named;
      conditions?: Conditions | undefined;
      /** The drain itself has called it off. */
      calledOff?: boolean | undefined;
      /** Why the drain goes on without it, unless it arrives all the same: a cancel may come too late (M8). */
      skip?: Reason | undefined;
    }
  | { at: "moved"; to: Named; migrationId?: string | undefined; downtimeMs?: number | undefined; own: boolean }
  | { at: "blocked"; because: Reason; remedy: string; obstacles: Obstacle[] }
  | { at: "skipped"; because: Reason };

/** What stands against a guest's going to one host. */
export interface Obstacle {
  host: Named;
  code: string;
  sentence: string;
  remedy?: string | undefined;
}

export type DrainPhase =
  | "draining"
  | "paused"
  | "blocked"
  | "aborting"
  | "returning"
  | "completed"
  | "aborted"
  | "failed"
  | "returned";

export function begun(facts: DrainFacts): Drain {
  return { version: drainStateVersion, facts, leg: "out", paused: false, looked: false, guests: [] };
}

export function phaseOf(drain: Drain): DrainPhase {
  if (drain.end !== undefined) return drain.end.as;
  if (drain.aborting !== undefined) return "aborting";
  if (drain.paused) return "paused";
  if (isStuck(drain)) return "blocked";
  return drain.leg === "back" ? "returning" : "draining";
}

/** Of all that is left, nothing goes on by itself. */
function isStuck({ looked, guests }: Drain): boolean {
  const open = guests.filter(isOpen);
  return looked && open.length > 0 && open.every(({ stands }) => stands.at === "blocked");
}

export function isOpen({ stands }: DrainGuest): boolean {
  return stands.at === "queued" || stands.at === "moving" || stands.at === "blocked";
}

/** The same guest, standing otherwise from now on; one that stands so already keeps its time. */
export function standing(guest: DrainGuest, stands: DrainStanding, now: number): DrainGuest {
  const same = guest.stands.at === stands.at && migrationIn(guest.stands) === migrationIn(stands);
  return { ...guest, stands, since: same ? guest.since : now };
}

function migrationIn(stands: DrainStanding): string | undefined {
  return "migrationId" in stands ? stands.migrationId : undefined;
}
