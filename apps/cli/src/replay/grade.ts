import type { TraceExpectation } from "@godwit/contract";
import type { Replayed, Trace } from "@godwit/core";

/** What of an outcome is not as its trace expects; nothing where it expects nothing. */
export function grade({ header }: Trace, expect: TraceExpectation | undefined, outcome: Replayed): string[] {
  if (expect === undefined) return [];
  const { verdict, why, atMs, predictedDowntimeMs, trueDowntimeMs, exactQueries } = outcome;
  const code = why?.code;
  const faults: string[] = [];
  if (verdict !== expect.verdict)
    faults.push(`${verdict}${code === undefined ? "" : ` (${code})`}, expected ${expect.verdict}`);
  else {
    if (verdict === "abort" && expect.reasons.length > 0 && !expect.reasons.includes(code ?? ""))
      faults.push(`reason ${code ?? "none"}, expected ${expect.reasons.join(" or ")}`);
    if (expect.latestMs !== undefined && atMs > expect.latestMs)
      faults.push(`at ${atMs} ms, at the latest ${expect.latestMs} ms`);
    if (expect.earliestMs !== undefined && atMs < expect.earliestMs)
      faults.push(`at ${atMs} ms, at the earliest ${expect.earliestMs} ms`);
  }
  if (verdict === "switchover" && trueDowntimeMs !== undefined) {
    const mostMs = header.policy.limitMs * (expect.maxOver ?? Infinity);
    if (trueDowntimeMs > mostMs)
      faults.push(`downtime ${Math.round(trueDowntimeMs)} ms, at most ${Math.round(mostMs)} ms`);
    const error = Math.abs((predictedDowntimeMs ?? 0) - trueDowntimeMs) / trueDowntimeMs;
    if (error > (expect.maxPredictionError ?? Infinity))
      faults.push(`the prediction is off by ${Math.round(100 * error)} %`);
  }
  if (exactQueries > (expect.maxExacts ?? Infinity))
    faults.push(`${exactQueries} exact queries, at most ${expect.maxExacts ?? 0}`);
  return faults;
}
