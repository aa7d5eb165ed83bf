import { isOfPath } from "../convergence/bandwidth.ts";
import { restrictionOf } from "../migration/scheduling.ts";
import type { DeviceProgress, Ended } from "../migration/state.ts";
import { apart } from "./apart.ts";
import { costFactorOf } from "./learned.ts";

/** What a completed migration has shown: what was predicted, what came, and what of it was whose. */
export interface Outcome {
  predictedMs?: number | undefined;
  lowMs?: number | undefined;
  highMs?: number | undefined;
  actualMs: number;
  limitMs: number;
  bandwidthBytesPerSec?: number | undefined;
  /** What neither moving bytes nor a device's own time explains, in ms. */
  handoverMs?: number | undefined;
  devices: { name: string; kind: string; version: string; declaredMs: number; actualMs: number }[];
}

/**
 * L1: undefined where no downtime was measured. A device's own time is what it took to stop and to start, and what its last transfer
 * took beyond moving the bytes at the bandwidth of the run; devices do that side by side.
 */
export function outcomeOf(state: Ended): Outcome | undefined {
  const { downtimeMs, released, course, limits, facts } = state;
  if (state.phase !== "completed" || downtimeMs === undefined || released === undefined) return undefined;
  const moveMs = course.bytesPerSec === undefined ? 0 : (released.stoppedBytes / course.bytesPerSec) * 1000;
  // Every device's transfer lasts until the last has been loaded.
  const transferMs = Math.max(moveMs, ...course.devices.map(declaredMoveMs));
  const measured = course.devices.flatMap((device) => {
    const actualMs = ownMs(device, transferMs);
    return actualMs === undefined ? [] : [{ device, actualMs }];
  });
  const own = withCarried(measured).map(({ device, actualMs }) => {
    return { name: device.name, declaredMs: declaredOf(state, device), actualMs };
  });
  const slowest = Math.max(0, ...measured.map(({ actualMs }) => actualMs));
  const explained = transferMs + slowest + 3 * released.rttMs;
  return {
    predictedMs: course.predicted?.midMs,
    lowMs: course.predicted?.lowMs,
    highMs: course.predicted?.highMs,
    actualMs: downtimeMs,
    limitMs: limits.downtimeLimitMs,
    bandwidthBytesPerSec: ofPath(state),
    handoverMs: own.length < course.devices.length ? undefined : Math.max(0, downtimeMs - explained),
    devices: own.flatMap((device) => {
      const known = facts.devices.find(({ name }) => name === device.name);
      return known?.version === undefined ? [] : [{ ...device, kind: known.kind, version: known.version }];
    }),
  };
}

/** L2: a run under a cap shows that the path carries that much, and not that it carries no more. */
function ofPath(state: Ended): number | undefined {
  const measured = state.course.measuredBytesPerSec;
  return measured !== undefined && isOfPath(measured, restrictionOf(state)) ? measured : undefined;
}

interface Measured {
  device: DeviceProgress;
  actualMs: number;
}

/**
 * L5: those that another carries have no time of their own that could be measured: it is part of what the one took that took longest, and is
 * told apart from that one's.
 */
function withCarried(measured: Measured[]): Measured[] {
  const isCarried = ({ device }: Measured) => device.pending?.carried === true;
  const others = measured.filter((each) => !isCarried(each));
  const carrier = others.find(({ actualMs }) => actualMs === Math.max(...others.map((each) => each.actualMs)));
  if (carrier === undefined) return others;
  const together = [carrier, ...measured.filter(isCarried)];
  const parts = together.map(({ device }) => ({ name: device.name, expectedMs: device.pending?.fixedMs ?? 0 }));
  const told = apart(parts, carrier.actualMs);
  return measured.map((each) => {
    const own = told.find(({ name }) => name === each.device.name);
    return own === undefined || together.length === 1 ? each : { ...each, actualMs: own.actualMs };
  });
}

/** What the device said that its own bytes take, which the forecast counts beside what is learnt here. */
function declaredMoveMs({ pending }: DeviceProgress): number {
  if (pending === undefined) return 0;
  const { saveMs = 0, stopcopyBytes, bytesPerSec } = pending;
  return saveMs + (bytesPerSec === undefined || bytesPerSec <= 0 ? 0 : (stopcopyBytes / bytesPerSec) * 1000);
}

function ownMs({ timings }: DeviceProgress, allMovedMs: number): number | undefined {
  const { stopMs, transferMs, startMs } = timings ?? {};
  if (stopMs === undefined || transferMs === undefined || startMs === undefined) return undefined;
  return stopMs + Math.max(0, transferMs - allMovedMs) + startMs;
}

/** As the back end declared it, before what was learnt was applied. */
function declaredOf({ facts }: Ended, { name, pending }: DeviceProgress): number {
  return (pending?.fixedMs ?? 0) / costFactorOf(facts.learned, name);
}
