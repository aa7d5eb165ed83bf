import type { DeviceTimings, MigrationEvent } from "./events.ts";
import type { Course, Switchover } from "./state.ts";

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
