import type { Forecast } from "./forecast.ts";
import { idleBytes } from "./first-pass.ts";
import type { Policy } from "./policy.ts";

/**
 * When to ask for exact figures. They cost something (a bitmap of a large guest takes seconds to synchronise, and sending stops
 * meanwhile), so that they are asked for when the estimate says that it may fit, when nothing known is left to send, and else as
 * probes, with a gap in proportion to their cost.
 */
export interface Question {
  askedMs: number;
  open: boolean;
}

/** Exact figures may fit when the estimate predicts at most so much of the limit. */
const near = 1.1;
const gap = { leastMs: 100, ofSync: 8 };
const probe = { leastMs: 1_000, ofSync: 20, inFirstPass: 12 };
const lost = { leastMs: 5_000, ofSync: 20 };
/** Held at the brink, it is enough to know from time to time that it still fits. */
const heldEveryMs = 1_000;

export interface Occasion {
  nowMs: number;
  question: Question | undefined;
  syncMs: number;
  knownBytes: number;
  /** What the last exact figures found to be pending; undefined before them. */
  foundBytes: number | undefined;
  predicted: Forecast | undefined;
  /** How long a first pass takes, in ms; undefined once it is over. */
  firstPassMs: number | undefined;
  /** What only the stop can move looks too much by its estimate, and has for a while. */
  suspectsStopOnly: boolean;
}

export function isAwaited({ question, nowMs, syncMs }: Pick<Occasion, "question" | "nowMs" | "syncMs">): boolean {
  if (question === undefined || !question.open) return false;
  return nowMs - question.askedMs <= Math.max(lost.leastMs, lost.ofSync * syncMs);
}

export function isWorthAsking(occasion: Occasion, policy: Policy): boolean {
  const { question, nowMs, syncMs, predicted, knownBytes, foundBytes = Infinity, firstPassMs } = occasion;
  if (question === undefined) return true;
  const since = nowMs - question.askedMs;
  const heldBack = policy.maySwitchOver ? 0 : heldEveryMs;
  // Nothing left to send: look for more at once, so that the link is not idle, unless there was next to nothing the last time.
  if (knownBytes <= idleBytes && foundBytes > idleBytes) return since >= heldBack;
  if (since < Math.max(gap.leastMs, gap.ofSync * syncMs, heldBack)) return false;
  if (occasion.suspectsStopOnly && since >= probe.leastMs) return true;
  if (predicted !== undefined && predicted.midMs <= near * policy.downtimeLimitMs) return true;
  const inPass = firstPassMs === undefined ? 0 : firstPassMs / probe.inFirstPass;
  return since >= Math.max(probe.leastMs, probe.ofSync * syncMs, inPass);
}
