/** What the source says of a migration at one moment. */

export interface Pending {
  /** Bytes that must have moved before a switchover is worth trying. */
  initialBytes: number;
  /** Bytes that can move while the guest runs. */
  precopyBytes: number;
  /** Bytes that can move only once the guest is stopped. */
  stopcopyBytes: number;
  /** The device's own time in the switchover in ms, beyond moving bytes. */
  fixedMs: number;
}

export interface DeviceObservation {
  name: string;
  pending: Pending;
  /** Passes over the device that have ended. */
  rounds: number;
  /** Cumulative. */
  sentBytes: number;
}

export interface Observation {
  /** The source's monotonic clock in ms. */
  atMs: number;
  /** Cumulative bytes on the wire, over all channels. */
  wireBytes: number;
  /** Cumulative ms in which the channels had data queued; idle time is not in it. */
  busyMs: number;
  rttMs: number;
  devices: DeviceObservation[];
  /** The figures are exact ones, in answer to a question. */
  exact: boolean;
}

/** What one migration may cost and what is known of its way. */
export interface Policy {
  downtimeLimitMs: number;
  /** The most the path can carry in bytes/s, where it is known. */
  linkBytesPerSec?: number | undefined;
  /** Cap while the guest runs, in bytes/s; lifted at the switchover. */
  capBytesPerSec?: number | undefined;
}

export function precopyBytes(observation: Observation): number {
  return sum(observation.devices, (device) => device.pending.precopyBytes + device.pending.initialBytes);
}

export function stopcopyBytes(observation: Observation): number {
  return sum(observation.devices, (device) => device.pending.stopcopyBytes);
}

export function sentBytes(observation: Observation): number {
  return sum(observation.devices, (device) => device.sentBytes);
}

/** The device with the greatest figure; of equals the first by name, so that the order of devices never matters. */
export function heaviestBy(observation: Observation, figure: (device: DeviceObservation) => number): DeviceObservation {
  const [first, ...others] = observation.devices.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (first === undefined) throw new Error("A guest without devices has nothing to observe");
  return others.reduce((most, device) => (figure(device) > figure(most) ? device : most), first);
}

function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}
