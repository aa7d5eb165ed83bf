import { z } from "zod";
import { Bytes, Id, Instant, Ms, Name, Reason, Reference, Timestamp } from "./primitives.ts";
import { Limits, LimitsInput } from "./limits.ts";
import { listOf } from "./list.ts";

/** In which order a host's guests leave it. */
export const DrainOrder = z.enum(["busiestFirst", "largestFirst", "smallestFirst"]).meta({
  description:
    "busiestFirst: those for the destination to which the most is still to go, the larger first, so that no link is idle at the end",
});
export type DrainOrder = z.infer<typeof DrainOrder>;

export const PlacementRule = z.enum(["spread", "pack"]).meta({
  description: "spread: where the most memory is left; pack: where the least is. Guests kept apart never share a host",
});
export type PlacementRule = z.infer<typeof PlacementRule>;

/** To empty a host of its guests, or to say what that would come to. */
export const CreateDrain = z
  .strictObject({
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: "only say what would be done: nothing is cordoned or moved" }),
    deadline: Instant.optional().meta({
      description: "when the host is to be empty (RFC 3339); after it nothing is begun any more",
    }),
    policy: Reference.optional().meta({ description: "of every migration; `balanced` without it" }),
    limits: LimitsInput.prefault({}).meta({ description: "what is to differ from the policy" }),
    order: DrainOrder.default("busiestFirst"),
    placement: PlacementRule.default("spread"),
    destinations: z
      .array(Reference)
      .min(1)
      .max(200)
      .optional()
      .meta({ description: "the only hosts that guests may go to; without it any other one" }),
  })
  .meta({ id: "CreateDrain" });
export type CreateDrain = z.infer<typeof CreateDrain>;

/** What stands against a guest's going to one host. */
export const DrainObstacle = z
  .object({ host: Name, hostId: Id, code: z.string(), sentence: z.string(), remedy: z.string().optional() })
  .meta({ id: "DrainObstacle" });
export type DrainObstacle = z.infer<typeof DrainObstacle>;

/** Where one guest of a drain stands, or would stand. */
export const DrainGuest = z
  .object({
    guest: Name,
    guestId: Id,
    state: z.enum(["queued", "moving", "moved", "blocked", "skipped"]),
    destination: Name.optional().meta({ description: "where it is to go, or has gone" }),
    destinationId: Id.optional(),
    migrationId: Id.optional().meta({ description: "that moves it, or has moved it" }),
    reason: Reason.optional().meta({ description: "what it waits for, or why it is blocked or skipped" }),
    remedy: z.string().optional().meta({ description: "what unblocks it" }),
    obstacles: z.array(DrainObstacle).meta({ description: "of a blocked one: what stands against each host" }),
    attempts: z.int().nonnegative().meta({ description: "those that failed" }),
    sizeBytes: Bytes.optional(),
    durationRangeMs: z.tuple([Ms, Ms]).optional().meta({ description: "as foreseen, once it has started" }),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    probability: z.number().min(0).max(1).optional().meta({ description: "that it fits its limits" }),
    downtimeMs: Ms.optional().meta({ description: "of one that has moved" }),
    since: Timestamp.optional().meta({ description: "when it came to stand so" }),
  })
  .meta({ id: "DrainGuest" });
export type DrainGuest = z.infer<typeof DrainGuest>;

const count = z.int().nonnegative();
export const DrainCounts = z
  .object({ queued: count, moving: count, moved: count, blocked: count, skipped: count })
  .meta({ id: "DrainCounts" });
export type DrainCounts = z.infer<typeof DrainCounts>;

const asWanted = {
  host: Name,
  hostId: Id,
  policy: Name.optional(),
  limits: Limits,
  order: DrainOrder,
  placement: PlacementRule,
  destinations: z.array(Name).optional(),
  deadline: Timestamp.optional(),
  counts: DrainCounts,
  guests: z.array(DrainGuest).meta({ description: "in the order in which they go" }),
  etaRangeMs: z
    .tuple([Ms, Ms])
    .optional()
    .meta({ description: "until all have gone that are not blocked; absent where no one can tell" }),
};

/** What a drain would do. */
export const DrainPlan = z
  .object({
    ...asWanted,
    possible: z.boolean().meta({ description: "every guest can go, and in time" }),
    reason: Reason.optional().meta({ description: "why it cannot end, or not by its deadline" }),
  })
  .meta({ id: "DrainPlan" });
export type DrainPlan = z.infer<typeof DrainPlan>;

export const DrainPhase = z.enum([
  "draining",
  "paused",
  "blocked",
  "aborting",
  "returning",
  "completed",
  "aborted",
  "failed",
  "returned",
]);
export type DrainPhase = z.infer<typeof DrainPhase>;

/** The emptying of a host. */
export const Drain = z
  .object({
    id: Id,
    ...asWanted,
    phase: DrainPhase.meta({
      description:
        "blocked: whatever is left needs somebody; returning: its guests are brought back; failed: its deadline has passed",
    }),
    reason: Reason.optional().meta({ description: "why it cannot end by its deadline, or why it has ended so" }),
    by: z.string(),
    createdAt: Timestamp,
    endedAt: Timestamp.optional(),
  })
  .meta({ id: "Drain" });
export type Drain = z.infer<typeof Drain>;

export const DrainList = listOf(Drain, "DrainList");
