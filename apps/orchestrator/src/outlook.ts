import type { Limits, Outlook } from "@godwit/contract";
import { costFactorOf, type Learned, type MsRange, outlookOf, type Prospect, unlearntHandover } from "@godwit/core";
import { pathOf } from "./host-facts.ts";
import type { Survey } from "./survey.ts";

/** L3: what a migration would come to. */
export function foreseen(found: Survey, learned: Learned, limits: Limits): ReturnType<typeof outlookOf> {
  return outlookOf(prospectOf(found, learned, limits));
}

/** The same, as the API shows it. */
export function outlookView(found: Survey, learned: Learned, limits: Limits): Outlook {
  const { verdict, durationMs, downtimeMs, probability, dominant } = foreseen(found, learned, limits);
  return {
    verdict,
    durationRangeMs: rounded(durationMs, 1),
    predictedDowntimeRangeMs: rounded(downtimeMs, 10),
    probability,
    dominant: dominant === undefined ? undefined : { ...dominant, ms: Math.round(dominant.ms * 10) / 10 },
  };
}

function prospectOf({ source, destination, devices, dirty }: Survey, learned: Learned, limits: Limits): Prospect {
  const stopResumeMs = learned.stopResumeMs ?? unlearntHandover.ms;
  return {
    devices: devices.map(({ name, sizeBytes, pending }) => ({
      name,
      sizeBytes,
      pending: { ...pending, fixedMs: pending.fixedMs * costFactorOf(learned, name) },
    })),
    dirty,
    downtimeLimitMs: limits.downtimeLimitMs,
    deadlineMs: limits.deadlineMs,
    stopResumeMs,
    stopResumeSdMs: learned.stopResumeSdMs ?? unlearntHandover.sdMs,
    fixedMs: stopResumeMs,
    linkBytesPerSec: pathOf(source, destination),
    priorBytesPerSec: learned.bandwidthBytesPerSec,
    capBytesPerSec: limits.bandwidthBytesPerSec,
  };
}

export function rounded(range: MsRange | undefined, parts: number): [number, number] | undefined {
  if (range === undefined) return undefined;
  return [Math.round(range.lowMs * parts) / parts, Math.round(range.highMs * parts) / parts];
}
