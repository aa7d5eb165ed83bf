import { z } from "zod";
import { BytesPerSec } from "./primitives.ts";

/** How long it is watched for a way forward before a verdict without proof is acted on. */
export const Patience = z.enum(["impatient", "normal", "patient", "untilDeadline"]);
export type Patience = z.infer<typeof Patience>;

const downtimeMs = z.int().min(1).max(2_000_000);
const deadlineMs = z
  .int()
  .min(1_000)
  .max(30 * 86_400_000);
const bandwidthBytesPerSec = z.int().min(65_536);

/** A remedy that the policy allows, with how far it may go. */
export const Rung = z
  .discriminatedUnion("remedy", [
    z.strictObject({
      remedy: z.literal("bandwidth"),
      maxBytesPerSec: bandwidthBytesPerSec
        .optional()
        .meta({ description: "raise a cap up to this; without it the cap may be lifted" }),
    }),
    z.strictObject({
      remedy: z.literal("downtimeLimit"),
      maxMs: downtimeMs.meta({ description: "raise the downtime limit up to this" }),
    }),
    z.strictObject({
      remedy: z.literal("throttle"),
      maxShare: z.number().min(0.01).max(0.99).meta({ description: "the share of its speed that the guest may lose" }),
    }),
    z.strictObject({ remedy: z.literal("postcopy") }).meta({
      description:
        "go on at the destination before all has moved; passed over, since no back end can (POSTCOPY_UNSUPPORTED)",
    }),
    z
      .strictObject({
        remedy: z.literal("force"),
        maxMs: downtimeMs.optional().meta({ description: "only where the downtime is predicted to be no longer" }),
      })
      .meta({ description: "switch over whatever the limit" }),
  ])
  .meta({ id: "Rung" });
export type Rung = z.infer<typeof Rung>;

const ladder = z
  .array(Rung)
  .max(5)
  .refine((rungs) => new Set(rungs.map(({ remedy }) => remedy)).size === rungs.length, "each remedy at most once");

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day in UTC, HH:MM");

/** When a switchover may begin, every day; over midnight where `to` is the earlier one. */
export const Window = z
  .strictObject({ from: timeOfDay, to: timeOfDay })
  .refine(({ from, to }) => from !== to, "a window that opens and shuts at one time is never open")
  .meta({ id: "Window", description: "UTC" });
export type Window = z.infer<typeof Window>;

/** What a migration may cost, and what may be done about a verdict. */
export const Limits = z
  .object({
    downtimeLimitMs: z.int().meta({ description: "the longest switchover" }),
    deadlineMs: z.int().meta({ description: "from the admission to the switchover" }),
    bandwidthBytesPerSec: BytesPerSec.optional().meta({
      description: "cap while the guest runs; lifted at the switchover",
    }),
    patience: Patience,
    ladder: z.array(Rung).meta({ description: "remedies that may be tried before it is given up, in this order" }),
    hold: z.boolean().meta({ description: "brought to the brink and kept there until it is let go" }),
    window: Window.optional(),
  })
  .meta({ id: "Limits" });
export type Limits = z.infer<typeof Limits>;

/** What is to differ from a policy. */
export const LimitsInput = z
  .strictObject({
    downtimeLimitMs: downtimeMs.optional(),
    deadlineMs: deadlineMs.optional(),
    bandwidthBytesPerSec: bandwidthBytesPerSec.optional(),
    patience: Patience.optional(),
    ladder: ladder.optional(),
    hold: z.boolean().optional(),
    window: Window.optional(),
  })
  // "LimitsInput" is what OpenAPI's generator calls the input side of `Limits`.
  .meta({ id: "WantedLimits" });
export type LimitsInput = z.infer<typeof LimitsInput>;

/** A merge patch (RFC 7396) of limits: `null` removes what may be absent. */
export const LimitsPatch = LimitsInput.extend({
  bandwidthBytesPerSec: bandwidthBytesPerSec.nullable().optional(),
  window: Window.nullable().optional(),
}).meta({ id: "LimitsPatch" });
export type LimitsPatch = z.infer<typeof LimitsPatch>;

/** Whole settings, as a policy has them; what is left out is as in `balanced`. */
export const PolicySettings = z
  .strictObject({
    downtimeLimitMs: downtimeMs.default(300),
    deadlineMs: deadlineMs.default(3_600_000),
    bandwidthBytesPerSec: bandwidthBytesPerSec.optional(),
    patience: Patience.default("normal"),
    ladder: ladder.default([]),
    hold: z.boolean().default(false),
    window: Window.optional(),
  })
  .meta({ id: "PolicySettings" });
export type PolicySettings = z.infer<typeof PolicySettings>;

/** Policies for three intents, there from the start. */
export const builtInPolicies = {
  /** The guest comes first: a short pause, little bandwidth of its host's, and time. */
  gentle: {
    downtimeLimitMs: 150,
    deadlineMs: 4 * 3_600_000,
    patience: "patient",
    ladder: [],
    hold: false,
  },
  balanced: { downtimeLimitMs: 300, deadlineMs: 3_600_000, patience: "normal", ladder: [], hold: false },
  /** The move comes first: a longer pause where it helps, and no long wait. */
  fast: {
    downtimeLimitMs: 500,
    deadlineMs: 1_800_000,
    patience: "impatient",
    ladder: [{ remedy: "bandwidth" }, { remedy: "downtimeLimit", maxMs: 2_000 }],
    hold: false,
  },
} as const satisfies Record<string, z.input<typeof PolicySettings>>;
export const defaultPolicy = "balanced";
