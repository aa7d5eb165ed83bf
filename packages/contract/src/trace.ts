import { z } from "zod";
import { Patience } from "./limits.ts";

/** The lines of a recorded run; docs/traces.md describes them. Unknown members are passed over. */

const figure = z.number();
const changeable = { patience: Patience.optional(), held: z.boolean().optional() };

export const TraceHeader = z.object({
  v: z.literal(1).optional(),
  name: z.string().optional(),
  kind: z.string().optional(),
  tickMs: figure.positive(),
  ramBytes: figure.nonnegative(),
  syncMs: figure.nonnegative(),
  syncMsPrior: figure.nonnegative().default(1),
  policy: z.object({
    limitMs: figure.positive(),
    deadlineMs: figure.positive(),
    linkBps: figure.nonnegative(),
    capBps: figure.nonnegative().default(0),
    reservedBps: figure.nonnegative().default(0),
    parallelLoad: z.boolean().default(true),
    stopResumeMs: figure.nonnegative().default(30),
    rttMs: figure.nonnegative().default(0),
    stopResumeSdMs: figure.nonnegative().optional(),
    decisionMs: figure.nonnegative().optional(),
    priorBps: figure.positive().optional(),
    sharedOut: z.boolean().optional(),
    ...changeable,
  }),
  devices: z
    .array(
      z.object({
        id: z.string(),
        kind: z.string().optional(),
        declared: z
          .object({
            saveMs: figure.nonnegative().default(0),
            loadMs: figure.nonnegative().default(0),
            rateBps: figure.positive().default(Number.MAX_SAFE_INTEGER),
            mayShrink: z.boolean().default(false),
            carried: z.boolean().default(false),
          })
          .optional(),
      }),
    )
    .min(1)
    .max(64),
  history: z.array(figure.nonnegative()).optional(),
});
export type TraceHeader = z.infer<typeof TraceHeader>;

const deviceFigures = z.array(figure).min(5).max(8);

export const TraceTick = z.object({
  x: figure.nonnegative(),
  t: figure,
  w: figure.default(0),
  b: figure.default(0),
  s: figure.optional(),
  e: figure.optional(),
  lost: z.union([z.boolean(), figure]).optional(),
  d: z.array(deviceFigures.nullable()).optional(),
  y: figure.nullable().optional(),
  p: z
    .object({
      limitMs: figure.positive(),
      deadlineMs: figure.positive(),
      capBps: figure.nonnegative(),
      ...changeable,
    })
    .optional(),
  r: figure.nonnegative().optional(),
  q: figure.nonnegative().optional(),
  h: z.boolean().optional(),
  g: z.object({ capBps: figure.nonnegative(), reservedBps: figure.nonnegative(), sharedOut: z.boolean() }).optional(),
  c: figure.nonnegative().optional(),
});
export type TraceTick = z.infer<typeof TraceTick>;

/** What a graded run is held to; `maxOver` and errors are ratios. */
export const TraceExpectation = z.object({
  verdict: z.enum(["switchover", "abort", "none"]),
  reasons: z.array(z.string()).default([]),
  earliestMs: figure.optional(),
  latestMs: figure.optional(),
  maxOver: figure.optional(),
  maxPredictionError: figure.optional(),
  maxExacts: figure.optional(),
});
export type TraceExpectation = z.infer<typeof TraceExpectation>;
