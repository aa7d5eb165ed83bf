import type { Scenario } from "../scenario.ts";
import { type DeviceState, trueStopOnlyBytes } from "./device-state.ts";
import type { SeenRam } from "./guest-ram.ts";
import type { Link } from "./link.ts";

/**
 * What the guest would truly see, in ms, if it were stopped at `atSec`:
 *
 *     stop + final sync + max(net, dev) + load + 3 rtt + resume
 *
 * where net is the time that the link, as it will really be from the end of the final sync on, takes for all that is left: RAM known
 * and hidden, devices' pending and stop-only bytes; dev is the slowest device's save + bytes / rate; load is the sum over the
 * devices, or their greatest when the destination loads them side by side, each cold as long as initial bytes are left.
 */
export function downtimeMs(
  { hidden: { costs }, syncMs, parallelLoad }: Scenario,
  ram: SeenRam,
  devices: readonly DeviceState[],
  link: Link,
  atSec: number,
): number {
  const finalSyncMs = syncMs * costs.finalSyncFactor;
  let bytes = ram.knownBytes + ram.hiddenBytes;
  let [deviceMs, loadMs] = [0, 0];
  for (const device of devices) {
    const ownBytes = device.knownBytes + device.hiddenBytes + trueStopOnlyBytes(device, atSec);
    bytes += ownBytes;
    deviceMs = Math.max(deviceMs, device.truth.saveMs + (ownBytes / device.truth.bytesPerSec) * 1000);
    const ownLoadMs = device.truth.loadMs * (device.initialLeftBytes > 0 ? device.truth.coldLoadFactor : 1);
    loadMs = parallelLoad ? Math.max(loadMs, ownLoadMs) : loadMs + ownLoadMs;
  }
  const netMs = link.secondsFor(bytes, atSec + (costs.stopMs + finalSyncMs) / 1000) * 1000;
  return costs.stopMs + finalSyncMs + Math.max(netMs, deviceMs) + loadMs + 3 * costs.rttMs + costs.resumeMs;
}
