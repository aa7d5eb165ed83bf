import { z } from "zod";
import { Bytes, BytesPerSec, Id, Ms, Name, Reason, Reference, Timestamp } from "./primitives.ts";
import { DrainObstacle, PlacementRule } from "./drain.ts";
import { Limits, LimitsInput } from "./limits.ts";
import { VerdictKind } from "./migration.ts";
import { LearnedView } from "./prediction.ts";
import { problemCodes } from "./problem.ts";
import { namedOrPlaced } from "./scheduling.ts";

export const CreatePlan = z
  .strictObject({
    guest: Reference.optional(),
    guests: z.array(Reference).min(1).max(200).optional(),
    host: Reference.optional().meta({ description: "every guest that is on it" }),
    destination: Reference.optional().meta({ description: "of all of them; without it each is placed" }),
    placement: PlacementRule.optional().meta({
      description: "by which each is placed, `spread` without it; not beside `destination`",
    }),
    policy: Reference.optional().meta({ description: "a policy's name or id; `balanced` without it" }),
    limits: LimitsInput.prefault({}).meta({ description: "what is to differ from the policy" }),
  })
  .refine(({ guest, guests, host }) => [guest, guests, host].filter((each) => each !== undefined).length === 1, {
    message: "name one of `guest`, `guests` and `host`",
    path: ["guest"],
  })
  .refine(namedOrPlaced.holds, namedOrPlaced.otherwise)
  .meta({ id: "CreatePlan", description: "of one guest, of several, or of a host's: one of the three" });
export type CreatePlan = z.infer<typeof CreatePlan>;

/** One thing that was looked at before anything moves. */
export const PlanCheck = z
  .object({
    name: z.string(),
    ok: z.boolean(),
    code: z.enum(problemCodes).optional(),
    detail: z.string(),
    fix: z.string().optional(),
    device: Name.optional().meta({ description: "of the guest, where it is about one" }),
    pointer: z.string().optional().meta({ description: "into that device's configuration (RFC 6901)" }),
  })
  .meta({ id: "PlanCheck" });
export type PlanCheck = z.infer<typeof PlanCheck>;

/** What a migration would come to, by how the guest has been written and by what its devices declare. */
export const Outlook = z
  .object({
    verdict: Reason.extend({ kind: VerdictKind }),
    durationRangeMs: z.tuple([Ms, Ms]).optional(),
    predictedDowntimeRangeMs: z.tuple([Ms, Ms]).optional(),
    probability: z.number().min(0).max(1).optional().meta({
      description: "that it fits the limit before the deadline; absent where nothing is known of the guest's writing",
    }),
    dominant: z
      .object({ part: z.enum(["fixed", "device", "stopcopy", "dirty"]), device: Name.optional(), ms: Ms })
      .optional()
      .meta({ description: "the part of the downtime that takes the longest" }),
  })
  .meta({ id: "Outlook" });
export type Outlook = z.infer<typeof Outlook>;

/** A remedy that the policy allows, as far as can be said before anything moves. */
export const PlanRemedy = z
  .object({
    remedy: z.enum(["bandwidth", "downtimeLimit", "throttle", "postcopy", "force"]),
    usable: z.boolean().meta({ description: "false: it would be passed over" }),
    code: z.string().optional().meta({ description: "why it would be passed over" }),
    device: Name.optional().meta({ description: "the first that stands against it" }),
    sentence: z.string(),
    most: z
      .object({
        pauseMs: Ms.optional(),
        bytesPerSec: BytesPerSec.optional(),
        lostShare: z.number().min(0).max(1).optional().meta({ description: "of the guest's speed" }),
      })
      .meta({ description: "its budget: what it may cost" }),
  })
  .meta({ id: "PlanRemedy" });
export type PlanRemedy = z.infer<typeof PlanRemedy>;

/** What a migration would do, with every check; making one moves nothing. */
export const Plan = z
  .object({
    id: Id,
    guest: Name,
    guestId: Id,
    source: Name,
    sourceId: Id,
    destination: Name,
    destinationId: Id,
    policy: Name.optional(),
    limits: Limits,
    possible: z.boolean(),
    checks: z.array(PlanCheck),
    sizeBytes: Bytes,
    bandwidthBytesPerSec: BytesPerSec.optional().meta({ description: "what the first pass is reckoned with" }),
    firstPassMs: Ms.optional(),
    predictedDowntimeMs: Ms.optional().meta({ description: "the middle of what the outlook tells" }),
    outlook: Outlook.optional().meta({ description: "absent where the source could not be asked" }),
    remedies: z.array(PlanRemedy).default([]).meta({
      description: "in the order in which they would be tried if it did not converge",
    }),
    learned: LearnedView.optional(),
    waitsFor: Reason.optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: "Plan" });
export type Plan = z.infer<typeof Plan>;

/** Plans of several guests, and those for which there is no host. */
export const PlanSet = z
  .object({
    plans: z.array(Plan),
    unplaced: z.array(
      z.object({ guest: Name, guestId: Id, reason: Reason, remedy: z.string(), obstacles: z.array(DrainObstacle) }),
    ),
  })
  .meta({ id: "PlanSet" });
export type PlanSet = z.infer<typeof PlanSet>;
