import { type Observation, precopyBytes, stopcopyBytes } from "./observation.ts";

/** The downtime if the guest were stopped now, in ms. */
export interface Forecast {
  lowMs: number;
  midMs: number;
  highMs: number;
  /** The part that no bandwidth shortens. */
  fixedMs: number;
}

/** Stopping, resuming, and the two synced journal writes of the handover, until it is learnt per pair of hosts. */
const handoverMs = 12;
const handoverSdMs = 8;
const fixedSdRel = 0.15;
const bandwidthSdRel = 0.08;
/** Between the source's figures and its stop lie the way to the orchestrator, a commit and the way back. */
const decisionMs = 25;
const z = 2;

/**
 * F = handover + 3 rtt + max(fixed_j): the devices stop, load and start side by side. D = F + (P + S) / B, where P holds what the
 * guest writes while the decision travels. The interval is D ± 2 sd with sd² = sdF² + (0.08 (P + S) / B)².
 */
export function forecast(observation: Observation, bytesPerSec: number, dirtyBytesPerSec: number): Forecast {
  const device = Math.max(0, ...observation.devices.map((each) => each.pending.fixedMs));
  const fixedMs = handoverMs + 3 * observation.rttMs + device;
  const bytes = precopyBytes(observation) + stopcopyBytes(observation) + (dirtyBytesPerSec * decisionMs) / 1000;
  const moveMs = bytes === 0 ? 0 : (bytes / bytesPerSec) * 1000;
  const sd = Math.hypot(handoverSdMs, fixedSdRel * device, bandwidthSdRel * moveMs);
  const midMs = fixedMs + moveMs;
  return { lowMs: Math.max(0, midMs - z * sd), midMs, highMs: midMs + z * sd, fixedMs };
}

/**
 * The least downtime that is credible whatever the guest does: fixed costs at -2 sd, the least round trip seen (a loaded path shows
 * longer ones) and stop-only bytes at the best bandwidth.
 */
export function leastDowntimeMs(
  observation: Observation,
  mostBytesPerSec: number | undefined,
  leastRttMs: number,
): { fixedMs: number; totalMs: number } {
  const device = Math.max(0, ...observation.devices.map((each) => each.pending.fixedMs));
  const fixedMs = device * (1 - z * fixedSdRel) + 3 * leastRttMs;
  const bytes = stopcopyBytes(observation);
  const moveMs = bytes === 0 || mostBytesPerSec === undefined ? 0 : (bytes / mostBytesPerSec) * 1000;
  return { fixedMs, totalMs: fixedMs + moveMs };
}
