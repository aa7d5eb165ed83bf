import { performance } from "node:perf_hooks";
import type { DeviceTimings } from "./calls.ts";
import { codeOf, detailOf } from "./failure.ts";

interface Starting {
  name: string;
  destination: { start(): Promise<void> };
  timings: DeviceTimings;
}

/** @throws {StartFailed} which names those that had started all the same */
export async function startAll(devices: Starting[]): Promise<void> {
  const outcomes = await Promise.allSettled(devices.map(startOne));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure === undefined) return;
  const started = devices.filter((_, index) => outcomes[index]?.status === "fulfilled");
  throw new StartFailed(
    failure.reason,
    started.map((device) => device.name),
  );
}

/** A device could not be started; the ones named had been, and are to be taken down again. */
export class StartFailed extends Error {
  override name = "StartFailed";
  readonly code: string;
  readonly started: string[];
  constructor(cause: unknown, started: string[]) {
    super(detailOf(cause), { cause });
    this.code = codeOf(cause);
    this.started = started;
  }
}

async function startOne({ destination, timings }: Starting): Promise<void> {
  const from = performance.now();
  await destination.start();
  timings.startMs = performance.now() - from;
}
