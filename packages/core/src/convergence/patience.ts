import { type FirstPass, isVariable } from "./first-pass.ts";
import type { Patience } from "./policy.ts";
import { clamp } from "./statistics.ts";

/** How long precopy is watched for a way forward: a share of the first pass, so that waste stays a share of what had to be sent anyway. */
interface Window {
  ofFirstPass: number;
  leastMs: number;
  mostMs: number;
}

const windows: Record<Patience, Window> = {
  impatient: { ofFirstPass: 0.25, leastMs: 3_000, mostMs: 15_000 },
  normal: { ofFirstPass: 0.75, leastMs: 8_000, mostMs: 60_000 },
  patient: { ofFirstPass: 1.5, leastMs: 60_000, mostMs: 240_000 },
  untilDeadline: { ofFirstPass: Infinity, leastMs: Infinity, mostMs: Infinity },
};
/** A guest that is written in bursts is watched for so many windows. */
const forBursts = 3;

/** The window over which a plateau is seen, in ms: that of the policy, and never longer than the normal one. */
export function plateauWindowMs(patience: Patience, pass: FirstPass): number {
  return Math.min(windowMs("normal", pass), windowMs(patience, pass));
}

/** How long a verdict without proof must have stood before it is acted on, in ms; never, where it waits for the deadline. */
export function patienceMs(patience: Patience, pass: FirstPass): number {
  return Math.max(0, windowMs(patience, pass) - windowMs("normal", pass));
}

function windowMs(patience: Patience, pass: FirstPass): number {
  const { ofFirstPass, leastMs, mostMs } = windows[patience];
  const ms = clamp(ofFirstPass * (pass.doneMs ?? 0), leastMs, mostMs);
  return Number.isNaN(ms) ? leastMs : ms * (isVariable(pass) ? forBursts : 1);
}
