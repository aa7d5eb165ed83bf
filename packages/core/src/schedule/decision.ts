import type { Reason } from "../reason.ts";
import type { Conditions } from "./retry.ts";

/** What the planner wants done, each with its reason and figures. Each queued migration gets one of the first three. */
export type ScheduleDecision =
  | {
      kind: "admit";
      migrationId: string;
      destinationId: string;
      /** What it keeps whatever else starts, and what it begins with; undefined where its path has no budget. */
      guaranteedBytesPerSec: number;
      bytesPerSec: number | undefined;
      /** S8: under what it is tried. */
      conditions: Conditions;
      because: Reason;
    }
  | { kind: "wait"; migrationId: string; waitsFor: Reason; expectedStartAt: number | undefined }
  | { kind: "refuse"; migrationId: string; because: Reason }
  | ShareDecision
  | WindowDecision;

/** Each running migration gets one. */
export interface ShareDecision {
  kind: "share";
  migrationId: string;
  /** Undefined where its path has no budget. */
  bytesPerSec: number | undefined;
  /** What it would have in its switchover, for its forecast. */
  reservedBytesPerSec: number | undefined;
  because: Reason;
}

/** Each running migration with maintenance windows gets one: it may switch over, or is held at the brink. */
export interface WindowDecision {
  kind: "hold" | "release";
  migrationId: string;
  because: Reason;
}
