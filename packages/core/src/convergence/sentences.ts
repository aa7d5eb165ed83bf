import { type Reason, bytesText, msText, rateText } from "../reason.ts";
import type { Forecast } from "./forecast.ts";
import {
  type DeviceObservation,
  type Observation,
  type Policy,
  heaviestBy,
  precopyBytes,
  sentBytes,
  stopcopyBytes,
} from "./observation.ts";
import type { Verdict, VerdictKind } from "./verdict.ts";

/** The verdicts in words, each with the figures that it rests on. */

interface Seen {
  observation: Observation;
  policy: Policy;
  bytesPerSec: number | undefined;
}

interface Outrun {
  predicted: Forecast;
  dirtyBytesPerSec: number;
  bytesPerSec: number;
  passes: number;
  overMs: number;
}

export function measuring({ observation }: Seen): Verdict {
  const pending = precopyBytes(observation);
  return verdict("unknown", "MEASURING", `The bandwidth is being measured; ${bytesText(pending)} are pending.`, {
    pendingBytes: pending,
  });
}

export function noBandwidth({ observation }: Seen): Verdict {
  const bytes = stopcopyBytes(observation);
  const sentence =
    `${bytesText(bytes)} can move only after the stop, so that no bandwidth can be measured before it; ` +
    `what the link of a host carries must be said in its configuration.`;
  return verdict("needsMore", "BANDWIDTH_UNKNOWN", sentence, { stopcopyBytes: bytes });
}

export function converging({ observation, policy, bytesPerSec }: Seen, predicted: Forecast): Verdict {
  const pending = precopyBytes(observation) + stopcopyBytes(observation);
  const sentence = `${bytesText(pending)} are pending at ${rateText(bytesPerSec ?? 0)}; predicted downtime ${limitText(predicted, policy)}.`;
  return verdict("converging", "CONVERGING", sentence, {
    pendingBytes: pending,
    bytesPerSec: bytesPerSec ?? 0,
    predictedDowntimeMs: predicted.midMs,
    downtimeLimitMs: policy.downtimeLimitMs,
  });
}

export function initial(device: DeviceObservation, predicted: Forecast): Verdict {
  const { initialBytes } = device.pending;
  const sentence = `${device.name} has ${bytesText(initialBytes)} of initial data to send before a switchover is worth trying.`;
  return verdict("converging", "INITIAL_DATA", sentence, {
    device: device.name,
    initialBytes,
    predictedDowntimeMs: predicted.midMs,
  });
}

export function fits(predicted: Forecast, policy: Policy): Verdict {
  const sentence = `Predicted downtime ${msText(predicted.midMs)}, at most ${msText(predicted.highMs)}, fits the limit of ${msText(policy.downtimeLimitMs)}.`;
  return verdict("ready", "FITS_LIMIT", sentence, {
    predictedDowntimeMs: predicted.midMs,
    highMs: predicted.highMs,
    downtimeLimitMs: policy.downtimeLimitMs,
  });
}

export function fixedCosts(observation: Observation, policy: Policy, leastMs: number): Verdict {
  const slowest = heaviestBy(observation, (device) => device.pending.fixedMs);
  const own = `${slowest.name} needs ${msText(slowest.pending.fixedMs)} of its own to stop, load and start`;
  const sentence = `${own}, and with the round trips the downtime is at least ${msText(leastMs)} whatever the bandwidth; the limit is ${msText(policy.downtimeLimitMs)}.`;
  return verdict("hopeless", "FIXED_COSTS", sentence, {
    device: slowest.name,
    fixedMs: slowest.pending.fixedMs,
    leastDowntimeMs: leastMs,
    downtimeLimitMs: policy.downtimeLimitMs,
    needLimitMs: Math.ceil(leastMs * 1.15),
    proof: true,
  });
}

export function stopOnly(observation: Observation, policy: Policy, mostBytesPerSec: number, leastMs: number): Verdict {
  const largest = heaviestBy(observation, (device) => device.pending.stopcopyBytes);
  const bytes = stopcopyBytes(observation);
  const sentence =
    `${largest.name} can send ${bytesText(largest.pending.stopcopyBytes)} only once it is stopped; all that takes at least ` +
    `${msText(leastMs)} at ${rateText(mostBytesPerSec)}, and the limit is ${msText(policy.downtimeLimitMs)}.`;
  return verdict("hopeless", "STOP_ONLY", sentence, {
    device: largest.name,
    stopcopyBytes: bytes,
    bytesPerSec: mostBytesPerSec,
    leastDowntimeMs: leastMs,
    downtimeLimitMs: policy.downtimeLimitMs,
    needLimitMs: Math.ceil(leastMs * 1.15),
    proof: policy.linkBytesPerSec !== undefined,
  });
}

export function stalled(observation: Observation, sinceMs: number): Verdict {
  const pending = precopyBytes(observation);
  const sentence = `Nothing has moved for ${msText(sinceMs)} although ${bytesText(pending)} are pending.`;
  return verdict("hopeless", "NO_PROGRESS", sentence, {
    pendingBytes: pending,
    sinceMs,
    sentBytes: sentBytes(observation),
  });
}

export function degraded({ policy }: Seen, bytesPerSec: number): Verdict {
  const link = Math.min(policy.linkBytesPerSec ?? Infinity, policy.capBytesPerSec ?? Infinity);
  const sentence = `The link gives ${rateText(bytesPerSec)} of the ${rateText(link)} that it should; the guest is not to blame.`;
  return verdict("degraded", "LINK_DEGRADED", sentence, { bytesPerSec, linkBytesPerSec: link });
}

export function capped({ policy }: Seen, figures: Outrun, capBytesPerSec: number): Verdict {
  const needBytesPerSec = 1.2 * Math.max(figures.dirtyBytesPerSec, capBytesPerSec);
  const sentence =
    `The guest is written at ${rateText(figures.dirtyBytesPerSec)} and the migration may use ${rateText(capBytesPerSec)}; ` +
    `it needs more, about ${rateText(needBytesPerSec)}.`;
  const inputs = { ...outrunInputs(figures, policy), capBytesPerSec, needBytesPerSec };
  return verdict("needsMore", "BANDWIDTH_CAP", sentence, inputs);
}

export function outrun(device: DeviceObservation, { policy }: Seen, figures: Outrun): Verdict {
  const pending = device.pending.precopyBytes + device.pending.initialBytes;
  const written = `${device.name} is written at ${rateText(figures.dirtyBytesPerSec)} and the link gives ${rateText(figures.bytesPerSec)}`;
  const outcome = `after ${figures.passes} more rounds ${bytesText(pending)} are still pending; predicted downtime ${limitText(figures.predicted, policy)}.`;
  const code = figures.dirtyBytesPerSec >= figures.bytesPerSec ? "DIRTY_RATE" : "WORKING_SET";
  return verdict("hopeless", code, `${written}: ${outcome}`, {
    device: device.name,
    pendingBytes: pending,
    ...outrunInputs(figures, policy),
    needLimitMs: Math.ceil(1.15 * figures.predicted.midMs + 10),
  });
}

function outrunInputs(figures: Outrun, policy: Policy): Reason["inputs"] {
  return {
    dirtyBytesPerSec: figures.dirtyBytesPerSec,
    bytesPerSec: figures.bytesPerSec,
    passes: figures.passes,
    overMs: figures.overMs,
    predictedDowntimeMs: figures.predicted.midMs,
    downtimeLimitMs: policy.downtimeLimitMs,
  };
}

function verdict(kind: VerdictKind, code: string, sentence: string, inputs: Reason["inputs"]): Verdict {
  return { kind, code, sentence, inputs };
}

function limitText(predicted: Forecast, policy: Policy): string {
  return `${msText(predicted.midMs)}, limit ${msText(policy.downtimeLimitMs)}`;
}
