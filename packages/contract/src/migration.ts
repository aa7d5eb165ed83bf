import { z } from "zod";
import { Pending } from "./backend.ts";
import { Bytes, BytesPerSec, Epoch, Id, Ms, Name, Reason, Reference, Timestamp } from "./primitives.ts";
import { listOf } from "./list.ts";

export const Phase = z.enum([
  "queued",
  "preflight",
  "precopy",
  "switchover",
  "unknown",
  "completed",
  "aborted",
  "failed",
]);
export type Phase = z.infer<typeof Phase>;

export const terminalPhases = ["completed", "aborted", "failed"] as const satisfies Phase[];

export const VerdictKind = z.enum(["converging", "ready", "needsMore", "hopeless", "degraded", "unknown"]);
export type VerdictKind = z.infer<typeof VerdictKind>;

/** What the figures say of a migration, with the figures. */
export const Verdict = Reason.extend({ kind: VerdictKind, since: Timestamp }).meta({ id: "Verdict" });
export type Verdict = z.infer<typeof Verdict>;

/** What a migration may cost. `downtimeLimitMs` bounds the switchover, `deadlineMs` the whole since its admission. */
export const Limits = z
  .object({ downtimeLimitMs: z.int(), deadlineMs: z.int(), bandwidthBytesPerSec: BytesPerSec.optional() })
  .meta({ id: "Limits" });
export type Limits = z.infer<typeof Limits>;

export const LimitsInput = z
  .strictObject({
    downtimeLimitMs: z.int().min(1).max(2_000_000).default(300),
    deadlineMs: z
      .int()
      .min(1_000)
      .max(30 * 86_400_000)
      .default(3_600_000),
    bandwidthBytesPerSec: z
      .int()
      .min(65_536)
      .optional()
      .meta({ description: "cap while the guest runs; lifted at the switchover" }),
  })
  // "LimitsInput" is what OpenAPI's generator calls the input side of `Limits`.
  .meta({ id: "WantedLimits" });

export const CreateMigration = z
  .union([
    z.strictObject({ guest: Reference, destination: Reference, limits: LimitsInput.prefault({}) }),
    z.strictObject({ planId: Id }),
  ])
  .meta({ id: "CreateMigration" });
export type CreateMigration = z.infer<typeof CreateMigration>;

/** Milliseconds that a device spent on each part of the switchover. */
export const SwitchoverTimings = z.object({ stopMs: Ms, transferMs: Ms, loadMs: Ms, startMs: Ms }).partial();
export type SwitchoverTimings = z.infer<typeof SwitchoverTimings>;

export const MigrationDevice = z
  .object({
    name: Name,
    kind: z.string(),
    pending: Pending.optional(),
    rounds: z.int().nonnegative(),
    sentBytes: Bytes,
    digest: z.string().optional(),
    timings: SwitchoverTimings.optional(),
  })
  .meta({ id: "MigrationDevice" });
export type MigrationDevice = z.infer<typeof MigrationDevice>;

/** Predicted against actual, once a migration has ended. */
export const Report = z
  .object({
    predictedDowntimeMs: Ms.optional(),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    downtimeMs: Ms.optional(),
    downtimeLimitMs: Ms,
    withinLimit: z.boolean().optional(),
    totalMs: Ms,
    precopyMs: Ms.optional(),
    rounds: z.int(),
    sentBytes: Bytes,
    stoppedBytes: Bytes.optional().meta({ description: "bytes moved after the stop" }),
    bandwidthBytesPerSec: BytesPerSec.optional(),
    switchover: z.object({ stoppedMs: Ms, grantMs: Ms, startedMs: Ms }).optional().meta({
      description:
        "from the first stop to the source's release; the way of the grant; from the grant to the last start",
    }),
    devices: z.array(MigrationDevice),
  })
  .meta({ id: "Report" });
export type Report = z.infer<typeof Report>;

/** One attempt to move a guest. */
export const Migration = z
  .object({
    id: Id,
    guest: Name,
    guestId: Id,
    source: Name,
    sourceId: Id,
    destination: Name,
    destinationId: Id,
    phase: Phase,
    reason: Reason.optional().meta({ description: "why it waits, or why it ended as it did" }),
    verdict: Verdict.optional(),
    limits: Limits,
    epoch: Epoch.meta({ description: "of the ownership that the migration hands over" }),
    predictedDowntimeMs: Ms.optional(),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    downtimeMs: Ms.optional(),
    etaMs: Ms.optional(),
    bandwidthBytesPerSec: BytesPerSec.optional(),
    dirtyBytesPerSec: BytesPerSec.optional().meta({ description: "what is written anew, over all devices" }),
    sentBytes: Bytes,
    devices: z.array(MigrationDevice),
    report: Report.optional(),
    createdAt: Timestamp,
    startedAt: Timestamp.optional(),
    switchoverAt: Timestamp.optional(),
    endedAt: Timestamp.optional(),
  })
  .meta({ id: "Migration" });
export type Migration = z.infer<typeof Migration>;

export const MigrationList = listOf(Migration, "MigrationList");

/** A point of a migration's course, about one a second. */
export const Sample = z
  .object({
    at: Timestamp,
    elapsedMs: Ms,
    sentBytes: Bytes,
    bandwidthBytesPerSec: BytesPerSec.optional(),
    predictedDowntimeMs: Ms.optional(),
    devices: z.array(z.object({ name: Name, pending: Pending, rounds: z.int() })),
  })
  .meta({ id: "Sample" });
export type Sample = z.infer<typeof Sample>;
