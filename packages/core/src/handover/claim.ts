/** A host says that its journal makes it the guest's owner at `epoch`. */
export interface Claim {
  epoch: number;
  /** What is known of the guest: the epoch of its ownership, and whether nobody is known who could run it. */
  known: { epoch: number; lost: boolean };
  /** A handover that is under way leaves it to this host. */
  mayRun: boolean;
}

/**
 * H8: what becomes of a claim. A lower epoch has been overtaken: that copy is to be cleared away, but not while the guest counts as
 * lost, when it may be the best that there is. A host of which the claim is not confirmed does not run the guest.
 */
export function judgeClaim({ epoch, known, mayRun }: Claim): "confirmed" | "overtaken" | "open" {
  if (!mayRun) return "open";
  if (epoch >= known.epoch) return "confirmed";
  return known.lost ? "open" : "overtaken";
}
