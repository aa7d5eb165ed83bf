import { measuredOf } from "../convergence/bandwidth.ts";
import type { Judgement } from "../convergence/judge.ts";
import type { Observation } from "../convergence/observation.ts";
import { deviceAfter } from "./device-figures.ts";
import type { DeviceTimings, MigrationEvent } from "./events.ts";
import type { Course, Switchover } from "./state.ts";

/** How far it has come by the last report. What cannot be told any more is not told. */
export function courseAfter(course: Course, observation: Observation, judgement: Judgement | undefined): Course {
  const evidence = judgement?.evidence;
  const bytesPerSec = finite(evidence?.bandwidth.mid);
  return {
    ...course,
    devices: course.devices.map((device) => {
      const seen = observation.devices.find((each) => each.name === device.name);
      return seen === undefined ? device : deviceAfter(device, seen, observation.atMs, bytesPerSec);
    }),
    wireBytes: Math.max(course.wireBytes, observation.wireBytes),
    bytesPerSec,
    measuredBytesPerSec: judgement === undefined ? undefined : measuredOf(judgement.memory.bandwidth),
    dirtyBytesPerSec: judgement?.memory.dirty.bytesPerSec,
    predicted: evidence?.predicted,
    eta: judgement?.eta,
  };
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** What the two sides measured of each device's switchover, put together. */
export function withTimings(course: Course, timings: DeviceTimings[]): Course {
  return {
    ...course,
    devices: course.devices.map((device) => {
      const found = timings.find((each) => each.name === device.name);
      if (found === undefined) return device;
      const { name: _, digest = device.digest, sentBytes = device.sentBytes, ...rest } = found;
      return { ...device, digest, sentBytes, timings: { ...device.timings, ...rest } };
    }),
  };
}

/** What the source measured of its release; a source that has restarted since does not know it any more. */
export function costOf({
  stoppedMs,
  rttMs,
  stoppedBytes,
}: MigrationEvent & { type: "released" }): Switchover["released"] {
  return stoppedMs === undefined ? undefined : { stoppedMs, rttMs, stoppedBytes };
}
