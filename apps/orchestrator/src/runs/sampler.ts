import type { Sample } from "@godwit/contract";
import type { Migration } from "@godwit/core";
import type { SampleRecord, Store } from "@godwit/store";
import type { Logger } from "pino";
import { type Clock, dateOf } from "../clock.ts";
import type { Runs } from "./runs.ts";
import { viewOf } from "./view.ts";

const sampleEveryMs = 1_000;

/** Writes down where every migration under way stands, all of them in one statement, once a second. */
export function startSampler({
  runs,
  store,
  clock,
  log,
}: {
  runs: Runs;
  store: Store;
  clock: Clock;
  log: Logger;
}): Disposable {
  let writing = false;
  const timer = setInterval(() => {
    const samples = runs.all().flatMap((run) => sampleOf(run.state, clock.now()));
    // A store that is slower than a second loses samples, never decisions.
    if (writing || samples.length === 0) return;
    writing = true;
    store.migrations
      .addSamples(samples)
      .catch((error: unknown) => log.warn(error, "samples could not be stored"))
      .finally(() => (writing = false));
  }, sampleEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function sampleOf(state: Migration, now: number): SampleRecord[] {
  if (state.phase !== "precopy" && state.phase !== "switchover") return [];
  const view = viewOf(state, now);
  const { sentBytes, bandwidthBytesPerSec, dirtyBytesPerSec, predictedDowntimeMs, predictedDowntimeRangeMs } = view;
  const body: Sample = {
    at: dateOf(now).toISOString(),
    elapsedMs: Math.round(now - (state.course.startedAt ?? now)),
    sentBytes,
    bandwidthBytesPerSec,
    dirtyBytesPerSec,
    predictedDowntimeMs,
    predictedDowntimeRangeMs,
    downtimeLimitMs: view.limits.downtimeLimitMs,
    fitsBytes: view.fitsBytes,
    devices: view.devices.flatMap(({ name, pending, rounds }) =>
      pending === undefined ? [] : [{ name, pending, rounds }],
    ),
  };
  return [{ migrationId: state.facts.id, at: dateOf(now), body: JSON.parse(JSON.stringify(body)) }];
}
