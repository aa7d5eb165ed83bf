import { setTimeout } from "node:timers/promises";
import { z } from "zod";
import { QmpError } from "./qmp/qmp-error.ts";
import type { Qmp } from "./qmp/qmp.ts";
import { isRunning, memoryBytesOf } from "./run-state.ts";

/** Distinct bytes that were written within a window, by a sample of the guest's pages, with the error of that (1 sd). */
export interface SampledBytes {
  bytes: number;
  sdBytes: number;
}

const mib = 1024 * 1024;
const gib = 1024 * mib;
const pageBytes = 4096;
/** So many pages are looked at in all, as far as QEMU's own limits for each GiB allow (migration/dirtyrate.h). */
const samplesWanted = 2048;
const perGib = { least: 128, most: 16_384 };
/** Of a larger guest the least that QEMU looks at would take more of a processor than a history is worth. */
const largestGuestBytes = 256 * gib;
const lookAgainMs = 50;
/** QEMU's thread may have to wait for a processor. */
const graceMs = 3_000;

const Rate = z.object({
  status: z.string(),
  /** In MiB/s, rounded down. */
  "dirty-rate": z.number().optional(),
  /** What was asked for, or what it took. */
  "calc-time": z.number(),
});
const inMs = { "calc-time-unit": "millisecond" };

/**
 * Has QEMU compare a sample of its guest's pages with what they held some `ms` before. The guest runs on, and nothing is kept of it.
 * `undefined` where QEMU has no answer now: the guest stands still, another look is under way, or it does not know how.
 *
 * @param ms 50 to 60,000; releases before 8.2 know whole seconds only, and are not asked
 * @throws {QmpError} where QEMU does not answer at all
 */
export async function sampleDirtied(qmp: Qmp, ms: number, signal?: AbortSignal): Promise<SampledBytes | undefined> {
  const memoryBytes = await memoryBytesOf(qmp);
  if (memoryBytes > largestGuestBytes || !(await isRunning(qmp))) return undefined;
  const samplesPerGib = samplesPerGibOf(memoryBytes);
  const sampling = { mode: "page-sampling", "sample-pages": samplesPerGib };
  if (!(await taken(qmp.execute("calc-dirty-rate", { "calc-time": ms, ...inMs, ...sampling })))) return undefined;
  await setTimeout(ms, undefined, { signal, ref: false });
  for (const from = performance.now(); performance.now() - from < graceMs;) {
    const said = Rate.parse(await qmp.execute("query-dirty-rate", inMs));
    if (said.status === "measured") return readRate(said, memoryBytes, (samplesPerGib * memoryBytes) / gib);
    await setTimeout(lookAgainMs, undefined, { signal, ref: false });
  }
  return undefined;
}

/** The fewer the larger the guest is, so that a look takes about as long. */
export function samplesPerGibOf(memoryBytes: number): number {
  return Math.min(perGib.most, Math.max(perGib.least, Math.round((samplesWanted * gib) / memoryBytes)));
}

/** @param samples how many pages were looked at */
export function readRate(said: z.infer<typeof Rate>, memoryBytes: number, samples: number): SampledBytes | undefined {
  const mibPerSec = said["dirty-rate"];
  if (mibPerSec === undefined || mibPerSec < 0) return undefined;
  const bytes = Math.min(memoryBytes, (mibPerSec * mib * said["calc-time"]) / 1000);
  // Of none that was found changed there may be one all the same.
  const share = Math.max(1 / samples, bytes / memoryBytes);
  const sdBytes = memoryBytes * Math.sqrt((share * Math.max(0, 1 - share)) / samples);
  return { bytes: Math.round(bytes), sdBytes: Math.max(pageBytes, Math.round(sdBytes)) };
}

async function taken(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof QmpError && error.kind === "refused") return false;
    throw error;
  }
}
