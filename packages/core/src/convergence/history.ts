import type { Policy } from "./policy.ts";
import { quantile } from "./statistics.ts";

/** One sample of a guest's history stands for so many ms. */
export const historyStepMs = 10_000;

const leastSamples = 20;
const samplesNow = 3;
/** Quiet: less than half of what three quarters of the samples stay below, or of what it does now, where it is busy only now and then. */
const quietShare = 0.5;
const busyQuantile = 0.75;
/** A quiet period is waited for so much longer than the longest busy stretch that was seen, and then some. */
const waitFactor = 1.5;
const waitExtraMs = 20_000;

/** How long a wait for a quiet period may pay, in ms, by what the guest did before the start; 0 where its history shows none. */
export function quietWaitMs({ history }: Pick<Policy, "history">): number {
  if (history === undefined || history.length < leastSamples) return 0;
  const last = history.slice(-samplesNow);
  const now = last.reduce((sum, rate) => sum + rate, 0) / last.length;
  const quiet = quietShare * Math.max(quantile(history, busyQuantile), now);
  let [run, longest, found] = [0, 0, false];
  for (const rate of history) {
    run = rate < quiet ? 0 : run + 1;
    longest = Math.max(longest, run);
    found ||= rate < quiet;
  }
  return found ? waitFactor * longest * historyStepMs + waitExtraMs : 0;
}
