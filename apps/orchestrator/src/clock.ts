import { performance } from "node:perf_hooks";

/** Durations are measured by a clock that never goes back; records carry wall time. Within a process the two run side by side. */
export interface Clock {
  /** Wall time in ms since 1970 at the start of the process, moved on by the monotonic clock. */
  now(): number;
  /** Has the task done after so many ms, unless what is returned is called before. Without it the system's timers do. */
  after?(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };

export function after(clock: Clock, ms: number, task: () => void): () => void {
  if (clock.after !== undefined) return clock.after(ms, task);
  const timer = setTimeout(task, ms);
  return () => clearTimeout(timer);
}

/** Resolves after so many ms, or as soon as the signal is aborted: with false then. Neither leaves anything behind. */
export async function waited(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return await new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      forget();
      signal.removeEventListener("abort", interrupt);
      resolve(isOver);
    };
    const interrupt = () => end(false);
    const forget = after(clock, ms, () => end(true));
    signal.addEventListener("abort", interrupt, { once: true });
  });
}

export function dateOf(now: number): Date {
  return new Date(Math.round(now));
}
