import type { Patience, Rung } from "../convergence/policy.ts";

/** What a migration may cost, and what may be done about a verdict. */
export interface Limits {
  downtimeLimitMs: number;
  /** From the admission on. */
  deadlineMs: number;
  /** While the guest runs; lifted at the switchover. */
  bandwidthBytesPerSec?: number | undefined;
  patience: Patience;
  ladder: readonly Rung[];
  /** It is brought to the brink and kept there until it is let go. */
  hold: boolean;
  /** When a switchover may begin; at any time without it. */
  window?: Window | undefined;
}

/** Every day from ... to, "HH:MM" in UTC; over midnight where `to` is the earlier one. */
export interface Window {
  from: string;
  to: string;
}

/** `undefined` leaves a limit as it is, `null` removes one that may be absent. */
export type LimitsChange = { [Key in keyof Limits]?: Limits[Key] | (undefined extends Limits[Key] ? null : never) };

export function withChange(limits: Limits, change: LimitsChange): Limits {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...limits, ...Object.fromEntries(entries.map(([key, value]) => [key, value ?? undefined])) };
}

/** What differs, as data for people: from ... to. */
export function differences(before: Limits, after: Limits): { limit: keyof Limits; from: string; to: string }[] {
  return limitNames.flatMap((limit) => {
    const [from, to] = [textOf(before[limit]), textOf(after[limit])];
    return from === to ? [] : [{ limit, from, to }];
  });
}

/** C11: whatever is foreseen, since a remedy is allowed, or patience is asked for, which changes nothing about a proof. */
export function isTriedAnyway(
  { ladder, patience }: { ladder: readonly unknown[]; patience: string },
  isProven = false,
): boolean {
  return ladder.length > 0 || (!isProven && (patience === "patient" || patience === "untilDeadline"));
}

/** A switchover may begin at `now` (ms since 1970, UTC). */
export function maySwitchOver({ hold, window }: Limits, now: number): boolean {
  return !hold && (window === undefined || isOpen(window, now));
}

export function isOpen({ from, to }: Window, now: number): boolean {
  const minute = Math.floor(now / 60_000) % 1_440;
  const [opens, closes] = [minuteOf(from), minuteOf(to)];
  return opens <= closes ? minute >= opens && minute < closes : minute >= opens || minute < closes;
}

const limitNames = [
  "downtimeLimitMs",
  "deadlineMs",
  "bandwidthBytesPerSec",
  "patience",
  "ladder",
  "hold",
  "window",
] as const satisfies (keyof Limits)[];

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return 60 * hours + minutes;
}

function textOf(value: Limits[keyof Limits]): string {
  if (value === undefined) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
