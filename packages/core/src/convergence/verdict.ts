import type { Reason } from "../reason.ts";

export const verdictKinds = ["converging", "ready", "needsMore", "hopeless", "degraded", "unknown"] as const;
export type VerdictKind = (typeof verdictKinds)[number];

/** What the figures say. It is kept apart from what is done about it. */
export interface Verdict extends Reason {
  kind: VerdictKind;
  /** What the figures were held against. */
  thresholds: Record<string, number>;
}

/** From ... to, in ms. */
export interface MsRange {
  lowMs: number;
  highMs: number;
}

/** It does not converge as things are: hopeless, or in want of something that could be given. */
export function isBlocked({ kind }: Verdict): boolean {
  return kind === "hopeless" || kind === "needsMore";
}

/** No assumption about what the guest will do is in it. */
export function isProof({ inputs }: Verdict): boolean {
  return inputs["proof"] === true;
}
