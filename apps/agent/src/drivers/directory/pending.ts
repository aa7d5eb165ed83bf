import { type Mirror, attributesOf, isAsRead, needsReading, sameAttributes } from "./mirror.ts";
import type { Walked } from "./walk.ts";

export interface Estimate {
  /** What would be sent. */
  bytes: number;
  /** Content that would have to be read again for it. What is read for the first time is read while it is sent. */
  rereadBytes: number;
}

/** Bytes of a record besides its name and content. */
const recordBytes = 48;

/**
 * What a round over the walked tree would send. Of a file that was sent before, nobody knows without reading it how
 * much has changed: as much as the last time, or else all of it.
 */
export function estimate(walked: Walked, mirror: Mirror): Estimate {
  let [bytes, rereadBytes] = [0, 0];
  for (const found of walked.found) {
    const entry = mirror.entryOf(found);
    if (entry === undefined) {
      bytes += recordBytes + (found.places[0]?.name.length ?? 0) + found.target.length + found.storedBytes;
    } else if (found.kind !== "file") {
      if (!sameAttributes(entry.node, attributesOf(found, 0))) bytes += recordBytes;
    } else if (needsReading(found, entry)) {
      rereadBytes += found.size;
      // It is only to be looked at again.
      if (entry.trust === "racy" && isAsRead(found, entry)) continue;
      const growth = Math.max(0, found.storedBytes - entry.size);
      bytes += recordBytes + Math.min(found.storedBytes, Math.max(growth, entry.changedBytes ?? found.storedBytes));
    }
  }
  return { bytes, rereadBytes };
}
