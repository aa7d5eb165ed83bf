import { type DeviceObservation, type Observation, heaviestBy, precopyBytes, sentBytes } from "./observation.ts";

/**
 * Does precopy get anywhere? The mark is the least downtime that exact figures have predicted so far; a pass that does not better it
 * by 5 % is barren. After `barrenPasses` such passes in a row, over at least 0.75 of the first pass's time (3 s to 60 s), it is stuck.
 * Estimates do not count here: one that overlooks what was written would set a mark that nothing can better.
 */
export interface Progress {
  /** When the figures began, on the source's clock. */
  beganMs: number;
  /** When every device had ended its first pass. */
  firstPassMs: number | undefined;
  /** The least predicted downtime, the device that had the most to send then, the passes it had made, and when. */
  mark: { predictedMs: number; device: string; rounds: number; atMs: number } | undefined;
  /** The last exact figures found it stuck: passes without a better mark, and for how long. */
  stuck: Barren | undefined;
  /** Newly written bytes/s, an EWMA; undefined until two figures are known. */
  dirtyBytesPerSec: number | undefined;
  /** Since the last exact figures: what was found to be newly written, and the passes of all devices by then. */
  span: { fromMs: number; writtenBytes: number; rounds: number };
  last: { atMs: number; pendingBytes: number; sentBytes: number };
}

export interface Barren {
  passes: number;
  overMs: number;
}

const betterBy = 0.05;
const barrenPasses = 4;
const windowOfFirstPass = 0.75;
const windowMinMs = 3_000;
const windowMaxMs = 60_000;
const dirtyTauMs = 1_500;
const rateMinMs = 1;

export function beginProgress(observation: Observation): Progress {
  return {
    beganMs: observation.atMs,
    firstPassMs: undefined,
    mark: undefined,
    stuck: undefined,
    dirtyBytesPerSec: undefined,
    span: { fromMs: observation.atMs, writtenBytes: 0, rounds: roundsOf(observation) },
    last: levelOf(observation),
  };
}

/** What any figures tell: when the first pass ended, and how fast the guest is written. */
export function follow(progress: Progress, observation: Observation): Progress {
  const here = levelOf(observation);
  const elapsedMs = here.atMs - progress.last.atMs;
  // No rate reaches across a clock or a counter that went back, and none is told from next to no time.
  if (elapsedMs < 0 || here.sentBytes < progress.last.sentBytes)
    return { ...progress, span: { ...progress.span, fromMs: here.atMs, writtenBytes: 0 }, last: here };
  if (elapsedMs < rateMinMs) return progress;
  const found = newlyWritten(progress.last, here);
  const span = { ...progress.span, writtenBytes: progress.span.writtenBytes + found };
  // Exact figures find what estimates have overlooked since the last exact ones: it was written over all that time.
  const dirtyBytesPerSec = observation.exact
    ? smoothed(progress.dirtyBytesPerSec, span.writtenBytes, here.atMs - span.fromMs)
    : smoothed(progress.dirtyBytesPerSec, found, elapsedMs);
  const firstPassMs = progress.firstPassMs ?? (firstPassDone(observation) ? here.atMs : undefined);
  return { ...progress, firstPassMs, dirtyBytesPerSec, span, last: here };
}

/** What exact figures tell besides: whether the predicted downtime has come nearer to the limit. */
export function followExact(
  progress: Progress,
  observation: Observation,
  predictedMs: number | undefined,
  limitMs: number,
): Progress {
  const span = { fromMs: observation.atMs, writtenBytes: 0, rounds: roundsOf(observation) };
  if (predictedMs === undefined || progress.firstPassMs === undefined) return { ...progress, span };
  const mark = markOf(progress.mark, observation, predictedMs);
  const stuck = predictedMs <= limitMs ? undefined : barren(mark, progress.firstPassMs - progress.beganMs, observation);
  return { ...progress, span, mark, stuck };
}

/** A pass has ended since the last exact figures, so that new ones would tell something. */
export function passEnded(progress: Progress, observation: Observation): boolean {
  return (
    progress.firstPassMs !== undefined && (progress.mark === undefined || roundsOf(observation) > progress.span.rounds)
  );
}

/** The device with the most to send while the guest runs. */
export function dominant(observation: Observation): DeviceObservation {
  return heaviestBy(observation, movableBytes);
}

function barren(
  mark: NonNullable<Progress["mark"]>,
  firstPassTookMs: number,
  observation: Observation,
): Barren | undefined {
  const windowMs = clamp(windowOfFirstPass * firstPassTookMs, windowMinMs, windowMaxMs);
  const rounds = observation.devices.find((device) => device.name === mark.device)?.rounds ?? mark.rounds;
  const since = { passes: rounds - mark.rounds, overMs: observation.atMs - mark.atMs };
  return since.passes >= barrenPasses && since.overMs >= windowMs ? since : undefined;
}

function movableBytes(device: DeviceObservation): number {
  return device.pending.initialBytes + device.pending.precopyBytes;
}

function firstPassDone(observation: Observation): boolean {
  return observation.devices.every((device) => device.rounds > 0 || movableBytes(device) === 0);
}

function markOf(mark: Progress["mark"], observation: Observation, predictedMs: number): NonNullable<Progress["mark"]> {
  if (mark !== undefined && predictedMs >= mark.predictedMs * (1 - betterBy)) return mark;
  const { name, rounds } = dominant(observation);
  return { predictedMs, device: name, rounds, atMs: observation.atMs };
}

/** What is pending now, less what was pending before and has not been sent since. */
function newlyWritten(last: Progress["last"], here: Progress["last"]): number {
  const left = Math.max(0, last.pendingBytes - (here.sentBytes - last.sentBytes));
  return Math.max(0, here.pendingBytes - left);
}

function smoothed(before: number | undefined, bytes: number, elapsedMs: number): number | undefined {
  if (elapsedMs < rateMinMs) return before;
  const rate = (bytes / elapsedMs) * 1000;
  return before === undefined ? rate : before + (1 - Math.exp(-elapsedMs / dirtyTauMs)) * (rate - before);
}

function roundsOf(observation: Observation): number {
  return observation.devices.reduce((rounds, device) => rounds + device.rounds, 0);
}

function levelOf(observation: Observation): Progress["last"] {
  return { atMs: observation.atMs, pendingBytes: precopyBytes(observation), sentBytes: sentBytes(observation) };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
