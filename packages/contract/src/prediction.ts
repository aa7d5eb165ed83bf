import { z } from "zod";
import { Ms, Reference, Timestamp } from "./primitives.ts";

/** How good the predictions of the downtime were, over completed migrations that had one. */
export const Accuracy = z
  .object({
    count: z.int().nonnegative(),
    errorP50: z.number().nonnegative().optional().meta({ description: "|predicted - actual| / actual, the median" }),
    errorP90: z.number().nonnegative().optional().meta({ description: "|predicted - actual| / actual, nine in ten" }),
    biasMs: z.number().optional().meta({ description: "actual minus predicted, the mean" }),
    withinBand: z.number().min(0).max(1).optional().meta({ description: "the share that came within its interval" }),
    withinLimit: z.number().min(0).max(1).optional().meta({ description: "the share that kept its limit" }),
  })
  .meta({ id: "Accuracy" });
export type Accuracy = z.infer<typeof Accuracy>;

export const AccuracyQuery = z.strictObject({
  since: Timestamp.optional(),
  source: Reference.optional(),
  destination: Reference.optional(),
  kind: z
    .string()
    .max(128)
    .regex(/^[^\p{Cc}]*$/u, "no control characters")
    .optional()
    .meta({ description: "guests with a device of this kind" }),
});

/** What is learnt of a way and of a guest's back ends. */
export const LearnedView = z
  .object({
    migrations: z.int().nonnegative().meta({ description: "finished ones between the two hosts that it rests on" }),
    bandwidthBytesPerSec: z.number().nonnegative().optional(),
    stopResumeMs: Ms.optional(),
    stopResumeSdMs: Ms.optional(),
    costFactors: z
      .record(z.string(), z.number())
      .meta({ description: "by device: what it takes of its own, over what it declares" }),
  })
  .meta({ id: "Learned" });
export type LearnedView = z.infer<typeof LearnedView>;
