import type { Device } from "@godwit/backend";
import type { DirtyHistory } from "@godwit/contract";
import type { Clock } from "./clock.ts";

export const everyMs = 10_000;
/** When in a cycle it is looked how much has been written; with the last look the next cycle begins. */
const looksMs = [250, 500, 1_000, 2_000, 4_000, everyMs];
/** One after the other, where a device tells only of a window that it was asked for before. */
const windowsMs = [250, 1_000, 2_000, 4_000];
/** A cycle that took longer, since the host or a device was held up, is no cycle. */
const longestCycleMs = 1.2 * everyMs;

export interface Cycle {
  /** When the next one begins. */
  endsAtMs: number;
  /** Nothing where it could not be told, or took too long. */
  seen: { curve: DirtyHistory["curve"]; bytesPerSec: number } | undefined;
}

type Devices = readonly Device[];

/** Whether all of them can tell how they are written to, in either way. */
export function canBeWatched(devices: Devices): boolean {
  return devices.every((device) => counts(device) || device.dirtiedWithin !== undefined);
}

/**
 * A cycle over the devices of a guest from `fromMs` on, of which the first begins where the counts do. @throws what a device has thrown, and
 * the signal's reason
 */
export async function cycleOf(devices: Devices, clock: Clock, fromMs: number, signal: AbortSignal): Promise<Cycle> {
  return devices.every(counts)
    ? await counted(devices, clock, fromMs, signal)
    : await inWindows(devices, clock, fromMs, signal);
}

/** What has been written since the last reset. */
export async function count(devices: Devices, reset: boolean): Promise<number> {
  const counts = await Promise.all(devices.map(async (device) => (await device.dirtied?.(reset)) ?? 0));
  return counts.reduce((sum, each) => sum + each, 0);
}

/** All devices count, so that one cycle follows the other without a gap, and shows its windows as its own first parts. */
async function counted(devices: Devices, clock: Clock, fromMs: number, signal: AbortSignal): Promise<Cycle> {
  const curve: DirtyHistory["curve"] = [];
  for (const lookMs of looksMs) {
    await clock.wait(Math.max(0, fromMs + lookMs - clock.now()), signal);
    const bytes = await count(devices, lookMs === everyMs);
    signal.throwIfAborted();
    curve.push({ overMs: clock.now() - fromMs, bytes: Math.round(bytes) });
  }
  const overMs = curve.at(-1)?.overMs ?? everyMs;
  return { endsAtMs: fromMs + overMs, seen: overMs > longestCycleMs ? undefined : seenIn(curve) };
}

/** Some device is looked at only within windows of their own: they are tried one after the other, and the rest of the cycle is left alone. */
async function inWindows(devices: Devices, clock: Clock, fromMs: number, signal: AbortSignal): Promise<Cycle> {
  const curve: DirtyHistory["curve"] = [];
  for (const windowMs of windowsMs) {
    const point = await within(devices, clock, windowMs, signal);
    signal.throwIfAborted();
    if (point === undefined) break;
    // U never falls; a sample may have seen less in the longer of two windows.
    curve.push({ ...point, bytes: Math.max(point.bytes, curve.at(-1)?.bytes ?? 0) });
  }
  const isWhole = curve.length === windowsMs.length && clock.now() - fromMs <= longestCycleMs;
  await clock.wait(Math.max(0, fromMs + everyMs - clock.now()), signal);
  return { endsAtMs: clock.now(), seen: isWhole ? seenIn(curve) : undefined };
}

async function within(
  devices: Devices,
  clock: Clock,
  windowMs: number,
  signal: AbortSignal,
): Promise<DirtyHistory["curve"][number] | undefined> {
  const counting = devices.filter(counts);
  await count(counting, true);
  const fromMs = clock.now();
  const others = devices.filter((device) => !counts(device));
  const sampled = await Promise.all(others.map(async (device) => await device.dirtiedWithin?.(windowMs, signal)));
  const overMs = clock.now() - fromMs;
  // What was sampled is of the window; what counts has gone on meanwhile.
  let [bytes, variance] = [(await count(counting, false)) * Math.min(1, windowMs / overMs), 0];
  for (const each of sampled) {
    if (each === undefined) return undefined;
    bytes += each.bytes;
    variance += each.sdBytes ** 2;
  }
  return { overMs: Math.min(overMs, windowMs), bytes: Math.round(bytes), sdBytes: Math.round(Math.sqrt(variance)) };
}

function counts(device: Device): boolean {
  return device.dirtied !== undefined;
}

function seenIn(curve: DirtyHistory["curve"]): Cycle["seen"] {
  const { overMs, bytes } = curve.at(-1) ?? { overMs: everyMs, bytes: 0 };
  return { curve, bytesPerSec: (bytes / overMs) * 1000 };
}
