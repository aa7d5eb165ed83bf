import type { Migration, Sample } from "@godwit/contract";

/** Where a migration stood when its last figures came, as a point of its course. */
export function sampleOf(migration: Migration): Sample | undefined {
  const { figuresAt, startedAt, sentBytes, bandwidthBytesPerSec, dirtyBytesPerSec } = migration;
  const { predictedDowntimeMs, predictedDowntimeRangeMs, limits, fitsBytes } = migration;
  if (figuresAt === undefined || startedAt === undefined) return undefined;
  return {
    at: figuresAt,
    elapsedMs: Math.max(0, Date.parse(figuresAt) - Date.parse(startedAt)),
    sentBytes,
    bandwidthBytesPerSec,
    dirtyBytesPerSec,
    predictedDowntimeMs,
    predictedDowntimeRangeMs,
    downtimeLimitMs: limits.downtimeLimitMs,
    fitsBytes,
    devices: migration.devices.flatMap(({ name, pending, rounds }) =>
      pending === undefined ? [] : [{ name, pending, rounds }],
    ),
  };
}
