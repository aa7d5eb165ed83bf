import type { DirtyHistory } from "./dirty-history.ts";

/** U(τ): the distinct bytes that are written in a window of `ms`. Never falls, concave, 0 at 0. */
export type Curve = (ms: number) => number;

/**
 * Straight lines between the windows that were watched. Beyond the longest one the last slope goes on: U is concave, so that this is
 * never too little. No more is ever dirty than there is.
 */
export function curveOf({ curve }: DirtyHistory, sizeBytes: number): Curve {
  const points = [{ overMs: 0, bytes: 0 }, ...curve];
  return (ms) => {
    const next = points.findIndex(({ overMs }) => overMs >= ms);
    const at = next === -1 ? points.length - 1 : Math.max(1, next);
    const [from, to] = [points[at - 1], points[at]];
    if (from === undefined || to === undefined || ms <= 0) return 0;
    const slope = (to.bytes - from.bytes) / Math.max(1, to.overMs - from.overMs);
    return Math.min(sizeBytes, Math.max(0, from.bytes + slope * (ms - from.overMs)));
  };
}
