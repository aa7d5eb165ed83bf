import { z } from "zod";
import { Bytes, BytesPerSec, Id, Ms, Name, Reason, Reference, Timestamp } from "./primitives.ts";
import { Limits, LimitsInput } from "./migration.ts";
import { problemCodes } from "./problem.ts";

export const CreatePlan = z
  .strictObject({ guest: Reference, destination: Reference, limits: LimitsInput.prefault({}) })
  .meta({ id: "CreatePlan" });
export type CreatePlan = z.infer<typeof CreatePlan>;

/** One thing that was looked at before anything moves. */
export const PlanCheck = z
  .object({
    name: z.string(),
    ok: z.boolean(),
    code: z.enum(problemCodes).optional(),
    detail: z.string(),
    fix: z.string().optional(),
  })
  .meta({ id: "PlanCheck" });
export type PlanCheck = z.infer<typeof PlanCheck>;

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
    limits: Limits,
    possible: z.boolean(),
    checks: z.array(PlanCheck),
    sizeBytes: Bytes,
    bandwidthBytesPerSec: BytesPerSec.optional().meta({ description: "what the first pass is reckoned with" }),
    firstPassMs: Ms.optional(),
    predictedDowntimeMs: Ms.optional().meta({ description: "of an idle guest: the fixed costs alone" }),
    waitsFor: Reason.optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
  })
  .meta({ id: "Plan" });
export type Plan = z.infer<typeof Plan>;
