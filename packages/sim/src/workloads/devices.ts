import type { Random } from "../random.ts";
import type { Device, DeviceKind, DeviceTruth, StopOnly } from "../scenario.ts";
import type { Machine } from "./machine.ts";

/** What a kind wants of a device; the rest is drawn. */
export interface DeviceWish {
  name: string;
  kind: DeviceKind;
  mayShrink?: boolean;
  initialBytes?: number;
  coldLoadFactor?: number;
}

/** What a kind makes of a device once it is known what would fit: its stop-only state, and what it dirties. */
export type DeviceLoad = Pick<DeviceTruth, "stopOnly"> & Partial<DeviceTruth>;

/**
 * Saves in 2 to 30 ms, loads in 5 to 60 ms, reads its state at 0.5 to 6 GB/s; declares the times with an error of 15 % and the rate
 * with one of 10 %. `loadOf(fillBytes)` draws last; `fillBytes` is the stop-only state that would just fill the limit if the guest
 * had no other device and no dirty RAM.
 */
export function drawDevice(
  machine: Machine,
  random: Random,
  { name, kind, mayShrink = false, initialBytes = 0, coldLoadFactor = 1 }: DeviceWish,
  loadOf: (fillBytes: number) => DeviceLoad,
): Device {
  const reportError = random.between(0, 0.02);
  const reportPhase = random.between(0, 10);
  const saveMs = random.between(2, 30);
  const loadMs = random.between(5, 60);
  const bytesPerSec = random.logBetween(0.5e9, 6e9);
  const declared = {
    saveMs: saveMs * random.logNormal(0.15),
    loadMs: loadMs * random.logNormal(0.15),
    bytesPerSec: bytesPerSec * random.logNormal(0.1),
    mayShrink,
  };
  const own = { saveMs, loadMs, coldLoadFactor, bytesPerSec, initialBytes, reportError, reportPhase };
  const nothingDirtied = { dirtyBytesPerSec: 0, dirtyCapBytes: 0 };
  const load = loadOf(fillBytesOf(machine, saveMs + loadMs, bytesPerSec));
  return { name, kind, declared, hidden: { ...own, ...nothingDirtied, ...load } };
}

/** A stop-only state that grows steadily, or not at all. */
export function growing(bytes: number, bytesPerSec = 0): StopOnly {
  return { shape: "growing", bytes, bytesPerSec, jumpBytes: 0, jumpAtSec: Infinity };
}

/** Takes 45 ms for stopping, resuming and the rest; at least 20 ms of sending are assumed to be left. */
function fillBytesOf(machine: Machine, saveAndLoadMs: number, bytesPerSec: number): number {
  const leftSec = (machine.limitMs - 45 - machine.syncMs - saveAndLoadMs) / 1000;
  return Math.max(0.02, leftSec) * Math.min(machine.meanBytesPerSec, bytesPerSec);
}
