/** The judge's own clock in ms since the first figures: it never goes back, whatever the source's clock does. */
export interface Clock {
  nowMs: number;
  /** The source's clock at the last figures. */
  sourceMs: number | undefined;
  /** Time since then that has been counted already, without figures. */
  silentMs: number;
}

export const clockAtStart: Clock = { nowMs: 0, sourceMs: undefined, silentMs: 0 };

/** The largest step of a source's clock that is believed. */
const longestStepMs = 5_000;

/** A step back, or one of more than 5 s, counts as one report's interval. */
export function advance(clock: Clock, sourceMs: number, reportEveryMs: number): Clock {
  const step = clock.sourceMs === undefined ? 0 : sourceMs - clock.sourceMs;
  const uncounted = Math.max(0, step - clock.silentMs);
  const believed = step >= 0 && uncounted <= longestStepMs;
  return { nowMs: clock.nowMs + (believed ? uncounted : reportEveryMs), sourceMs, silentMs: 0 };
}

/** Time in which no figures came. */
export function unheard(clock: Clock, elapsedMs: number): Clock {
  const ms = Math.max(0, elapsedMs);
  return { ...clock, nowMs: clock.nowMs + ms, silentMs: clock.silentMs + ms };
}
