/** What the source says of a migration at one moment. Bytes, ms. */

export interface Pending {
  /** Bytes that must have moved before a switchover is worth trying. */
  initialBytes: number;
  /** Bytes that can move while the guest runs, initial ones apart. */
  precopyBytes: number;
  /** Bytes that can move only once the guest is stopped. */
  stopcopyBytes: number;
  /** The device's own time in the switchover in ms, before or after its bytes move. */
  fixedMs: number;
  /** The device's own time in ms that passes while its bytes move. */
  saveMs?: number | undefined;
  /** The fastest at which the device itself saves or loads its state, in bytes/s. */
  bytesPerSec?: number | undefined;
  /** `stopcopyBytes` may still fall while the guest runs. */
  mayShrink?: boolean | undefined;
  /** Its state goes in another device's stream: its `fixedMs` adds to that one's. */
  carried?: boolean | undefined;
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
  /** Cumulative ms in which the channels had data queued; idle time, scanning and synchronising are not in it. */
  busyMs: number;
  rttMs: number;
  devices: DeviceObservation[];
  /** The figures are exact ones, in answer to a question: what the answer cost, and how long ago it was true. */
  exact: { syncMs: number; agoMs: number } | undefined;
  /** Changes when the counters begin anew. */
  epoch?: number | undefined;
}

/** Bytes that can move while the guest runs. */
export function precopyBytes(observation: Observation): number {
  return sum(observation.devices, movableBytes);
}

export function stopcopyBytes(observation: Observation): number {
  return sum(observation.devices, (device) => device.pending.stopcopyBytes);
}

export function sentBytes(observation: Observation): number {
  return sum(observation.devices, (device) => device.sentBytes);
}

/** Of one device: what can move while the guest runs. */
export function movableBytes({ pending }: DeviceObservation): number {
  return pending.initialBytes + pending.precopyBytes;
}

export function hasInitialData(observation: Observation): boolean {
  return observation.devices.some(({ pending }) => pending.initialBytes > 0);
}

/** What only the stop can move may still become less by itself. */
export function mayShrink(observation: Observation): boolean {
  return observation.devices.some(({ pending }) => pending.mayShrink === true);
}

/** The device with the greatest figure; of equals the first by name, so that the order of devices never matters. */
export function heaviestBy(observation: Observation, figure: (device: DeviceObservation) => number): DeviceObservation {
  const [first, ...others] = observation.devices.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (first === undefined) throw new Error("A guest without devices has nothing to observe");
  return others.reduce((most, device) => (figure(device) > figure(most) ? device : most), first);
}

/** In whole bytes, so that a sum does not depend on the order of its parts. */
function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += figure(item);
  return total;
}
