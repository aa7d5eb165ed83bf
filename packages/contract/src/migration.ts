import { z } from "zod";
import { Pending } from "./backend.ts";
import { Bytes, BytesPerSec, Epoch, Id, Ms, Name, Reason, Reference, Timestamp } from "./primitives.ts";
import { Limits, LimitsInput, LimitsPatch } from "./limits.ts";
import { PlacementRule } from "./drain.ts";
import { listOf } from "./list.ts";
import { namedOrPlaced, schedulingInput, schedulingView } from "./scheduling.ts";

export const Phase = z.enum([
  "queued",
  "preflight",
  "precopy",
  "switchover",
  "unknown",
  "completed",
  "aborted",
  "failed",
  "lost",
]);
export type Phase = z.infer<typeof Phase>;

export const terminalPhases = ["completed", "aborted", "failed", "lost"] as const satisfies Phase[];

export const VerdictKind = z.enum(["converging", "ready", "needsMore", "hopeless", "degraded", "unknown"]);
export type VerdictKind = z.infer<typeof VerdictKind>;

/** What the figures say of a migration, with the figures and what they were held against. */
export const Verdict = Reason.extend({
  kind: VerdictKind,
  thresholds: z.record(z.string(), z.number()),
  since: Timestamp,
}).meta({ id: "Verdict" });
export type Verdict = z.infer<typeof Verdict>;

/** Settings of the policy that a migration follows, with whatever was asked for it alone. */
export const CreateMigration = z
  .union([
    z
      .strictObject({
        guest: Reference,
        destination: Reference.optional().meta({ description: "without it the planner takes a host that is fit" }),
        placement: PlacementRule.optional().meta({
          description: "by which the planner takes one, `spread` without it; not beside `destination`",
        }),
        policy: Reference.optional().meta({ description: "a policy's name or id; `balanced` without it" }),
        limits: LimitsInput.prefault({}).meta({ description: "what is to differ from the policy" }),
        ...schedulingInput,
      })
      .refine(namedOrPlaced.holds, namedOrPlaced.otherwise),
    z.strictObject({ planId: Id, ...schedulingInput }),
  ])
  .meta({ id: "CreateMigration" });
export type CreateMigration = z.infer<typeof CreateMigration>;

/** JSON merge patch (RFC 7396): what is left out stays, `null` removes a bandwidth or a window. */
export const ChangeMigration = z.strictObject({ limits: LimitsPatch }).meta({ id: "ChangeMigration" });
export type ChangeMigration = z.infer<typeof ChangeMigration>;

/** Switch over whatever the limit: at once, or at the next low of the predicted downtime. */
export const AskSwitchover = z
  .strictObject({ at: z.enum(["now", "minimum"]).default("now") })
  .meta({ id: "AskSwitchover" });
export type AskSwitchover = z.infer<typeof AskSwitchover>;

export const HoldMigration = z
  .strictObject({ hold: z.boolean().default(true).meta({ description: "false lets it go" }) })
  .meta({ id: "HoldMigration" });
export type HoldMigration = z.infer<typeof HoldMigration>;

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
    dirtyBytesPerSec: BytesPerSec.optional().meta({ description: "what is written anew" }),
    predictedMs: Ms.optional().meta({
      description: "what it alone would take of the switchover: its own time and its bytes",
    }),
    timings: SwitchoverTimings.optional(),
  })
  .meta({ id: "MigrationDevice" });
export type MigrationDevice = z.infer<typeof MigrationDevice>;

/** What the policy will do about the verdict if it stays, and when. */
export const Intent = z
  .object({
    kind: z.enum(["abort", "watch", "diagnose", "hold", "switchover", "wait"]),
    sentence: z.string(),
    at: Timestamp.optional(),
  })
  .meta({ id: "Intent" });
export type Intent = z.infer<typeof Intent>;

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

const FitsBytes = Bytes.optional().meta({
  description: "pending bytes that the limit leaves room for at the present bandwidth, over all devices",
});

/** What a side last said of itself in the switchover. */
const LastWord = z.object({ said: z.string(), at: Timestamp });

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
    waitsFor: Reason.optional().meta({ description: "while it is queued; once the planner has looked at it" }),
    expectedStart: Timestamp.optional().meta({
      description: "while it is queued: when its turn should come; absent where no one can tell",
    }),
    ...schedulingView,
    verdict: Verdict.optional(),
    intent: Intent.optional(),
    policy: Name.optional().meta({ description: "the policy that the limits came from" }),
    limits: Limits,
    epoch: Epoch.meta({ description: "of the ownership that the migration hands over" }),
    predictedDowntimeMs: Ms.optional(),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    downtimeMs: Ms.optional(),
    fitsBytes: FitsBytes,
    etaRangeMs: z
      .tuple([Ms, Ms])
      .optional()
      .meta({ description: "until it can be switched over; absent where no one can tell" }),
    bandwidthBytesPerSec: BytesPerSec.optional(),
    dirtyBytesPerSec: BytesPerSec.optional().meta({ description: "what is written anew, over all devices" }),
    sentBytes: Bytes,
    heard: z
      .object({ source: LastWord.optional(), destination: LastWord.optional() })
      .optional()
      .meta({ description: "in the switchover: what each side last said; absent for one that has said nothing" }),
    devices: z.array(MigrationDevice),
    report: Report.optional(),
    createdAt: Timestamp,
    startedAt: Timestamp.optional(),
    precopyAt: Timestamp.optional(),
    figuresAt: Timestamp.optional().meta({ description: "in precopy: when the last figures of all devices came" }),
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
    dirtyBytesPerSec: BytesPerSec.optional(),
    predictedDowntimeMs: Ms.optional(),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    downtimeLimitMs: Ms.optional().meta({ description: "the limit at that time" }),
    fitsBytes: FitsBytes,
    devices: z.array(z.object({ name: Name, pending: Pending, rounds: z.int() })),
  })
  .meta({ id: "Sample" });
export type Sample = z.infer<typeof Sample>;
