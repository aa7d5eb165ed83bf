import type { Declared, Device, DeviceKind, DeviceTruth } from "../scenario.ts";
import { type Wire, carry } from "./wire.ts";

/** What a rule may see of a device. */
export interface SeenDevice {
  readonly name: string;
  readonly kind: DeviceKind;
  readonly declared: Declared;
  /** Can move while the guest runs, and is known to be pending; the initial bytes are among them. */
  readonly knownBytes: number;
  /** Can move only once the guest is stopped, as the last exact query found; 0 before the first. */
  readonly stopOnlyBytes: number;
  /** Cumulative. */
  readonly sentBytes: number;
  /** Initial bytes that have not moved yet. */
  readonly initialLeftBytes: number;
}

/** A device as the world knows it. */
export interface DeviceState extends SeenDevice {
  knownBytes: number;
  stopOnlyBytes: number;
  sentBytes: number;
  initialLeftBytes: number;
  /** Dirty, and not known yet. */
  hiddenBytes: number;
  /** When a learning device was first asked after its initial bytes had moved, in seconds; infinite before. */
  learnsFromSec: number;
  readonly truth: DeviceTruth;
}

export function deviceStateOf({ name, kind, declared, hidden }: Device): DeviceState {
  return {
    name,
    kind,
    declared,
    knownBytes: hidden.initialBytes,
    stopOnlyBytes: 0,
    sentBytes: 0,
    initialLeftBytes: hidden.initialBytes,
    hiddenBytes: 0,
    learnsFromSec: Infinity,
    truth: hidden,
  };
}

/** Dirties the device's state for `sec` seconds of a guest with that activity, up to what it can have dirty. */
export function dirty(device: DeviceState, activity: number, sec: number): void {
  const { dirtyBytesPerSec, dirtyCapBytes } = device.truth;
  if (dirtyBytesPerSec === 0) return;
  const roomBytes = dirtyCapBytes - device.knownBytes - device.hiddenBytes;
  if (roomBytes > 0) device.hiddenBytes += Math.min(roomBytes, dirtyBytesPerSec * activity * sec);
}

/**
 * Sends what the devices know to be pending, from all in proportion: for at most `sec` seconds, or 30 % of them while RAM has
 * something to send too. Returns the seconds used.
 */
export function sendDevices(
  devices: readonly DeviceState[],
  sec: number,
  bytesPerSec: number,
  ramHasWork: boolean,
  wire: Wire,
): number {
  let pendingBytes = 0;
  for (const device of devices) pendingBytes += device.knownBytes;
  if (pendingBytes <= 0) return 0;
  const share = Math.min(pendingBytes, bytesPerSec * sec * (ramHasWork ? 0.3 : 1)) / pendingBytes;
  let sentBytes = 0;
  for (const device of devices) {
    const bytes = device.knownBytes * share;
    device.knownBytes -= bytes;
    device.sentBytes += bytes;
    device.initialLeftBytes = Math.max(0, device.initialLeftBytes - bytes);
    sentBytes += bytes;
  }
  return carry(wire, sentBytes, bytesPerSec);
}

/** The device is asked for its size: a learning one that has moved its initial bytes begins to learn at the first such question. */
export function ask(device: DeviceState, atSec: number): void {
  if (device.truth.stopOnly.shape === "growing" || device.initialLeftBytes > 0) return;
  device.learnsFromSec = Math.min(device.learnsFromSec, atSec);
}

/** The `query`-th exact query (from 1 on) ends: what was hidden is known, and the stop-only bytes are found, with the device's error. */
export function discover(device: DeviceState, atSec: number, query: number): void {
  const { reportError, reportPhase } = device.truth;
  ask(device, atSec);
  device.knownBytes += device.hiddenBytes;
  device.hiddenBytes = 0;
  device.stopOnlyBytes = trueStopOnlyBytes(device, atSec) * (1 + reportError * Math.sin(query * 12.9898 + reportPhase));
}

/** The bytes that can move only once the guest is stopped, if it is stopped at that second. */
export function trueStopOnlyBytes({ truth: { stopOnly }, learnsFromSec }: DeviceState, atSec: number): number {
  switch (stopOnly.shape) {
    case "growing":
      return stopOnly.bytes + stopOnly.bytesPerSec * atSec + (atSec > stopOnly.jumpAtSec ? stopOnly.jumpBytes : 0);
    case "learning": {
      const { fromBytes, toBytes, tauSec } = stopOnly;
      const learnedSec = Math.max(0, atSec - learnsFromSec);
      return toBytes + (fromBytes - toBytes) * Math.exp(-learnedSec / tauSec);
    }
  }
}
