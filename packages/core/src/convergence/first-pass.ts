import type { Clock } from "./clock.ts";
import { type Observation, movableBytes, precopyBytes, sentBytes } from "./observation.ts";
import type { Policy } from "./policy.ts";
import type { Span } from "./dirty.ts";
import { quantile } from "./statistics.ts";

/** The first pass sends every byte once. How long it takes is the measure of all patience. */
export interface FirstPass {
  /** What it has to send, in bytes. */
  sizeBytes: number;
  /** Sent so far, counters that began anew added up. */
  sentBytes: number;
  counted: { epoch: number; sentBytes: number };
  /** When it was over, on the judge's clock. */
  doneMs: number | undefined;
  /** Bytes/s written in its spans over the share of bytes that were clean, at most 64: whether the guest is written evenly. */
  activity: readonly number[];
}

/** So little known to be pending means that the pass is over, whatever was counted. */
export const idleBytes = 100_000;
const wholePass = 0.998;
const activityKept = 64;
const activityEnough = 5;
const shortestSpanMs = 300;
const leastClean = 0.05;
/** The tenth part of its spans is so much quieter than the median: it is written in bursts. */
const variableRatio = 0.6;

export function beginFirstPass(observation: Observation, policy: Policy): FirstPass {
  const { epoch = 0 } = observation;
  return {
    sizeBytes: policy.sizeBytes ?? precopyBytes(observation) + sentBytes(observation),
    sentBytes: 0,
    counted: { epoch, sentBytes: 0 },
    doneMs: undefined,
    activity: [],
  };
}

/**
 * Every device has ended a pass, all bytes were sent once, or next to nothing is left; not before exact figures have come once (`looked`),
 * since there are back ends whose estimates know nothing at first.
 */
export function follow(pass: FirstPass, observation: Observation, { nowMs }: Clock, looked: boolean): FirstPass {
  const { epoch = 0 } = observation;
  const counted = { epoch, sentBytes: sentBytes(observation) };
  const same = epoch === pass.counted.epoch && counted.sentBytes >= pass.counted.sentBytes;
  const sent = pass.sentBytes + (same ? counted.sentBytes - pass.counted.sentBytes : 0);
  const done =
    looked &&
    (precopyBytes(observation) <= idleBytes ||
      observation.devices.every((device) => device.rounds > 0 || movableBytes(device) === 0) ||
      (observation.exact !== undefined && sent >= wholePass * pass.sizeBytes));
  const doneMs = pass.doneMs ?? (done ? nowMs : undefined);
  // An estimate may have known nothing of it at first.
  const sizeBytes = pass.doneMs === undefined ? Math.max(pass.sizeBytes, precopyBytes(observation)) : pass.sizeBytes;
  return { ...pass, sizeBytes, counted, sentBytes: sent, doneMs };
}

/** During the first pass: how busy the guest was over a span. */
export function withActivity(pass: FirstPass, span: Span | undefined, observation: Observation): FirstPass {
  if (pass.doneMs !== undefined || span === undefined || span.overMs <= shortestSpanMs) return pass;
  const clean = Math.max(leastClean, 1 - precopyBytes(observation) / Math.max(1, pass.sizeBytes));
  const activity = (span.writtenBytes / span.overMs) * (1000 / clean);
  return { ...pass, activity: [...pass.activity.slice(1 - activityKept), activity] };
}

export function isVariable({ activity }: FirstPass): boolean {
  return activity.length >= activityEnough && quantile(activity, 0.1) < variableRatio * quantile(activity, 0.5);
}
