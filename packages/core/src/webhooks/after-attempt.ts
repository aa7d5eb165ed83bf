import { msText, type Reason, reason } from "../reason.ts";

/** How long a delivery is tried. All in ms. */
export interface BackOff {
  /** The pause after the first attempt; each further one is twice as long. */
  firstMs: number;
  /** No pause is longer. */
  mostMs: number;
  /** Counted from the first attempt: the last one is made then. */
  giveUpAfterMs: number;
}

/** What came of one attempt. Gone: the receiver says that it wants no more of this (410). */
export type AttemptOutcome =
  | { kind: "accepted" }
  | { kind: "gone" }
  | { kind: "failed"; retryAfterMs?: number | undefined };

export type AfterAttempt =
  | { state: "delivered" }
  | { state: "pending"; nextAttemptAt: number }
  | { state: "abandoned"; because: Reason };

/** A delivery with the attempt that has just ended counted in. Instants in ms, as `now`. */
export interface Attempted {
  attempts: number;
  firstAttemptAt: number;
}

/**
 * W3: what becomes of a delivery after an attempt. A pause is between half and the whole of what it may be (`random`, 0 to 1), so that
 * receivers that failed together are not asked together, and no shorter than the receiver asked for.
 */
export function afterAttempt(
  { attempts, firstAttemptAt }: Attempted,
  outcome: AttemptOutcome,
  { now, random, backOff }: { now: number; random: number; backOff: BackOff },
): AfterAttempt {
  if (outcome.kind === "accepted") return { state: "delivered" };
  if (outcome.kind === "gone") return { state: "abandoned", because: gone(attempts) };
  const lastAt = firstAttemptAt + backOff.giveUpAfterMs;
  if (now >= lastAt) return { state: "abandoned", because: triedLongEnough(attempts, now - firstAttemptAt) };
  const longestMs = Math.min(backOff.mostMs, backOff.firstMs * 2 ** (attempts - 1));
  const askedMs = Math.min(backOff.mostMs, outcome.retryAfterMs ?? 0);
  const pauseMs = Math.max(longestMs * (0.5 + random / 2), askedMs);
  return { state: "pending", nextAttemptAt: Math.min(now + pauseMs, lastAt) };
}

function gone(attempts: number): Reason {
  return reason("GONE", "The receiver says that it is gone for good (410).", { attempts });
}

function triedLongEnough(attempts: number, triedMs: number): Reason {
  const sentence = `It was tried ${attempts} times in ${msText(triedMs)}, and the receiver has not accepted it.`;
  return reason("NOT_ACCEPTED", sentence, { attempts, triedMs });
}
